"""Webhooks as Standard Webhooks 1.0.0 says: signatures, retries, and what ends them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from receiver import HOOK, Receiver, deliveries, endpoint_now, hooked
from standardwebhooks import Webhook, WebhookVerificationError

from quantimodo.app.composition.webhooks import webhook_client, webhooks
from quantimodo.clients.webhooks import OVERLAP, InvalidWebhook
from quantimodo.crypto.webhooks import signatures
from quantimodo.model.app_events import MOST_ENDPOINTS
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.secrets import Secret
from quantimodo.ops.webhook_attempts import PATIENCE, PAUSES
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.webhook_poster import HttpWebhookPoster
from quantimodo.ports.webhook_poster import WebhookMessage
from support.app import App, AppHarness, OpenHarness
from support.loopback_server import loopback_server

NO_CONTENT = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n"


def to_the_present(harness: AppHarness) -> None:
    """Receivers compare the timestamp with the time of their machine."""
    harness.context.clock.advance(datetime.now(UTC) - harness.context.clock.now())  # type: ignore[attr-defined]


async def happen(harness: AppHarness, app: App, **parameters: str) -> None:
    """A grant is created."""
    if await harness.context.stores.users.user_by_email("ann@example.org") is None:
        await harness.person()
    await harness.tokens(app, **parameters)


def test_the_signature_is_that_of_the_specification() -> None:
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signatures(
        [secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_the_library_of_receivers_verifies_it(harness: AppHarness) -> None:
    receiver, app = Receiver(), await harness.app()
    endpoint, secret = await hooked(harness, app)
    assert secret.startswith("whsec_")
    await happen(harness, app, scope="openid basic")
    to_the_present(harness)
    await receiver.sender(harness).send_due()
    (got,) = receiver.received
    payload = Webhook(secret).verify(got.body, dict(got.headers))
    assert payload["type"] == "grant.created"
    assert payload["timestamp"] == "2026-11-23T12:00:00.000000Z"
    assert payload["data"]["scope"] == "basic openid"
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    assert payload["data"]["subject"] == user.subject
    assert got.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace(b"basic", b"email"), dict(got.headers))
    (other,) = {(await hooked(harness, app, f"{HOOK}/2"))[1]}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(got.body, dict(got.headers))
    (delivered,) = await deliveries(harness, endpoint)
    assert (delivered.status, delivered.due_at) == (200, None)
    await receiver.sender(harness).send_due()
    assert len(receiver.received) == 1, "delivered once"


async def test_both_secrets_sign_while_one_replaces_the_other(harness: AppHarness) -> None:
    receiver, app = Receiver(), await harness.app()
    endpoint, old = await hooked(harness, app)
    new = await webhooks(harness.context).rotate(app.client, endpoint.id)
    assert new is not None
    to_the_present(harness)
    harness.context.clock.advance(-timedelta(minutes=1))  # type: ignore[attr-defined]
    assert await webhooks(harness.context).rotate(app.client, endpoint.id) is not None
    rotated = await webhooks(harness.context).rotate(app.client, endpoint.id)
    latest = await webhooks(harness.context).rotate(app.client, endpoint.id)
    assert rotated is not None
    assert latest is not None
    await webhooks(harness.context).send_test(app.client, endpoint.id)
    await receiver.sender(harness).send_due()
    (got,) = receiver.received
    assert got.headers["webhook-signature"].count("v1,") == 2
    for secret in (rotated.reveal(), latest.reveal()):
        assert Webhook(secret).verify(got.body, dict(got.headers))["type"] == "webhook.test"
    for secret in (old, new.reveal()):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(got.body, dict(got.headers))
    harness.context.clock.advance(OVERLAP)  # type: ignore[attr-defined]
    await webhooks(harness.context).send_test(app.client, endpoint.id)
    await receiver.sender(harness).send_due()
    assert receiver.received[-1].headers["webhook-signature"].count("v1,") == 1


async def test_a_failure_is_repeated_with_longer_pauses_under_one_id(harness: AppHarness) -> None:
    receiver, app = Receiver(responses={HOOK: 500}), await harness.app()
    endpoint, _ = await hooked(harness, app)
    await happen(harness, app)
    sender = receiver.sender(harness)
    for number, pause in enumerate((*PAUSES, None), 1):
        await sender.send_due()
        assert len(receiver.received) == number
        (delivery,) = await deliveries(harness, endpoint)
        assert (delivery.attempts, delivery.status) == (number, 500)
        assert delivery.cause == "status 500"
        if pause is None:
            assert delivery.due_at is None
            break
        assert delivery.due_at is not None
        wait = delivery.due_at - harness.context.clock.now()
        assert pause * 0.9 <= wait <= pause * 1.1
        await sender.send_due()
        assert len(receiver.received) == number, "not before it is due"
        harness.context.clock.advance(wait)  # type: ignore[attr-defined]
    ids = {each.headers["webhook-id"] for each in receiver.received}
    times = [int(each.headers["webhook-timestamp"]) for each in receiver.received]
    assert len(ids) == 1
    assert times == sorted(set(times))
    assert {each.body for each in receiver.received} == {receiver.received[0].body}
    assert (await endpoint_now(harness, endpoint)).disabled_at is None, "not yet five days"


async def test_a_receiver_can_ask_for_a_longer_pause(harness: AppHarness) -> None:
    receiver = Receiver(responses={HOOK: 429}, more_headers={"retry-after": "3600"})
    app = await harness.app()
    endpoint, _ = await hooked(harness, app)
    await happen(harness, app)
    await receiver.sender(harness).send_due()
    (delivery,) = await deliveries(harness, endpoint)
    assert delivery.due_at == harness.context.clock.now() + timedelta(hours=1)


async def test_410_disables_the_webhook_and_all_owners_get_a_mail(harness: AppHarness) -> None:
    owner = await harness.person()
    ben, carol = [await harness.person(f"{name}@example.org") for name in ("ben", "carol")]
    receiver, app = Receiver(responses={HOOK: 410}), await harness.app()
    await harness.register_again(app, owner_id=owner.id)
    teams, now = harness.context.stores.teams, harness.context.clock.now()
    assert await teams.set_member(app.id, ben.id, "owner", now)
    assert await teams.set_member(app.id, carol.id, "developer", now)
    endpoint, _ = await hooked(harness, app)
    await happen(harness, app)
    sender = receiver.sender(harness)
    await sender.send_due()
    found = await endpoint_now(harness, endpoint)
    assert found.disabled_reason == "gone"
    mails = [each.mail for each in await harness.context.outbox.recent()]
    written = [each for each in mails if "webhook" in each.subject]
    assert sorted(each.to for each in written) == ["ann@example.org", "ben@example.org"]
    for mail in written:
        path = f"/developers/apps/{app.id}/webhooks"
        assert f"https://id.example.org{path}\n" in mail.text
        # The page is there: it asks for a sign-in.
        assert (await harness.browser().get(path)).status_code == 303
    harness.advance(days=4)
    await sender.send_due()
    assert len(receiver.received) == 1
    await harness.context.audit.flush()
    kinds = [each.kind for each in await harness.context.stores.events.events_of(owner.id, 50)]
    assert kinds.count("webhook.disabled") == 1


async def test_five_days_without_a_success_disable_it(harness: AppHarness) -> None:
    receiver, app = Receiver(responses={HOOK: 503}), await harness.app()
    endpoint, _ = await hooked(harness, app)
    sender = receiver.sender(harness)
    await happen(harness, app)
    await sender.send_due()
    harness.context.clock.advance(PATIENCE - timedelta(hours=1))  # type: ignore[attr-defined]
    await sender.send_due()
    assert (await endpoint_now(harness, endpoint)).disabled_at is None
    harness.advance(hours=12)
    await sender.send_due()
    assert (await endpoint_now(harness, endpoint)).disabled_reason == "failing"
    receiver.responses.clear()
    assert await webhooks(harness.context).enable(app.client, endpoint.id)
    harness.advance(days=2)
    await sender.send_due()
    assert (await endpoint_now(harness, endpoint)).failing_since is None
    (delivery,) = await deliveries(harness, endpoint)
    assert delivery.delivered_at is not None


async def test_a_slow_endpoint_holds_up_no_other(harness: AppHarness) -> None:
    slow, fast = "https://slow.example.org/", "https://fast.example.org/"
    receiver, app = Receiver(slow={slow}), await harness.app()
    for url in (slow, fast):
        await hooked(harness, app, url)
    for _ in range(6):
        await happen(harness, app)
    sender = receiver.sender(harness)
    await sender.begin_due()
    async with asyncio.timeout(30):
        while sum(each.url == fast for each in receiver.received) < 6:
            await asyncio.sleep(0.01)
    waiting = [each for each in receiver.received if each.url == slow]
    assert len(waiting) == 4, "so many at once"
    await sender.begin_due()  # a turn of the worker does not add to them
    receiver.release.set()
    await sender.send_due()
    assert sum(each.url == slow for each in receiver.received) == 6
    await sender.close()


async def test_claims_of_a_killed_sender_end_with_their_lease(
    harness: AppHarness,
) -> None:
    receiver, app = Receiver(), await harness.app()
    receiver.slow.add(HOOK)
    await hooked(harness, app)
    await happen(harness, app)
    killed = receiver.sender(harness)
    await killed.begin_due()
    async with asyncio.timeout(30):
        while not receiver.received:
            await asyncio.sleep(0.01)
    await killed.close()
    receiver.slow.clear()
    other = receiver.sender(harness)
    await other.send_due()
    assert len(receiver.received) == 1, "claimed"
    harness.advance(minutes=1)
    await other.send_due()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_an_application_gets_the_pairwise_subject(harness: AppHarness) -> None:
    receiver, app = Receiver(), await harness.app()
    await harness.register_again(app, metadata=ClientMetadata(subject_type="pairwise"))
    await hooked(harness, app)
    await happen(harness, app, scope="openid")
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    await receiver.sender(harness).send_due()
    assert await harness.context.stores.users.delete_user(user.id, harness.context.clock.now())
    await receiver.sender(harness).send_due()
    created, deleted = receiver.received
    pairwise = created.payload["data"]["subject"]
    assert pairwise != user.subject
    assert deleted.payload["data"] == {"subject": pairwise}
    assert user.subject.encode() not in created.body + deleted.body


async def test_an_address_that_is_not_https_is_refused(harness: AppHarness) -> None:
    app = await harness.app()
    for url in (
        "http://app.example.org/hook",
        "http://127.0.0.1:8080/hook",
        "ftp://app.example.org/",
        "https://user@app.example.org/",
        "https://app.example.org/#part",
        "https:///hook",
        "",
    ):
        with pytest.raises(InvalidWebhook):
            await hooked(harness, app, url)
    assert await harness.context.stores.webhooks.endpoints_of(app.id) == []


async def test_kinds_and_numbers_are_checked(harness: AppHarness) -> None:
    app = await harness.app()
    for kinds in ((), ("unknown",), ("webhook.test",)):
        with pytest.raises(InvalidWebhook):
            await webhooks(harness.context).add(app.client, HOOK, kinds)
    for _ in range(MOST_ENDPOINTS):
        await hooked(harness, app)
    with pytest.raises(InvalidWebhook):
        await hooked(harness, app)


async def test_private_addresses_get_nothing(harness: AppHarness) -> None:
    """Also where the operator opened them for providers."""
    async with loopback_server(NO_CONTENT) as it:
        client = webhook_client(harness.context.settings)
        try:
            for url in (
                f"https://{it.host_and_port}/",
                f"http://{it.host_and_port}/",
                f"https://localhost:{it.port}/",
                "https://169.254.169.254/latest/meta-data",
                "https://[::1]/",
                "https://10.0.0.1/",
            ):
                result = await HttpWebhookPoster(client).post(WebhookMessage(url, {}, b"{}"))
                assert (result.status, bool(result.cause)) == (0, True), url
        finally:
            await client.close()
        assert it.requested == []


async def test_a_developer_does_not_learn_which_names_the_operators_network_has() -> None:
    def resolve(host: str, port: int) -> list[str]:
        if host != "none.corp.example.org":
            return ["10.0.0.7"]
        raise OSError

    client = GuardedHttpClient(resolve=resolve)
    poster, causes = HttpWebhookPoster(client), set()
    for host in ("wiki.corp.example.org", "none.corp.example.org", "10.0.0.7"):
        message = WebhookMessage(f"https://{host}/", {}, b"{}")
        causes.add((await poster.post(message)).cause)
    found = await HttpWebhookPoster(client, for_operator=True).post(message)
    await client.close()
    assert causes == {"the host has no public address"}
    assert "insecure_private_hosts" in found.cause


async def test_in_development_this_machine_gets_webhooks(open_harness: OpenHarness) -> None:
    local = {"development": "true", "issuer": "http://127.0.0.1:8000"}
    async with open_harness(**local) as harness, loopback_server(MOVED, NO_CONTENT) as it:
        app, url = await harness.app(), f"http://{it.host_and_port}/hook"
        await hooked(harness, app, url)
        client = webhook_client(harness.context.settings)
        poster, message = HttpWebhookPoster(client), WebhookMessage(url, {"webhook-id": "1"}, b"{}")
        try:
            moved, taken = await poster.post(message), await poster.post(message)
            other = await poster.post(WebhookMessage("http://10.0.0.1/", {}, b"{}"))
        finally:
            await client.close()
        assert (moved.status, moved.cause) == (302, "status 302"), "no redirect is followed"
        assert (taken.status, taken.cause) == (204, "")
        assert other.status == 0
        assert len(it.requested) == 2
        assert b"webhook-id: 1" in it.requested[0]
