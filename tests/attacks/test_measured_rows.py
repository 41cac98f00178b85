"""docs/operator/limits.md: the size on disk of the largest row of each kind that callers without an
account store.

Each row is made through the wire with the longest accepted input, then copied 200 times into its
SQLite table with other keys; the pages that the file grows by, divided by 200, are its size with
its indexes.
"""

import inspect
import secrets
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.model.events import Mail
from quantimodo.model.measurements import AccessSum
from quantimodo.model.secrets import Secret
from quantimodo.protocol.scopes import SCOPES
from support.app import CALLBACK, PASSWORD, AppHarness, OpenHarness, form_fields
from support.fake_provider import (
    FakeUpstream,
    brought,
    profile,
    sign_in_upstream,
    start_upstream_login,
)
from support.registered_clients import (
    assertion_of,
    key_set,
    make_key,
    presenting,
    registered,
    signed,
)

COPIES = 200
LIMITS = Path(__file__).parents[2] / "docs" / "operator" / "limits.md"
EMAIL = f"{'a' * 64}@{'.'.join(['b' * 63] * 2 + ['c' * 49])}.example.org"
Make = Callable[[AppHarness], Awaitable[None]]


def measured(database: Path, table: str) -> int:
    """The bytes that one copy of the largest row of the table adds to the file."""
    with (
        closing(apsw.Connection(str(database))) as source,
        closing(apsw.Connection(":memory:")) as copy,
    ):
        with copy.backup("main", source, "main") as backup:
            backup.step()
        columns = copy.execute(f"PRAGMA table_info({table})").fetchall()
        size = " + ".join(f"COALESCE(LENGTH(CAST({column[1]} AS BLOB)), 0)" for column in columns)
        row = copy.execute(f"SELECT * FROM {table} ORDER BY {size} DESC LIMIT 1").fetchone()
        assert row is not None, table

        def add() -> int:
            marks = ", ".join("?" * len(row))
            for _ in range(COPIES):
                values = [
                    _other(value) if each[5] or each[1] == "user_code" else value
                    for each, value in zip(columns, row, strict=True)
                ]
                copy.execute(f"INSERT INTO {table} VALUES ({marks})", values)
            pages: int = copy.execute("PRAGMA page_count").fetchone()[0]
            free: int = copy.execute("PRAGMA freelist_count").fetchone()[0]
            return pages - free

        copy.execute("PRAGMA foreign_keys = OFF")
        before = add()  # the first pages are filled in part
        return (add() - before) * int(copy.execute("PRAGMA page_size").fetchone()[0]) // COPIES


def _other(value: Any) -> Any:
    if isinstance(value, bytes):
        return value[:8] + secrets.token_bytes(len(value) - 8)
    return secrets.token_hex(len(value))[: len(value)] if isinstance(value, str) else None


async def waiting_request(harness: AppHarness) -> None:
    app, stranger = await harness.app(), harness.browser()
    for nonce in range(8_000, 6_000, -10):
        await harness.ask(stranger, app, state="x" * 8_000, nonce="y" * nonce)
        if harness.rows()["authorization_requests"]:
            return


async def sign_up(harness: AppHarness) -> None:
    """With return targets of several lengths: a longer one is replaced by a short path."""
    for length in (500, 1_000, 2_000, 2_040, 4_000, 8_000):
        harness.advance(hours=1)
        stranger = harness.browser()
        page = await stranger.get("/sign-up", params={"return_to": f"/{'r' * length}"})
        typed = {"email": EMAIL, "name": "é" * 100, "password": PASSWORD}
        await stranger.post("/sign-up", data={**form_fields(page.text), **typed})


LONGEST_ISSUER = f"https://{'.'.join(['h' * 63] * 3 + ['i' * 61])}"  # a host name of 253 octets
TEMPLATES = EmailTemplates(LONGEST_ISSUER)
TOKEN, DAY = Secret(f"qmt_{'t' * 56}"), timedelta(days=1)
OF_STRANGERS = [
    TEMPLATES.confirm_sign_up(EMAIL, TOKEN, DAY),
    TEMPLATES.already_registered(EMAIL),
    TEMPLATES.reset_password(EMAIL, TOKEN, DAY),
]


READ = AccessSum(
    client_id="c",
    action="read",
    measurements=10**6,
    requests=1,
    last_at=datetime(2026, 11, 29, tzinfo=UTC),
)


def of_accounts() -> list[Mail]:
    """One mail of each template that is not in `OF_STRANGERS`. A consent receipt is as long as the
    consent: its mail is short beside it."""
    values = {
        "to": EMAIL,
        "email_token": TOKEN,
        "code": Secret("123456"),
        "lifetime": DAY,
        "left": 0,
        "deletes_at": datetime(2026, 11, 29, tzinfo=UTC),
        "due_at": datetime(2026, 11, 29, tzinfo=UTC),
        "path": "",
        "receipt": "",
        "device": "Samsung Internet on Windows",
        "at": datetime(2026, 11, 29, tzinfo=UTC),
        "app": "é" * 60,
        "name": "é" * 60,
        "may": [text.title for text in SCOPES.values()],
        "client_id": "c" * 32,
        "done": [("é" * 60, READ)] * 20,
        "names": ["é" * 60] * 20,
    }
    mails = []
    for name, template in inspect.getmembers(TEMPLATES, inspect.ismethod):
        if not name.startswith("_"):
            given = {each: values[each] for each in inspect.signature(template).parameters}
            mail = template(**given)
            address = f"{LONGEST_ISSUER}/unsubscribe?token={'u' * 80}"
            mails.append(replace(mail, unsubscribe=address) if mail.optional else mail)
    return [mail for mail in mails if mail not in OF_STRANGERS]


