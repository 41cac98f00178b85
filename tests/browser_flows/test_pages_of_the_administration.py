"""The administration in Chromium: each page on a phone and on a desktop, checked by axe."""

from datetime import timedelta

import pytest

from quantimodo.accounts.announcements import Draft
from quantimodo.accounts.people_administration import session_number
from quantimodo.app.composition.administration import announcements_service
from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.admin_actions import BY_COMMAND
from quantimodo.model.consents import Consent
from quantimodo.model.events import Event
from quantimodo.model.resources import ResourceScope
from quantimodo.ops.request_counts import GROUPS
from quantimodo.pages.cookie_names import SESSION, cookie_prefix
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.accessibility import faults_in_each_look
from support.administrators import WITH_FACTOR, administrator, routes_of_administration
from support.app import AppHarness, OpenHarness
from support.page_gallery import LONG_NAME, chromium, open_window
from support.page_site import listening

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLE = {
    "providers__sample__kind": "oidc",
    "providers__sample__issuer": "https://sample.example.org",
    "providers__sample__client_id": "us",
    "providers__sample__client_secret": "fake-secret",
}


async def addresses(harness: AppHarness) -> set[str]:
    """Each page of the administration, with something on it."""
    ann = await harness.person(name=LONG_NAME)
    app, now = await harness.app(name=LONG_NAME), harness.context.clock.now()
    consent = Consent(
        user_id=ann.id,
        client_id=app.id,
        scope=frozenset({"basic"}),
        granted_at=now,
        updated_at=now,
    )
    await harness.context.stores.authorizations.save_consent(consent)
    await harness.register_again(app, owner_id=ann.id)
    api = await resource_registry(harness.context).register(
        "https://tasks.example.org/",
        ResourceRegistration(name="Tasks", scopes=(ResourceScope("tasks:read", "Read"),)),
        owner_id=ann.id,
    )
    await harness.context.stores.events.add_events(
        [
            Event(at=now, kind="client.edited", client_id="x" * 60, detail="app Mood: changed"),
            *(Event(at=now - timedelta(days=age), kind="session.started") for age in range(90)),
        ]
    )
    invitations = harness.context.accounts.invitations
    await invitations.invite("bob@example.org", LONG_NAME[:100], BY_COMMAND)
    (invitation,) = await invitations.page(None, 1)
    draft = Draft(
        level="warning",
        audience="everyone",
        texts={"en": "The server is down for maintenance on Sunday from six to eight. " * 4},
        link="/docs",
        starts_at=now,
        ends_at=now + timedelta(days=1),
    )
    number = await announcements_service(harness.context).add(draft, BY_COMMAND)
    await harness.context.stores.server_counts.add_counts(
        now,
        {
            ("tokens", "refresh_token"): 30,
            ("refusals", "redirect_uri_not_registered"): 3,
            **{("durations", f"{group} 0.05"): 9 for group in GROUPS},
        },
    )
    actions = {
        "people": "disable",
        "invitations": "resend",
        "apps": "review",
        "apis": "review",
        "keys": "rotate-now",
    }
    numbers = {
        "people": ann.id,
        "apis": api.id,
        "invitations": invitation.id,
        "announcements": number,
    }
    await harness.context.sessions.start(
        ann, methods=("pwd",), address="192.0.2.8", agent="a phone", replaces=None
    )
    session = session_number((await harness.context.sessions.list(ann.id))[0])
    found = set[str]()
    for method, path in routes_of_administration(
        harness, client_id=app.id, number="{number}", action="{action}", session="{session}"
    ):
        kind = path.removeprefix("/admin").strip("/").partition("/")[0]
        named = {
            "number": numbers.get(kind, 0),
            "action": actions.get(kind, ""),
            "session": session,
        }
        if method == "GET" and not path.endswith("/export"):
            found.add(path.format(**named))
    return (
        found
        | {"/admin/settings?all=1", "/admin/logs?kind=none", "/admin/people?q=nothing"}
        | {"/admin/statistics?days=84", "/admin/statistics?days=48h"}
        | {f"/admin/statistics?show={shown}&days=48h" for shown in ("latencies", "refusals")}
        | {"/admin/statistics?show=latencies&days=7&group=tokens"}
    )


async def test_axe_finds_nothing_on_any_page(open_harness: OpenHarness, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    found: list[str] = []
    async with open_harness(issuer=address, development="true", **SAMPLE) as harness:
        paths = await addresses(harness)
        root = await administrator(harness)
        cookie = await harness.context.sessions.start(
            root, methods=WITH_FACTOR, address="192.0.2.7", agent="a test", replaces=None
        )
        async with (
            listening(harness.application, port),
            chromium() as browser,
            open_window(browser, address, width=360, scheme="light") as page,
        ):
            name = cookie_prefix(address) + SESSION
            await page.context.add_cookies(
                [{"name": name, "value": cookie.reveal(), "url": address}]
            )
            for path in sorted(paths):
                response = await page.goto(path)
                assert response is not None
                assert response.status == 200, path
                assert len(await response.body()) < 60_000, path
                found += await faults_in_each_look(page, path)
    assert found == []
    assert len(paths) > 15
