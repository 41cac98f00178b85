"""Passkeys (Web Authentication): added, used, renamed, removed, and each refusal."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from quantimodo.accounts.errors import (
    DomainError,
    InvalidInput,
    PasskeyRefused,
    ReauthenticationNeeded,
    TooMany,
)
from quantimodo.accounts.login import (
    LoginBrowser,
    LoginExpired,
    SecondFactorNeeded,
    StartedSession,
)
from quantimodo.accounts.passkeys import challenges as passkey_challenges
from quantimodo.accounts.passkeys import check as passkey_check
from quantimodo.crypto import passkeys as crypto
from quantimodo.model.passkeys import Passkey
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    AGENT,
    PASSWORD,
    AccountServices,
    MovableClock,
    cookie_of,
    open_account_services,
    profile_of,
)
from support.authenticator import PRESENT, SoftAuthenticator
from support.authenticator_app import set_up

HOST, ORIGIN = "id.example.org", "https://id.example.org"
BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)
METHODS = ("pop", "user", "mfa")


@pytest.fixture
async def services(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> AsyncIterator[AccountServices]:
    opened = open_account_services(stores, clock, entropy)
    yield opened
    opened.hasher.close()


@pytest.fixture
async def ann(services: AccountServices) -> User:
    return await services.member()


async def start(services: AccountServices, user: User, *methods: str) -> Session:
    """A session that was signed in to just now."""
    cookie = await services.sessions.start(
        user, methods=methods or ("pwd",), address=ADDRESS, agent=AGENT, replaces=None
    )
    return await services.session(cookie)


async def add(
    services: AccountServices, session: Session, name: str = "", **more: Any
) -> SoftAuthenticator:
    """A passkey of this person, as the browser makes it."""
    number = len(await services.passkeys.list(session.user))
    identity = f"{session.user.id} {number}".encode().ljust(32)
    device = SoftAuthenticator(
        **{"origin": ORIGIN, "rp_id": HOST, "credential_id": identity} | more
    )
    options = json.loads(await services.passkeys.creation_options(session))
    await services.passkeys.add(session, Secret(device.create(options)), name)
    return device


def response(
    services: AccountServices, device: SoftAuthenticator, holder: Secret, **wrong: Any
) -> Secret:
    return Secret(device.get(json.loads(services.passkey_sign_in.options(holder)), **wrong))


async def sign_in(services: AccountServices, device: SoftAuthenticator, **wrong: Any) -> Session:
    holder = services.browser()
    made = response(services, device, holder, **wrong)
    login = await services.passkey_sign_in.sign_in(made, holder, BROWSER)
    return await services.session(cookie_of(login))


async def the_one(services: AccountServices, user: User) -> Passkey:
    (found,) = await services.passkeys.list(user)
    return found


async def refused(services: AccountServices, made: Secret, holder: Secret) -> PasskeyRefused:
    with pytest.raises(PasskeyRefused) as refusal:
        await services.passkey_sign_in.sign_in(made, holder, BROWSER)
    return refusal.value


async def kinds(services: AccountServices, user: User) -> list[str]:
    return [event.kind for event in await services.events(user)]


async def subjects(services: AccountServices) -> list[str]:
    return [kept.mail.subject for kept in await services.outbox.recent(50)]


async def test_a_passkey_signs_in_without_a_name(services: AccountServices, ann: User) -> None:
    device = await add(services, await start(services, ann), synced=True)
    services.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    session = await sign_in(services, device)
    assert session.user.id == ann.id
    assert session.methods == METHODS  # RFC 8176 §2
    passkey = await the_one(services, ann)
    assert passkey.used_at == services.clock.now()
    assert (passkey.backup_eligible, passkey.backed_up) == (True, True)
    assert passkey.rp_id == HOST


async def test_the_options_ask_for_a_discoverable_verified_passkey(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    options = json.loads(await services.passkeys.creation_options(session))
    assert options["rp"]["id"] == HOST
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert len(options["excludeCredentials"]) == 1
    wanted = json.loads(services.passkey_sign_in.options(services.browser()))
    assert wanted["allowCredentials"] == []
    assert wanted["userVerification"] == "required"
    again = json.loads(await services.passkey_sign_in.options_again(session) or "")
    assert [each["transports"] for each in again["allowCredentials"]] == [["hybrid", "internal"]]
    assert device.user_handle == ann.subject.encode()


async def test_it_is_two_factors_where_the_person_has_a_second_one(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    await set_up(services.second_factors, session, services.clock.now())
    assert "mfa" in (await sign_in(services, device)).methods


# A table of refusals: what is wrong with the response, and the reason in the log.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another origin": ({"origin": "https://evil.example"}, crypto.WRONG_ORIGIN),
    "another host": ({"rp_id": "evil.example"}, crypto.WRONG_HOST),
    "a frame": ({"more": {"crossOrigin": True}}, crypto.FRAMED),
    "no user verification": ({"flags": PRESENT}, crypto.NOT_VERIFIED),
    "a registration": ({"kind": "create"}, crypto.WRONG_TYPE),
    "another handle": ({"user_handle": b"another"}, passkey_check.OTHER_PERSON),
    "another challenge": ({"challenge": "AAAA"}, passkey_challenges.FOREIGN),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_response_is_refused_with_its_reason(
    services: AccountServices, ann: User, wrong: str
) -> None:
    device = await add(services, await start(services, ann))
    changes, reason = WRONG[wrong]
    holder = services.browser()
    refusal = await refused(services, response(services, device, holder, **changes), holder)
    assert refusal.reason == reason
    latest = (await services.events(ann))[0]
    assert (latest.kind, latest.detail, latest.address) == ("passkey.refused", reason, ADDRESS)
    assert (await the_one(services, ann)).used_at is None


async def test_an_unknown_passkey_gets_the_response_of_a_wrong_one_after_the_same_work(
    services: AccountServices, ann: User
) -> None:
    """security.md §21."""
    device = await add(services, await start(services, ann))
    stranger = SoftAuthenticator(origin=ORIGIN, rp_id=HOST, credential_id=b"unknown".ljust(32))
    holder = services.browser()
    wrong = response(services, device, holder, key=stranger.key)
    with services.doing() as done:
        known = await refused(services, wrong, holder)
    with services.doing() as done_for_stranger:
        unknown = await refused(services, response(services, stranger, holder), holder)
    assert unknown.message == known.message
    assert unknown.reason == passkey_check.UNKNOWN
    assert known.reason == crypto.WRONG_SIGNATURE
    assert [name for name in done if name != "user"] == done_for_stranger


async def test_an_assertion_is_used_once(services: AccountServices, ann: User) -> None:
    device = await add(services, await start(services, ann))
    holder = services.browser()
    made = response(services, device, holder)
    await services.passkey_sign_in.sign_in(made, holder, BROWSER)
    assert (await refused(services, made, holder)).reason == passkey_challenges.REPLAYED


async def test_a_challenge_is_for_one_browser_one_purpose_and_ten_minutes(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    holder = services.browser()
    made = response(services, device, holder)
    foreign = await refused(services, made, services.browser())
    assert foreign.reason == passkey_challenges.FOREIGN
    again = json.loads(await services.passkey_sign_in.options_again(session) or "")
    for_another_purpose = Secret(device.get(again))
    refusal = await refused(services, for_another_purpose, Secret(session.key.hex()))
    assert refusal.reason == passkey_challenges.FOREIGN
    services.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    assert (await refused(services, made, holder)).reason == passkey_challenges.EXPIRED


async def test_a_copied_counter_is_refused_and_reported(
    services: AccountServices, ann: User
) -> None:
    device = await add(services, await start(services, ann), counts=True)
    await sign_in(services, device)
    await sign_in(services, device)
    device.counter = 0
    holder = services.browser()
    refusal = await refused(services, response(services, device, holder), holder)
    assert refusal.reason == passkey_check.COPIED
    assert (await kinds(services, ann))[0] == "passkey.copied"
    assert (await subjects(services))[0] == "A passkey may have been copied"


async def test_only_the_holder_of_the_key_can_report_a_copy(
    services: AccountServices, ann: User
) -> None:
    device = await add(services, await start(services, ann), counts=True)
    await sign_in(services, device)
    stranger = SoftAuthenticator(origin=ORIGIN, rp_id=HOST)
    holder = services.browser()
    made = response(services, device, holder, counter=0, key=stranger.key)
    assert (await refused(services, made, holder)).reason == crypto.WRONG_SIGNATURE
    assert "passkey.copied" not in await kinds(services, ann)


async def test_a_disabled_account_is_refused_as_an_unknown_one(
    services: AccountServices, ann: User
) -> None:
    device = await add(services, await start(services, ann))
    await services.accounts.administration.disable(ann.id)
    holder = services.browser()
    refusal = await refused(services, response(services, device, holder), holder)
    assert refusal.reason == passkey_check.DISABLED
    stranger = SoftAuthenticator(origin=ORIGIN, rp_id=HOST, credential_id=b"unknown".ljust(32))
    unknown = await refused(services, response(services, stranger, holder), holder)
    assert refusal.message == unknown.message


async def test_attempts_are_limited_by_passkey_and_not_for_a_device_of_the_person(
    services: AccountServices, ann: User
) -> None:
    device = await add(services, await start(services, ann))
    holder = services.browser()
    for _ in range(10):
        made = response(services, device, holder, origin="https://evil.example")
        await refused(services, made, holder)
    with pytest.raises(TooMany):
        await services.passkey_sign_in.sign_in(response(services, device, holder), holder, BROWSER)
    # security.md §23a: attempts elsewhere do not lock a browser out that the person has used.
    known = LoginBrowser(address=ADDRESS, agent=AGENT, device_cookies=services.device_cookie(ann))
    made = response(services, device, holder)
    assert isinstance(await services.passkey_sign_in.sign_in(made, holder, known), StartedSession)


async def test_it_signs_in_again_as_the_same_person_only(
    services: AccountServices, ann: User
) -> None:
    eve = await services.member("eve@example.org")
    device = await add(services, await start(services, ann))
    others = await add(services, await start(services, eve))
    old = await start(services, ann)
    services.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    options = json.loads(await services.passkey_sign_in.options_again(old) or "")
    with pytest.raises(PasskeyRefused) as refusal:
        await services.passkey_sign_in.sign_in_again(old, Secret(others.get(options)), BROWSER)
    assert refusal.value.reason == passkey_check.OTHER_PERSON
    login = await services.passkey_sign_in.sign_in_again(old, Secret(device.get(options)), BROWSER)
    session = await services.session(cookie_of(login))
    await services.passkeys.require_recent_login(session)


async def pending(services: AccountServices) -> Secret:
    """The cookie of a login by the password that needs a second factor."""
    login = await services.accounts.password_sign_in.sign_in(
        "ann@example.org", Secret(PASSWORD), BROWSER
    )
    assert isinstance(login, SecondFactorNeeded)
    return login.pending_cookie


async def second(services: AccountServices, device: SoftAuthenticator, cookie: Secret) -> Secret:
    found = await services.login.pending.find(cookie)
    assert found is not None
    options = await services.passkey_sign_in.options_pending(found)
    return Secret(device.get(json.loads(options or "")))


async def test_it_is_the_second_factor_after_a_password(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    await set_up(services.second_factors, session, services.clock.now())
    cookie = await pending(services)
    made = await second(services, device, cookie)
    started = await services.passkey_sign_in.complete_pending(cookie, made, BROWSER)
    assert (await services.session(started.cookie)).methods == ("pwd", "pop", "user", "mfa")
    with pytest.raises(LoginExpired):
        await services.passkey_sign_in.complete_pending(cookie, made, BROWSER)


async def test_as_a_second_factor_it_is_the_person_s_and_for_this_login(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    eves = await add(services, await start(services, await services.member("eve@example.org")))
    await set_up(services.second_factors, session, services.clock.now())
    one, two = await pending(services), await pending(services)
    refusals: list[tuple[Callable[[], Any], str]] = [
        (lambda: second(services, eves, one), passkey_check.OTHER_PERSON),
        (lambda: second(services, device, two), passkey_challenges.FOREIGN),
    ]
    for make, reason in refusals:
        with pytest.raises(PasskeyRefused) as refusal:
            await services.passkey_sign_in.complete_pending(one, await make(), BROWSER)
        assert refusal.value.reason == reason
    made = await second(services, device, one)
    await services.sessions.end_all(ann.id)
    with pytest.raises(LoginExpired):
        await services.passkey_sign_in.complete_pending(one, made, BROWSER)


async def test_attempts_at_a_second_factor_are_limited(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    await add(services, session)
    await set_up(services.second_factors, session, services.clock.now())
    cookie = await pending(services)
    for _ in range(10):
        with pytest.raises(PasskeyRefused):
            await services.passkey_sign_in.complete_pending(cookie, Secret("{}"), BROWSER)
    with pytest.raises(TooMany):
        await services.passkey_sign_in.complete_pending(cookie, Secret("{}"), BROWSER)


CHANGES: dict[str, Callable[[AccountServices, Session, Passkey], Any]] = {
    "add": lambda services, session, passkey: add(services, session),
    "rename": lambda services, session, passkey: services.passkeys.rename(session, passkey.id, "x"),
    "remove": lambda services, session, passkey: services.passkeys.delete(session, passkey.id),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_needs_a_recent_login_by_all_factors(
    services: AccountServices, ann: User, change: str
) -> None:
    session = await start(services, ann)
    await add(services, session)
    passkey = await the_one(services, ann)
    await set_up(services.second_factors, session, services.clock.now())
    by_password = await start(services, ann)
    old = await start(services, ann, "pwd", "otp", "mfa")
    services.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]
    for late in (by_password, old, await start(services, ann)):
        with pytest.raises(ReauthenticationNeeded):
            await CHANGES[change](services, late, passkey)


async def test_each_change_is_recorded_and_mailed(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    await add(services, session, "Phone")
    passkey = await the_one(services, ann)
    assert passkey.name == "Phone"
    await services.passkeys.rename(session, passkey.id, "Old phone")
    assert (await the_one(services, ann)).name == "Old phone"
    await services.passkeys.delete(session, passkey.id)
    assert list(await services.passkeys.list(ann)) == []
    recorded = [(event.kind, event.detail) for event in await services.events(ann)]
    assert recorded[:3] == [
        ("passkey.removed", "Old phone"),
        ("passkey.renamed", "Old phone"),
        ("passkey.added", "Phone"),
    ]
    assert (await subjects(services))[:3] == [
        "A passkey was removed",
        "A passkey was renamed",
        "A passkey was added",
    ]


@pytest.mark.parametrize(
    ("aaguid", "name"),
    [
        (bytes(16), "Passkey"),
        (bytes.fromhex("bada5566a7aa401fbd9645619a55120d"), "1Password"),
    ],
)
async def test_without_a_name_it_has_that_of_its_manager(
    services: AccountServices, ann: User, aaguid: bytes, name: str
) -> None:
    await add(services, await start(services, ann), aaguid=aaguid)
    assert (await the_one(services, ann)).name == name


async def test_a_name_is_a_text_of_sixty_characters(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    with pytest.raises(InvalidInput):
        await add(services, session, "a\x1bb")
    await add(services, session, "x" * 70)
    assert (await the_one(services, ann)).name == "x" * 60


async def test_a_registration_is_used_once_in_its_session(
    services: AccountServices, ann: User
) -> None:
    session, other = await start(services, ann), await start(services, ann)
    device = SoftAuthenticator(origin=ORIGIN, rp_id=HOST)
    options = json.loads(await services.passkeys.creation_options(session))
    made = Secret(device.create(options))
    with pytest.raises(PasskeyRefused) as refusal:
        await services.passkeys.add(other, made, "")
    assert refusal.value.reason == passkey_challenges.FOREIGN
    await services.passkeys.add(session, made, "")
    await services.passkeys.delete(session, (await the_one(services, ann)).id)
    with pytest.raises(DomainError):
        await services.passkeys.add(session, made, "")
    assert list(await services.passkeys.list(ann)) == []


async def test_the_passkey_of_another_person_is_not_added(
    services: AccountServices, ann: User
) -> None:
    device = await add(services, await start(services, ann))
    eve = await start(services, await services.member("eve@example.org"))
    options = json.loads(await services.passkeys.creation_options(eve))
    with pytest.raises(DomainError, match="added before"):
        await services.passkeys.add(eve, Secret(device.create(options)), "")


async def test_a_person_changes_no_passkey_of_another(services: AccountServices, ann: User) -> None:
    await add(services, await start(services, ann))
    passkey = await the_one(services, ann)
    eve = await start(services, await services.member("eve@example.org"))
    for change in (
        services.passkeys.rename(eve, passkey.id, "stolen"),
        services.passkeys.delete(eve, passkey.id),
    ):
        with pytest.raises(DomainError):
            await change
    assert await the_one(services, ann) == passkey


async def test_the_number_is_limited(stores: Stores, clock: MovableClock, entropy: Entropy) -> None:
    services = open_account_services(stores, clock, entropy, most_passkeys=1)
    ann = await services.member()
    session = await start(services, ann)
    device = await add(services, session)
    with pytest.raises(DomainError, match="as many passkeys"):
        await add(services, session)
    services.hasher.close()
    off = open_account_services(stores, clock, entropy, most_passkeys=0)
    with pytest.raises(DomainError, match="does not offer"):
        await add(off, session)
    assert (await sign_in(off, device)).user.id == ann.id
    off.hasher.close()


async def test_the_last_way_in_stays(services: AccountServices) -> None:
    cookie = await services.by_provider(profile_of("eve", email="eve@example.org"))
    session = await services.session(cookie)
    await add(services, session)
    await services.stores.identities.end_identity(profile_of().issuer, "eve", services.clock.now())
    session = await start(services, session.user)
    passkey = await the_one(services, session.user)
    with pytest.raises(DomainError, match="last way"):
        await services.passkeys.delete(session, passkey.id)
    await add(services, session)
    await services.passkeys.delete(session, passkey.id)
    assert len(await services.passkeys.list(session.user)) == 1


async def test_another_host_makes_old_passkeys_useless_but_not_new_ones(
    stores: Stores, clock: MovableClock, entropy: Entropy, services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    moved = open_account_services(stores, clock, entropy, issuer="https://new.example.org")
    old = await the_one(moved, ann)
    assert not moved.passkeys.works(old)
    assert await moved.passkeys.usable(ann) == []
    assert not await moved.login.second_factors.has_usable_passkey(ann)
    holder = moved.browser()
    made = response(moved, device, holder, origin="https://new.example.org")
    assert (await refused(moved, made, holder)).reason == crypto.WRONG_HOST
    await add(moved, session, rp_id="new.example.org", origin="https://new.example.org")
    await moved.passkeys.delete(session, old.id)
    moved.hasher.close()


async def test_a_passkey_that_was_removed_meanwhile_signs_in_no_longer(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    device = await add(services, session)
    holder = services.browser()
    made = response(services, device, holder)
    await services.passkeys.delete(session, (await the_one(services, ann)).id)
    assert (await refused(services, made, holder)).reason == passkey_check.UNKNOWN


async def test_the_operator_removes_all(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    await add(services, session)
    await add(services, session)
    assert await services.passkeys.reset(ann)
    assert not await services.passkeys.reset(ann)
    assert (await kinds(services, ann))[0] == "passkeys.reset"
    assert (await subjects(services))[0] == "Your passkeys were removed"


async def test_a_data_deletion_request_keeps_an_account_that_has_a_passkey(
    services: AccountServices,
) -> None:
    """security.md §29: only an account without another way to sign in is deleted."""
    profile = profile_of()
    admitted = await services.social.admit(profile, address=ADDRESS)
    session = await start(services, admitted.user, "fed")
    device = await add(services, session)
    erased = await services.security_events.delete_data(profile.issuer, profile.subject)
    assert erased == admitted.user.id
    assert await services.social.identities(admitted.user.id) == []
    assert (await sign_in(services, device)).user.id == admitted.user.id
