"""Names like the server's own are refused to strangers, confusable ones too."""

from typing import Any

import pytest

from quantimodo.app.composition.policies import names_of_server
from quantimodo.app.settings.reading import load_settings
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.registry import Registration, Registry
from quantimodo.clients.reserved_names import reserved_names, skeleton
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.events import Event
from quantimodo.ports.stores import Stores

LIKE_OURS = [
    "QuantiModo",
    "quantimodo",
    "QUANTIMODO",
    "Quanti Modo",
    "Quanti-Modo!",
    "QuantiModo Admin",
    "The official QuantiModo",
    "Quantimod\u00f3",
    "Qu\u0430ntimodo",  # Cyrillic
    "\u051auantimodo",
    "Qu\u03b1ntim\u03bfdo",  # Greek
    "\uff31\uff55\uff41\uff4e\uff54\uff49\uff4d\uff4f\uff44\uff4f",  # full width
    "\U0001d410uantimodo",  # mathematical
    "Quantimod0",
    "Quantlmodo",
    "Quant1modo",
    "Quant|modo",
    "Quantirnodo",
    "Quanti\u200dmodo",
    "id.example.org",
    "ID Example Org",
    "id\u2024example\u2024org sign-in",
]
OTHERS = [
    "Mood Tracker",
    "Quantify",
    "Quantum Mood",
    "Modo",
    "Example",
    "\u65e5\u8a18",
    "\u0421\u043e\u043d",
    "\u0646\u0648\u0645",
    "\U0001f634",
]


@pytest.mark.parametrize("name", LIKE_OURS)
def test_names_that_look_like_ours_are_reserved(name: str) -> None:
    assert reserved_names("https://id.example.org", "QuantiModo").is_reserved(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_free(name: str) -> None:
    assert not reserved_names("https://id.example.org", "QuantiModo").is_reserved(name)


@pytest.mark.parametrize(
    "name", ["Health of Example", "He\u0430lth \u043ef Example Pro", "QuantiModo"]
)
def test_the_name_of_the_service_is_reserved_too(name: str) -> None:
    settings = load_settings({"QUANTIMODO_SMTP__SERVICE": "Health of Example"})
    assert names_of_server(settings).is_reserved(name)


def test_a_short_name_is_reserved_as_a_whole_only() -> None:
    reserved = reserved_names("https://id.example.org", "Sleep")
    assert reserved.is_reserved("S1eep")
    assert not reserved.is_reserved("Sleep Diary")
    assert reserved.is_reserved("Diary", ["Di\u0430ry"])
    assert not reserved.is_reserved("My Diary", ["Diary"])


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]", "localhost", "app.localhost"])
def test_a_local_host_is_not_a_name(host: str) -> None:
    name = host.partition(":")[0].strip("[") or "x"
    assert not reserved_names(f"http://{host}", "QuantiModo").is_reserved(name)


def test_the_skeleton_does_not_change_when_it_is_taken_again() -> None:
    for name in (*LIKE_OURS, *OTHERS):
        assert skeleton(skeleton(name)) == skeleton(name)


# -------------------------------------------------------------------------------- the registry


class Silent:
    def record(self, event: Event) -> None:
        pass


@pytest.fixture
def registry(stores: Stores, clock: Any, entropy: Any) -> Registry:
    envelope = Envelope([entropy.bytes(32)], entropy)
    reserved = reserved_names("https://id.example.org", "QuantiModo")
    return Registry(stores.clients, clock, entropy, Silent(), envelope, reserved)


def app(name: str, **more: Any) -> Registration:
    return Registration(name=name, redirect_uris=("https://app.example.org/cb",), **more)


async def test_only_the_operator_gives_them(registry: Registry) -> None:
    ours = await registry.register(app("QuantiModo Admin"), owner_id=None, by_operator=True)
    for name in ("QuantiModo", "Quantim\u043edo"):
        with pytest.raises(InvalidMetadata, match="looks like a name of this server") as caught:
            await registry.register(app(name), owner_id=None)
        assert name not in str(caught.value)
        with pytest.raises(InvalidMetadata, match="looks like a name"):
            await registry.register_itself(app(name), b"d" * 32, delete_if_unused_at=None)
        with pytest.raises(InvalidMetadata, match="looks like a name"):
            await registry.check(app(name))
    edited = await registry.change(ours.client, app("QuantiModo Admin", description="x"))
    assert edited.description == "x"
    with pytest.raises(InvalidMetadata, match="looks like a name"):
        await registry.change(edited, app("QuantiModo"))


async def test_an_app_does_not_take_one_later_or_in_another_language(registry: Registry) -> None:
    theirs = (await registry.register(app("Mood"), owner_id=None)).client
    localized = app("Mood", metadata=ClientMetadata(localized={"client_name#de": "QuantiModo"}))
    for requested in (app("Quantimodo"), localized):
        with pytest.raises(InvalidMetadata, match="looks like a name"):
            await registry.change(theirs, requested)
        with pytest.raises(InvalidMetadata, match="looks like a name"):
            await registry.change_itself(theirs, requested)


async def test_names_of_first_party_apps_are_reserved_too(registry: Registry) -> None:
    await registry.register(app("Diary", first_party=True), owner_id=None, by_operator=True)
    for name in ("Diary", "Di\u0430ry", "DIARY "):
        with pytest.raises(InvalidMetadata, match="looks like a name"):
            await registry.register(app(name), owner_id=None)
    await registry.register(app("Diary of Sleep"), owner_id=None)
