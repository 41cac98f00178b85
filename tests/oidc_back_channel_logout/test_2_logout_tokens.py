"""Back-Channel Logout 1.0: the server itself tells the applications of a session that ended."""

from datetime import timedelta
from typing import Any

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ops.backchannel_logout import PAUSES
from support.app import AUTHORIZE, ISSUER, PASSWORD, App, AppHarness, form_fields
from support.jwt_forgery import claims_of, header_of, verified
from support.logout_receiver import BACK, LogoutReceiver, id_token, is_signed_in, leave, registered

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def notified_app(harness: AppHarness, address: str = BACK, **changes: Any) -> App:
    app = await harness.app(**changes)
    return await registered(harness, app=app, backchannel_logout_uri=address)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_logout_token_says_just_what_the_specification_asks(
    harness: AppHarness, algorithm: str
) -> None:
    ann = await harness.person()
    app, browser, inbox = (
        await notified_app(harness, id_token_alg=algorithm),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    hint = await id_token(harness, app, browser)
    await leave(browser, id_token_hint=hint)
    await inbox.backchannel_logout_sender(harness).send_due()
    token, now = inbox.token(), int(harness.context.clock.now().timestamp())
    header = header_of(token)
    assert header == {"alg": algorithm, "typ": "logout+jwt", "kid": header["kid"]}
    claims = await verified(harness, token, algorithm)
    jti = claims.pop("jti")
    assert len(jti) >= 16
    assert claims == {
        "iss": ISSUER,
        "sub": ann.subject,
        "aud": app.id,
        "iat": now,
        "exp": now + 120,
        "sid": claims_of(hint)["sid"],
        "events": {EVENT: {}},
    }
    assert claims["sub"] == claims_of(hint)["sub"]


async def test_an_app_whose_id_tokens_are_unsigned_gets_a_signed_one(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    hint = await id_token(harness, app, browser)
    await harness.register_again(app, id_token_alg="none")
    await leave(browser, id_token_hint=hint)
    await inbox.backchannel_logout_sender(harness).send_due()
    await verified(harness, inbox.token(), "RS256")


async def test_all_apps_of_the_session_are_notified_and_no_others(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("ben@example.org")
    apps = [
        await notified_app(harness, f"https://{name}.example.org/b")
        for name in ("a", "b", "c", "d")
    ]
    browser, inbox = await harness.signed_in(), LogoutReceiver()
    await id_token(harness, apps[0], browser)
    hint = await id_token(harness, apps[1], browser)
    await id_token(harness, apps[2], await harness.signed_in())
    await id_token(harness, apps[3], await harness.signed_in("ben@example.org"))
    await id_token(harness, await registered(harness), browser)
    await leave(browser, id_token_hint=hint)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.addresses == ["https://a.example.org/b", "https://b.example.org/b"]


async def test_an_app_is_notified_once(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    for _ in range(3):
        hint = await id_token(harness, app, browser)
    await leave(browser, id_token_hint=hint)
    for _ in range(3):
        await inbox.backchannel_logout_sender(harness).send_due()
        harness.advance(days=1)
    assert len(inbox.received) == 1
    assert harness.rows()["session_clients"] == []


async def test_a_live_session_sends_no_notification(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    await id_token(harness, app, browser)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.received == []


async def test_the_sign_out_does_not_wait_for_it(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver({BACK: 500}),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    assert not await is_signed_in(browser)
    assert inbox.received == []
    assert harness.context.logout_wakeup.is_set()


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
async def test_a_failed_notification_is_repeated_with_a_new_token(
    harness: AppHarness, status: int
) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver({BACK: status}),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    backchannel_logout_sender = inbox.backchannel_logout_sender(harness)
    await backchannel_logout_sender.send_due()
    await backchannel_logout_sender.send_due()
    assert len(inbox.received) == 1  # not before the pause is over
    harness.context.clock.advance(PAUSES[0])  # type: ignore[attr-defined]
    inbox.responses.clear()
    await backchannel_logout_sender.send_due()
    assert len(inbox.received) == 2
    tokens = [claims_of(fields["logout_token"][0]) for _, fields in inbox.received]
    assert tokens[0]["jti"] != tokens[1]["jti"]
    assert tokens[1]["iat"] == int(harness.context.clock.now().timestamp())
    harness.advance(days=1)
    await backchannel_logout_sender.send_due()
    assert len(inbox.received) == 2


async def test_in_the_end_it_is_given_up_and_recorded(harness: AppHarness) -> None:
    ann = await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver({BACK: 500}),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    for _ in range(30):
        await inbox.backchannel_logout_sender(harness).send_due()
        harness.advance(hours=5)
    assert len(inbox.received) == len(PAUSES) + 1
    assert harness.rows()["session_clients"] == []
    await harness.context.audit.flush()
    kinds = [event.kind for event in await harness.context.stores.events.events_of(ann.id, 50)]
    assert kinds.count("logout.not_notified") == 1
    assert "logout.notified" not in kinds


async def test_the_notified_client_is_recorded(harness: AppHarness) -> None:
    ann = await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    await inbox.backchannel_logout_sender(harness).send_due()
    await harness.context.audit.flush()
    [event] = [
        each
        for each in await harness.context.stores.events.events_of(ann.id, 50)
        if each.kind == "logout.notified"
    ]
    assert event.client_id == app.id
    assert event.detail == "Mood Tracker"


async def test_one_that_fails_keeps_no_other_waiting(harness: AppHarness) -> None:
    await harness.person()
    bad, good = (
        await notified_app(harness),
        await notified_app(harness, "https://good.example.org/b"),
    )
    browser, inbox = await harness.signed_in(), LogoutReceiver({BACK: 500})
    for app in (bad, good):
        hint = await id_token(harness, app, browser)
    await leave(browser, id_token_hint=hint)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.addresses == [BACK, "https://good.example.org/b"]
    assert len(harness.rows()["session_clients"]) == 1


async def test_an_app_that_was_deleted_or_disabled_or_changed_is_not_notified(
    harness: AppHarness,
) -> None:
    await harness.person()
    apps = [await notified_app(harness) for _ in range(3)]
    browser, inbox = await harness.signed_in(), LogoutReceiver()
    for app in apps:
        hint = await id_token(harness, app, browser)
    await harness.context.sessions.end_all(1)
    assert hint
    await harness.context.stores.clients.delete_client(apps[0].id)
    await harness.disable(apps[1])
    await harness.register_again(apps[2], metadata=ClientMetadata())
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.received == []
    assert harness.rows()["session_clients"] == []


async def _sign_out_page(harness: AppHarness, browser: Any) -> None:
    page = await browser.get("/sign-out")
    assert (await browser.post("/sign-out", data=form_fields(page.text))).status_code == 303


async def _end_from_elsewhere(harness: AppHarness, browser: Any) -> None:
    other = await harness.signed_in()
    page = await other.get("/account/sessions")
    fields = form_fields(page.text)
    response = await other.post("/account/sessions/end-others", data={"csrf": fields["csrf"]})
    assert response.status_code == 303


async def _disable(harness: AppHarness, browser: Any) -> None:
    assert await harness.context.accounts.administration.disable(1)


async def _delete(harness: AppHarness, browser: Any) -> None:
    assert await harness.context.stores.users.delete_user(1, harness.context.clock.now())


async def _close(harness: AppHarness, browser: Any) -> None:
    page = await browser.get("/account/delete")
    fields = {**form_fields(page.text), "current": PASSWORD}
    assert (await browser.post("/account/delete", data=fields)).status_code == 303


async def _another_person(harness: AppHarness, browser: Any) -> None:
    await harness.person("ben@example.org")
    await harness.sign_in(browser, "ben@example.org")


async def _lose_the_address(harness: AppHarness, browser: Any) -> None:
    stores = harness.context.stores
    await stores.users.change_email(1, "new@example.org", None)
    now = harness.context.clock.now()
    assert await stores.users.mark_email_verified(1, "new@example.org", now, keep_credentials=False)


@pytest.mark.parametrize(
    "end",
    [
        _sign_out_page,
        _end_from_elsewhere,
        _disable,
        _delete,
        _close,
        _another_person,
        _lose_the_address,
    ],
)
async def test_however_the_session_ends_the_apps_are_notified(
    harness: AppHarness, end: Any
) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    hint = await id_token(harness, app, browser)
    await end(harness, browser)
    await inbox.backchannel_logout_sender(harness).send_due()
    claims = claims_of(inbox.token())
    assert claims["sid"] == claims_of(hint)["sid"]
    assert claims["sub"] == claims_of(hint)["sub"]


async def test_a_new_proof_signs_out_nowhere(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = await notified_app(harness), harness.browser(), LogoutReceiver()
    await harness.sign_in(browser)
    await id_token(harness, app, browser)
    await harness.sign_in(browser)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.received == []
    await _sign_out_page(harness, browser)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert len(inbox.received) == 1


async def test_a_session_that_grows_old_is_forgotten_in_silence(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    await id_token(harness, app, browser)
    harness.advance(days=200)
    for table in ("session_clients", "sessions"):
        await harness.context.stores.retention.delete_expired(
            table, harness.context.clock.now(), 100
        )
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.received == []
    assert harness.rows()["session_clients"] == []


async def test_a_lost_worker_costs_a_minute_and_no_message(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    now, lease = harness.context.clock.now(), timedelta(minutes=1)
    assert (
        len(
            await harness.context.stores.logout_recipients.claim_logout_notifications(
                now, lease, 10
            )
        )
        == 1
    )  # and then it died
    await inbox.backchannel_logout_sender(harness).send_due()
    assert inbox.received == []
    harness.advance(minutes=1)
    await inbox.backchannel_logout_sender(harness).send_due()
    assert len(inbox.received) == 1


async def test_a_logout_token_is_taken_for_nothing_else(harness: AppHarness) -> None:
    await harness.person()
    app, browser, inbox = (
        await notified_app(harness),
        await harness.signed_in(),
        LogoutReceiver(),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    await inbox.backchannel_logout_sender(harness).send_due()
    token = inbox.token()
    assert (await leave(harness.browser(), id_token_hint=token)).status_code == 400
    assert (await harness.call(token)).status_code == 401
    assert (await harness.introspect(app, token))["active"] is False
    response = await harness.browser().get(
        AUTHORIZE,
        params={"client_id": app.id, "response_type": "code", "scope": "basic"},
        headers={"authorization": f"Bearer {token}", "accept": "application/json"},
    )
    assert response.status_code == 401


async def test_one_that_cannot_even_be_written_is_given_up_too(harness: AppHarness) -> None:
    await harness.person()
    bad, good = await notified_app(harness, "no address at all"), await notified_app(harness)
    browser, inbox = await harness.signed_in(), LogoutReceiver()
    for app in (bad, good):
        hint = await id_token(harness, app, browser)
    await leave(browser, id_token_hint=hint)
    for _ in range(len(PAUSES) + 2):
        await inbox.backchannel_logout_sender(harness).send_due()
        harness.advance(hours=5)
    assert inbox.addresses == [BACK]
    assert harness.rows()["session_clients"] == []
