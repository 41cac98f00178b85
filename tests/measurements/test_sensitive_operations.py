"""RFC 9470 §3: an operator can require a newer or stronger sign-in where apps delete or export."""

from dataclasses import fields

from api_client import ALL, CSV, LIST, ONE, SLEEP, ApiClient

from quantimodo.endpoints.routes import ApiEndpoints, api_routes
from quantimodo.resource.step_up import SENSITIVE
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


async def test_each_class_has_its_own_setting(open_harness: OpenHarness) -> None:
    """An export does not need what a deletion needs, and an application's own token needs none."""
    async with open_harness(tokens__export_max_age="10m", tokens__export_acr="3") as harness:
        await harness.person()
        app = await harness.app(scope=frozenset(ALL.split()))
        weak = await client_of(harness, app, ("pwd",))
        strong = await client_of(harness, app, ("pwd", "otp", "mfa"))
        await weak.add(SLEEP)
        refused = await weak.get(CSV)
        assert refused.status_code == 401
        assert refused.json()["error"] == "insufficient_user_authentication"
        assert 'acr_values="3", max_age="600"' in refused.headers["www-authenticate"]
        assert (await strong.get(CSV)).status_code == 200
        harness.advance(minutes=11)
        assert (await strong.get(CSV)).status_code == 401
        (first, *_) = (await weak.get(LIST)).json()
        assert (await weak.send("DELETE", f"{ONE}/{first['id']}")).status_code == 204


def test_each_deletion_with_the_token_of_a_person_is_in_the_table() -> None:
    nothing = ApiEndpoints(**{each.name: None for each in fields(ApiEndpoints)})  # type: ignore[arg-type]
    routes = {
        (method, route.path): route.name
        for route in api_routes(nothing, legacy_transport=True)
        for method in route.methods
    }
    deletions = {name for (method, _), name in routes.items() if method == "DELETE"}
    sensitive = {name for operation, name in routes.items() if operation in SENSITIVE}
    # A registration is deleted with its own token, a grant with a token of the application itself.
    assert deletions - sensitive == {"registration", "grant"}
    assert set(SENSITIVE) <= set(routes)
