"""Fixtures of all tests: a frozen clock, seeded entropy, a real database, servers in process."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import httpx
import pytest
import structlog
from structlog.dev import ConsoleRenderer, plain_traceback

from quantimodo.app.composition.server import build_server
from quantimodo.app.composition.services import open_app
from quantimodo.federation.contract import Provider
from quantimodo.ports.document_fetcher import DocumentFetcher
from quantimodo.ports.stores import Stores
from quantimodo.storage.open import open_stores
from quantimodo.storage.sqlite.schema import migrate_sqlite
from support.app import (
    AppHarness,
    OpenHarness,
    PreparedDatabase,
    open_app_harness,
    prepare_database,
    settings_for,
)
from support.environment import FrozenClock, SeededEntropy

_START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

pytest_plugins = [
    "support.postgres",
    "support.live_server",
]  # a PostgreSQL server with databases; a live server


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(_START)


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy(7)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the current schema and no rows of people, to be copied."""
    path = tmp_path_factory.mktemp("schema") / "schema.db"
    migrate_sqlite(path, _START)
    return path


@pytest.fixture
def disk_path() -> Iterator[Path]:
    """A folder on the disk, as servers have it; `tmp_path` may be in memory, where no transaction
    waits for a write."""
    with TemporaryDirectory(prefix="qm-disk-", dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """The address of a fresh SQLite file with the current schema."""
    return f"sqlite:///{copyfile(migrated_file, tmp_path / 'test.db')}"


@pytest.fixture
async def stores(sqlite_url: str) -> AsyncIterator[Stores]:
    """All stores over a fresh SQLite file."""
    opened = await open_stores(sqlite_url)
    yield opened
    await opened.close()


_ONLY_IN_FULL_RUNS = (
    *("accounts", "agents", "attacks", "cli", "client", "client_documents", "clients", "export"),
    "examples",
    *("fapi2", "federation", "grant_management", "http", "webhooks"),
    *("rfc8628", "rfc8693", "rfc8705", "rfc8707", "rfc9126", "rfc9449", "rfc9701", "rfc9728"),
    *("interop", "jarm", "keys", "measurements", "oidc_back_channel_logout", "oidc_core"),
    *("oidc_front_channel_logout", "oidc_rp_logout", "oidc_session_management", "openapi"),
    *("outbound", "pages", "properties", "rfc7523", "rfc7591", "rfc7592", "rfc8252", "rfc9068"),
    *("rfc9101", "rfc9396", "rfc9700", "sandbox", "web_authentication", "ops"),
    *("authorization/test_bad_consent_forms.py", "authorization/test_consent_choices.py"),
    *("authorization/test_second_factor.py", "i18n/test_every_text_is_translated.py"),
    *("storage/test_client_metadata_round_trip.py", "storage/test_one_operation.py"),
    *("storage/test_query_plans.py", "storage/test_retention.py", "storage/test_searches.py"),
    *("storage/test_storage_budgets.py", "storage/test_storage_quotas.py"),
    *("storage/test_store_of_account_closings.py", "storage/test_store_of_consents.py"),
    *("storage/test_store_of_factor_recoveries.py", "storage/test_store_of_passkeys.py"),
    *("storage/test_store_of_identities.py", "storage/test_store_of_login_states.py"),
    *("storage/test_store_of_logout_recipients.py", "storage/test_store_of_mails_and_events.py"),
    *("storage/test_store_of_pending_logins.py", "storage/test_store_of_profiles.py"),
    *("storage/test_store_of_registrations.py", "storage/test_store_of_second_factors.py"),
    *("storage/test_store_of_trusted_browsers.py", "storage/test_deleted_is_gone.py"),
    *("project/test_citations.py", "project/test_documents.py", "project/test_settings.py"),
    "project/test_every_test_can_fail.py",
    *("chart", "release", "rfc6749/test_3_1_authorization_endpoint.py"),
    *("v2_api/test_2_linked_accounts.py", "v2_api/test_2_social_login.py"),
    *("v2_api/test_2_social_login_twice.py", "v2_api/test_3_native.py"),
    *("v2_api/test_4_envelope.py", "v2_api/test_5_authorize_by_login_jwt.py"),
    *("v2_api/test_5_sent_twice.py", "v2_api/test_5_sign_in_page.py"),
    *("v2_api/test_ended_at_the_provider.py", "v2_api/test_provider_notices.py"),
)


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> PreparedDatabase:
    """Made once a run: to make keys and schema for each test would cost most of the time."""
    folder = tmp_path_factory.mktemp("prepared")
    settings = settings_for(f"sqlite:///{folder}/prepared.db", folder)
    return asyncio.run(prepare_database(settings, FrozenClock(_START), SeededEntropy(1)))


@pytest.fixture
def open_harness(
    prepared_database: PreparedDatabase, tmp_path: Path, clock: FrozenClock, entropy: SeededEntropy
) -> OpenHarness:
    """Servers with their own settings: `async with open_harness(sign_up="closed") as harness`."""

    def opened(
        providers: Sequence[Provider] | None = None,
        fetcher: DocumentFetcher | None = None,
        internet: httpx.AsyncBaseTransport | None = None,
        **changes: str,
    ) -> AbstractAsyncContextManager[AppHarness]:
        settings = settings_for(f"sqlite:///{tmp_path}/harness.db", tmp_path, **changes)
        return open_app_harness(
            settings, clock, entropy, prepared_database, providers, fetcher, internet
        )

    return opened


@pytest.fixture
async def harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """The whole server in process, over a fresh SQLite file."""
    async with open_harness() as opened:
        yield opened


@pytest.fixture
def reopened(
    harness: AppHarness, prepared_database: PreparedDatabase, tmp_path: Path
) -> OpenHarness:
    """The harness's server once more over the same database, with other settings: a restart."""

    @asynccontextmanager
    async def opened(**changes: str) -> AsyncIterator[AppHarness]:
        settings = settings_for(f"sqlite:///{harness.database}", tmp_path, **changes)
        async with open_app(settings, harness.context.clock, harness.context.entropy) as context:
            application = await build_server(context, prepared_database.renderer)
            again = AppHarness(context, application, harness.database, harness.password_hash)
            yield again
            await again.close()

    return opened


def _only_in_full_runs(path: Path) -> bool:
    """Whether only `make test` runs this file, so that `make check` stays under a minute: tests
    that start commands, use other programs, or are many. After a change in one of these areas,
    run its folder."""
    below = path.relative_to(Path(__file__).parent).as_posix()
    return any(below == each or below.startswith(f"{each}/") for each in _ONLY_IN_FULL_RUNS)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files of full runs out of `make check`, so that it does not import them."""
    quick = "not full" in config.option.markexpr
    return True if quick and _only_in_full_runs(collection_path) else None


def pytest_configure() -> None:
    """Write the log without colours, and exceptions as the interpreter does: structlog's usual
    renderer shows the values of all variables, which takes a second for an exception."""
    usual = structlog.get_config()["processors"][:-1]
    renderer = ConsoleRenderer(colors=False, exception_formatter=plain_traceback)
    structlog.configure(processors=[*usual, renderer])


def pytest_collection_finish() -> None:
    """Collect garbage seldom, as the server does: most objects of a test process are its modules
    and tests, and each full collection looks at all of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _only_in_full_runs(item.path):
            item.add_marker("full")
