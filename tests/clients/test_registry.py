"""The registry keeps its promises to developers: ids, secrets, ownership."""

import re
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import RegisteredClient, Registration, Registry
from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.client_members import MOST_OWNED
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.users import NewUser
from quantimodo.ports.stores import Stores

SOUND = Registration(name="Sleep Diary", redirect_uris=("https://app.example/cb",))


@dataclass
class MeasurementService:
    """An audit that can be read back."""

    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        self.events.append(event)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
def measurement_service() -> MeasurementService:
    return MeasurementService()


@pytest.fixture
def registry(
    stores: Stores, clock: Any, entropy: Any, measurement_service: MeasurementService
) -> Registry:
    return Registry(
        stores.clients,
        clock,
        entropy,
        measurement_service,
        Envelope([entropy.bytes(32)], entropy),
    )


async def a_person(stores: Stores, clock: Any, email: str = "ada@example.org") -> int:
    new = NewUser(subject=email, name="Ada", email=email, created_at=clock.now())
    return (await stores.users.add_user(new, None)).id


def raw(registered: RegisteredClient) -> str:
    assert registered.secret is not None
    return registered.secret.reveal()


async def kept(stores: Stores, client: Client) -> Client:
    found = await stores.clients.client(client.id)
    assert found is not None
    return found


async def test_a_confidential_app_gets_an_id_and_a_secret_once(
    registry: Registry, stores: Stores
) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    client = await kept(stores, registered.client)
    assert client == registered.client
    assert re.fullmatch(r"[a-z2-7]{16}", client.id)
    assert re.fullmatch(r"qms_[A-Za-z0-9_-]{43}", raw(registered))
    assert client.secret == SecretDigest(digest(raw(registered)))
    assert raw(registered) not in repr(registered)


async def test_every_field_that_is_asked_for_is_kept(registry: Registry, stores: Stores) -> None:
    requested = Registration(
        name="Diary",
        description="Keeps it",
        homepage_uri="https://app.example/",
        policy_uri="https://app.example/privacy",
        tos_uri="https://app.example/terms",
        redirect_uris=("https://app.example/cb", "com.example.app:/cb"),
        scope=frozenset({"basic"}),
        grant_types=frozenset({"authorization_code"}),
        response_types=frozenset({"code", "id_token"}),
        public=False,
        strict=True,
        first_party=True,
        resource_server=True,
        token_format="jwt",
        id_token_alg="ES256",
    )
    registered = await registry.register(requested, owner_id=None, by_operator=True)
    client = await kept(stores, registered.client)
    for name in (each.name for each in fields(Registration)):
        assert getattr(client, name) == getattr(requested, name), name


async def test_two_apps_share_neither_id_nor_secret(registry: Registry) -> None:
    one = await registry.register(SOUND, owner_id=None)
    other = await registry.register(SOUND, owner_id=None)
    assert one.client.id != other.client.id
    assert raw(one) != raw(other)


async def test_a_public_app_has_no_secret(registry: Registry, stores: Stores) -> None:
    registered = await registry.register(replace(SOUND, public=True), owner_id=None)
    assert registered.secret is None
    assert (await kept(stores, registered.client)).secret is None
    with pytest.raises(InvalidMetadata) as refusal:
        await registry.rotate_secret(registered.client, overlap=timedelta(0))
    assert refusal.value.field == "public"


async def test_a_faulty_registration_stores_nothing_and_lists_every_fault(
    registry: Registry, stores: Stores, measurement_service: MeasurementService
) -> None:
    with pytest.raises(InvalidMetadata) as refusal:
        await registry.register(replace(SOUND, name="", redirect_uris=()), owner_id=None)
    assert [fault.field for fault in refusal.value.faults] == ["name", "redirect_uris"]
    assert (refusal.value.field, refusal.value.message) == ("name", "give the app a name")
    assert await stores.clients.clients() == []
    assert measurement_service.events == []


