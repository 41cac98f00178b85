"""The server under attack, and a fake internet around it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import AccountServices, open_account_services
from support.app import AppHarness, OpenHarness, PreparedDatabase, open_app_harness, settings_for
from support.environment import FrozenClock
from support.upstream import Upstream, ec_key, pem_of

_APPS = {
    "google": {"client_id": "web.example.org", "audiences": "web.example.org,phone.example.org"},
    "facebook": {"client_id": "138483919580948"},
    "github": {"client_id": "Ov23fakeclientid"},
    "microsoft": {"client_id": "00001111-aaaa-2222-bbbb-3333cccc4444"},
    "apple": {"client_id": "org.example.web", "team_id": "DEF123GHIJ", "key_id": "ABC123DEFG"},
    "x": {"client_id": "fake-x-client"},
    "work": {"kind": "oidc", "client_id": "quantimodo", "issuer": "https://login.example.org"},
    "evil": {"kind": "oidc", "client_id": "quantimodo", "issuer": "https://evil.example"},
}


@pytest.fixture
def services(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[AccountServices]:
    built = open_account_services(stores, clock, entropy)
    yield built
    built.hasher.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def harness_of_each_engine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: Clock,
    entropy: Entropy,
    prepared_database: PreparedDatabase,
) -> AsyncIterator[AppHarness]:
    """A server over SQLite, then over PostgreSQL."""
    url = f"sqlite:///{tmp_path}/server.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = settings_for(url, tmp_path)
    async with open_app_harness(settings, clock, entropy, prepared_database) as harness:
        yield harness


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    """The fake internet, with `work`, an honest sign-in provider."""
    made = Upstream(clock)
    made.publishes(userinfo_endpoint=None)
    return made


@pytest.fixture
def evil(upstream: Upstream) -> Upstream:
    """`evil`: a provider that the operator has configured, and that attacks."""
    made = Upstream(
        upstream.clock,
        issuer="https://evil.example",
        replies=upstream.replies,
        requested=upstream.requested,
    )
    made.publishes(userinfo_endpoint=None)
    return made


@pytest.fixture
async def social_harness(
    open_harness: OpenHarness, upstream: Upstream
) -> AsyncIterator[AppHarness]:
    """A server with a provider of each kind, whose HTTP client connects to the fake internet."""
    settings = {
        f"providers__{provider}__{name}": value
        for provider, fields in _APPS.items()
        for name, value in {"client_secret": f"fake-{provider}-secret", **fields}.items()
    }
    settings["providers__apple__client_secret"] = pem_of(ec_key())
    async with open_harness(internet=upstream, **settings) as opened:
        yield opened
