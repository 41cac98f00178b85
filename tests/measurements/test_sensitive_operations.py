"""RFC 9470 §3: an operator can require a newer or stronger sign-in where apps delete or export."""

from datetime import timedelta
from typing import Any

from api_client import ALL, CSV, LIST, ONE, SLEEP, ApiClient

from quantimodo.crypto.tokens import Kind, mint
from quantimodo.endpoints.routes import NAMES, api_routes
from quantimodo.model.personal_tokens import NewPersonalToken
from quantimodo.model.users import User
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


async def test_a_personal_token_is_not_a_way_around(open_harness: OpenHarness) -> None:
    """It has no sign-in behind it that meets a level, and it is as old as its making."""
    settings = {"tokens__deletion_max_age": "10m", "tokens__export_acr": "3"}
    async with open_harness(**settings) as harness:
        client = ApiClient(harness, await personal_token(harness, await harness.person()))
        await client.add(SLEEP)
        first, second = [each["id"] for each in (await client.get(LIST)).json()]
        refused = await client.get(CSV)
        assert refused.status_code == 401
        assert refused.json()["error"] == "insufficient_user_authentication"
        assert (await client.send("DELETE", f"{ONE}/{first}")).status_code == 204
        harness.advance(minutes=11)
        assert (await client.send("DELETE", f"{ONE}/{second}")).status_code == 401
        assert (await client.get(f"{ONE}/{second}")).status_code == 200, "it can be read"


async def personal_token(harness: AppHarness, user: User) -> str:
    """A personal token of this person, made now, for everything that one can open."""
    now = harness.context.clock.now()
    cookie = await harness.context.sessions.start(
        user, methods=("pwd",), address="", agent="", replaces=None
    )
    session = await harness.context.sessions.find(cookie.reveal())
    assert session is not None
    minted = mint(Kind.PERSONAL, now, harness.context.entropy)
    token = NewPersonalToken(
        key=minted.key,
        user_id=user.id,
        name="Grafana",
        scope=frozenset(ALL.split()),
        details=None,
        created_at=now,
        expires_at=now + timedelta(days=7),
    )
    store = harness.context.stores.personal_tokens
    assert await store.add_personal_token(token, session.key, 1)
    return minted.raw.reveal()


def test_each_deletion_with_the_token_of_a_person_is_in_the_table() -> None:
    nothing: Any = dict.fromkeys(NAMES)
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