def queued(mails: Callable[[], list[Mail]]) -> Make:
    async def make(harness: AppHarness) -> None:
        for mail in mails():
            charge = harness.context.throttle.charge("mails", "192.0.2.7")
            await harness.context.outbox.send(mail, charge)

    return make


async def refused_sign_in(harness: AppHarness) -> None:
    await harness.person()
    stranger = harness.browser()
    page = await stranger.get("/sign-in")
    typed = {"username": "ann@example.org", "password": "wrong"}
    await stranger.post("/sign-in", data={**form_fields(page.text), **typed})
    await harness.context.audit.flush()


def _address(length: int) -> str:
    return f"{CALLBACK}/{'x' * (length - len(CALLBACK) - 1)}"


async def _longest_address(harness: AppHarness) -> str:
    """The longest redirect address that is accepted, of an app that has it."""
    for length in (8_000, 4_000, 2_048, 2_000, 1_000):
        requested = {"redirect_uris": [_address(length)]}
        response = await harness.browser().post("/api/v2/oauth2/register", json=requested)
        if response.status_code == 201:
            return _address(length)
    raise AssertionError


async def login_state(harness: AppHarness) -> None:
    address = await _longest_address(harness)
    for length in range(8_000, 500, -100):
        response = await start_upstream_login(
            harness.browser(), redirectUrl=address, state="s" * length
        )
        if response.status_code == 303:
            return


async def login_code(harness: AppHarness) -> None:
    address = await _longest_address(harness)
    brought(await sign_in_upstream(harness.browser(), redirectUrl=address), address)


async def device(harness: AppHarness) -> None:
    """A scope may be repeated; a parameter has 8192 characters at most, details 4096."""
    grants = frozenset({"urn:ietf:params:oauth:grant-type:device_code"})
    app = await harness.app(public=True, redirect_uris=(), grant_types=grants)
    details = '[{"type":"health_measurements","actions":["read"]}]'
    data = {
        "client_id": app.id,
        "scope": "readmeasurements" + " basic" * 1_362,
        "authorization_details": details + " " * (4_096 - len(details)),
    }
    path, agent = "/api/v2/oauth2/device_authorization", {"user-agent": "a" * 400}
    response = await harness.browser().post(path, data=data, headers=agent)
    assert response.status_code == 200, response.text


async def replay_record(harness: AppHarness) -> None:
    key = make_key("ES256")
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(key)}
    app = await registered(harness, metadata)
    claims = assertion_of(harness, app, jti="j" * 512)
    fields = presenting(signed(claims, key, "ES256"), grant_type="client_credentials")
    response = await harness.browser().post("/api/v2/oauth2/access_token", data=fields)
    assert response.status_code == 200, response.text


async def data_deletion(harness: AppHarness) -> None:
    event = {"signed": True, "kind": "gone", "subject": "9" * 255, "id": "i" * 255}
    where = "/api/v2/auth/social/data-deletion/facebook"
    response = await harness.browser().post(where, json=event)
    assert response.status_code == 200, response.text


async def registration(harness: AppHarness) -> None:
    for number in range(60, 10, -1):
        uris = [f"https://app.example.org/{each}/{'x' * 1_000}" for each in range(number)]
        requested = {"redirect_uris": uris, "client_name": "é" * 60}
        response = await harness.browser().post("/api/v2/oauth2/register", json=requested)
        if response.status_code == 201:
            return


CASES: list[tuple[str, str, Make]] = [
    ("Waiting authorization requests", "authorization_requests", waiting_request),
    ("Sign-ins in progress at providers", "login_states", login_state),
    ("Login codes", "login_codes", login_code),
    ("Devices that wait for a person", "device_authorizations", device),
    ("Links in mails (sign-up, reset)", "email_tokens", sign_up),
    ("Queued mails of sign-ups and resets", "mails", queued(lambda: OF_STRANGERS)),
    ("Queued mails that people with an account cause", "mails", queued(of_accounts)),
    ("Audit events of refused sign-ins", "events", refused_sign_in),
    ("Counters of limits", "throttles", refused_sign_in),
    ("Used client assertions", "replays", replay_record),
    ("Data deletion requests", "data_deletion_requests", data_deletion),
    ("Apps that registered in open mode", "clients", registration),
]


def documented(what: str) -> int:
    """The bytes in the table of measured rows."""
    _, _, section = LIMITS.read_text().partition("### Measured rows\n")
    line = next(each for each in section.splitlines() if each.startswith(f"| {what} "))
    number, unit = line.split("|")[2].split()
    return round(float(number) * {"bytes": 1, "KiB": 1024}[unit])


@pytest.mark.parametrize(("what", "table", "make"), CASES, ids=[each[0] for each in CASES])
async def test_the_largest_row_is_as_large_as_documented(
    open_harness: OpenHarness, what: str, table: str, make: Make
) -> None:
    providers = [
        FakeUpstream(people={"gia": profile()}),
        FakeUpstream("facebook", "Facebook", people={"gia": profile("facebook")}),
    ]
    async with open_harness(providers, registration__mode="open") as harness:
        await make(harness)
        size = measured(harness.database, table)
    assert 0.8 * documented(what) <= size <= documented(what)