@pytest.mark.parametrize(
    ("field_name", "requested"),
    [
        ("first_party", replace(SOUND, first_party=True)),
        ("resource_server", replace(SOUND, resource_server=True)),
        ("response_types", replace(SOUND, response_types=frozenset({"code", "token"}))),
    ],
)
async def test_a_person_cannot_give_an_app_what_only_the_operator_may(
    registry: Registry, stores: Stores, clock: Any, field_name: str, requested: Registration
) -> None:
    owner = await a_person(stores, clock)
    with pytest.raises(InvalidMetadata) as refusal:
        await registry.register(requested, owner_id=owner)
    assert refusal.value.field == field_name
    await registry.register(requested, owner_id=owner, by_operator=True)


async def test_one_person_can_register_only_so_many(
    registry: Registry, stores: Stores, clock: Any
) -> None:
    owner = await a_person(stores, clock)
    for _ in range(MOST_OWNED):
        await registry.register(SOUND, owner_id=owner)
    with pytest.raises(InvalidMetadata, match="delete one"):
        await registry.register(SOUND, owner_id=owner)
    await registry.register(SOUND, owner_id=owner, by_operator=True)
    assert len(await registry.owned(owner)) == MOST_OWNED + 1


async def test_an_edit_replaces_what_was_registered_and_keeps_id_and_secret(
    registry: Registry, stores: Stores, measurement_service: MeasurementService
) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    requested = replace(SOUND, name="Diary 2", scope=frozenset({"basic"}), strict=True)
    edited = await registry.change(registered.client, requested)
    assert edited == await kept(stores, edited)
    assert (edited.id, edited.secret) == (registered.client.id, registered.client.secret)
    assert (edited.name, edited.scope, edited.strict) == ("Diary 2", frozenset({"basic"}), True)
    assert measurement_service.kinds == ["client.registered", "client.edited"]


async def test_a_persons_edit_neither_gives_nor_takes_what_the_operator_gave(
    registry: Registry,
) -> None:
    implicit = frozenset({"code", "id_token token"})
    given = replace(SOUND, first_party=True, resource_server=True, response_types=implicit)
    trusted = await registry.register(given, owner_id=None, by_operator=True)
    edited = await registry.change(trusted.client, replace(SOUND, name="Diary 2"))
    assert (edited.first_party, edited.resource_server) == (True, True)
    assert edited.response_types == implicit
    plain = await registry.register(SOUND, owner_id=None)
    edited = await registry.change(plain.client, given)
    assert (edited.first_party, edited.resource_server) == (False, False)
    assert edited.response_types == frozenset({"code"})


async def test_the_operators_edit_gives_and_takes(registry: Registry) -> None:
    plain = await registry.register(SOUND, owner_id=None)
    requested = replace(SOUND, first_party=True)
    edited = await registry.change(plain.client, requested, by_operator=True)
    assert edited.first_party
    edited = await registry.change(edited, SOUND, by_operator=True)
    assert not edited.first_party


async def test_a_faulty_edit_changes_nothing(registry: Registry, stores: Stores) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    with pytest.raises(InvalidMetadata):
        await registry.change(registered.client, replace(SOUND, redirect_uris=("x",)))
    assert await kept(stores, registered.client) == registered.client


async def test_of_two_edits_of_one_state_the_second_is_refused(
    registry: Registry, stores: Stores
) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    await registry.change(registered.client, replace(SOUND, name="First"))
    with pytest.raises(ChangedMeanwhile):
        await registry.change(registered.client, replace(SOUND, name="Second"))
    with pytest.raises(ChangedMeanwhile):
        await registry.rotate_secret(registered.client, overlap=timedelta(0))
    assert (await kept(stores, registered.client)).name == "First"


async def test_an_app_that_becomes_public_loses_its_secrets(registry: Registry) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    rotated = await registry.rotate_secret(registered.client, overlap=timedelta(hours=1))
    public = await registry.change(rotated.client, replace(SOUND, public=True))
    assert (public.secret, public.previous_secret) == (None, None)
    confidential = await registry.change(public, SOUND)
    assert confidential.secret is None
    again = await registry.rotate_secret(confidential, overlap=timedelta(hours=1))
    assert again.client.secret == SecretDigest(digest(raw(again)))
    assert again.client.previous_secret is None


