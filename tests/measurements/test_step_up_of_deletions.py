"""RFC 9470 §3: an operator can require a newer or stronger sign-in for deletions by apps."""

from api_client import ALL, ONE, SLEEP, ApiClient

from support.app import SESSION, App, AppHarness, OpenHarness


async def client_of(harness: AppHarness, app: App, methods: tuple[str, ...]) -> ApiClient:
    ann = await harness.context.stores.users.user_by_email("ann@example.org")
    assert ann is not None
    cookie = await harness.context.sessions.start(
        ann, methods=methods, address="", agent="", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")
    tokens = await harness.tokens(app, browser, scope=ALL)
    return ApiClient(harness, tokens["access_token"])


async def test_a_deletion_needs_the_sign_in_that_the_operator_requires(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(tokens__deletion_acr="3", tokens__deletion_max_age="10m") as harness:
        await harness.person()
        for token_format in ("opaque", "jwt"):
            app = await harness.app(scope=frozenset(ALL.split()), token_format=token_format)
            weak = await client_of(harness, app, ("pwd",))
            strong = await client_of(harness, app, ("pwd", "otp", "mfa"))
            await weak.add(SLEEP)
            first, second = [each["id"] for each in (await weak.get("/api/v1/measurements")).json()]
            refused = await weak.send("DELETE", f"{ONE}/{first}")
            assert refused.status_code == 401
            assert refused.json()["error"] == "insufficient_user_authentication"
            challenge = refused.headers["www-authenticate"]
            assert challenge.startswith('Bearer error="insufficient_user_authentication"')
            assert 'acr_values="3", max_age="600"' in challenge
            assert (await weak.get(f"{ONE}/{first}")).status_code == 200, "it can be read"
            assert (await strong.send("DELETE", f"{ONE}/{first}")).status_code == 204
            harness.advance(minutes=11)
            assert (await strong.send("DELETE", f"{ONE}/{second}")).status_code == 401
            again = await client_of(harness, app, ("pwd", "otp", "mfa"))
            assert (await again.send("DELETE", f"{ONE}/{second}")).status_code == 204