async def test_a_rotated_secret_works_on_for_the_overlap(
    registry: Registry, stores: Stores, clock: Any, measurement_service: MeasurementService
) -> None:
    first = await registry.register(SOUND, owner_id=None)
    second = await registry.rotate_secret(first.client, overlap=timedelta(hours=24))
    client = await kept(stores, second.client)
    assert client.secret == SecretDigest(digest(raw(second)))
    assert client.previous_secret == SecretDigest(
        digest(raw(first)), clock.now() + timedelta(hours=24)
    )
    assert measurement_service.kinds[-1] == "client.secret_rotated"


async def test_at_most_two_secrets_are_live(registry: Registry) -> None:
    first = await registry.register(SOUND, owner_id=None)
    second = await registry.rotate_secret(first.client, overlap=timedelta(days=7))
    third = await registry.rotate_secret(second.client, overlap=timedelta(days=7))
    assert third.client.previous_secret is not None
    assert third.client.previous_secret.digest == digest(raw(second))


async def test_a_rotation_without_overlap_ends_the_old_secret_now(registry: Registry) -> None:
    first = await registry.register(SOUND, owner_id=None)
    second = await registry.rotate_secret(first.client, overlap=timedelta(0))
    assert second.client.previous_secret is None


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
async def test_an_overlap_out_of_bounds_is_refused(registry: Registry, overlap: timedelta) -> None:
    first = await registry.register(SOUND, owner_id=None)
    with pytest.raises(InvalidMetadata) as refusal:
        await registry.rotate_secret(first.client, overlap=overlap)
    assert refusal.value.field == "overlap"


async def test_a_deleted_app_is_gone(
    registry: Registry, stores: Stores, measurement_service: MeasurementService
) -> None:
    registered = await registry.register(SOUND, owner_id=None)
    await registry.delete(registered.client)
    await registry.delete(registered.client)
    assert await stores.clients.client(registered.client.id) is None
    assert measurement_service.kinds == ["client.registered", "client.deleted"]
    with pytest.raises(ChangedMeanwhile):
        await registry.change(registered.client, SOUND)


async def test_a_person_sees_only_their_own_apps(
    registry: Registry, stores: Stores, clock: Any
) -> None:
    ada = await a_person(stores, clock)
    bob = await a_person(stores, clock, "bob@example.org")
    mine = []
    for number in range(3):
        clock.advance(timedelta(seconds=1))
        requested = replace(SOUND, name=f"App {number}")
        mine.append((await registry.register(requested, owner_id=ada)).client)
    await registry.register(SOUND, owner_id=bob)
    await registry.register(SOUND, owner_id=None)
    assert list(await registry.owned(ada)) == mine


async def test_the_record_says_who_and_what_but_no_secret(
    registry: Registry, stores: Stores, clock: Any, measurement_service: MeasurementService
) -> None:
    owner = await a_person(stores, clock)
    registered = await registry.register(SOUND, owner_id=owner)
    (event,) = measurement_service.events
    assert (event.user_id, event.client_id) == (owner, registered.client.id)
    assert event.detail == "app Sleep Diary: registered"
    assert raw(registered) not in repr(measurement_service.events)


def test_a_registered_secret_is_not_in_a_repr() -> None:
    client = Client(id="x", name="x", created_at=None)  # type: ignore[arg-type]
    assert "qms_" not in repr(RegisteredClient(client, Secret("qms_x")))


async def test_only_the_operator_lets_a_disabled_application_in_again(
    registry: Registry, stores: Stores, clock: Any, measurement_service: MeasurementService
) -> None:
    owner = await a_person(stores, clock)
    client = (await registry.register(SOUND, owner_id=owner)).client
    client = await registry.disable(client)
    assert client.disabled_at == clock.now()
    client = await registry.change(client, replace(SOUND, name="Another Name"))
    client = (await registry.rotate_secret(client, overlap=timedelta(0))).client
    kept = await stores.clients.client(client.id)
    assert kept is not None
    assert kept.disabled_at == clock.now()
    assert (await registry.enable(client)).disabled_at is None
    kinds = [event.kind for event in measurement_service.events]
    assert kinds[1] == "client.disabled"
    assert kinds[-1] == "client.enabled"
