"""security.md §7: who takes an app's access back at the very moment when it gets a code.

The consent was read, and is gone when the code is saved: nothing may begin on it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from quantimodo.app.composition.server import build_server
from support.app import CALLBACK, ISSUER, App, AppHarness, PreparedDatabase

ALL = frozenset({"code", "token", "id_token token", "code id_token", "code id_token token"})


@dataclass(slots=True)
class Interrupted:
    """The store of authorizations; calls `happens` just before an authorization is saved."""

    store: Any
    happens: Callable[[], Awaitable[object]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def add_grant(self, *begun: Any, **more: Any) -> bool:
        await self.happens()
        saved: bool = await self.store.add_grant(*begun, **more)
        return saved


async def allowed(harness: AppHarness, **changes: Any) -> tuple[int, App]:
    """An app that a person has allowed before, so that no page asks now."""
    ann = await harness.person()
    app = await harness.app(response_types=ALL, **changes)
    await harness.authorize(await harness.signed_in(), app, scope="openid basic")
    return ann.id, app


@pytest.mark.parametrize("response_type", sorted(ALL))
@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_nothing_is_begun_on_a_consent_that_was_just_withdrawn(
    harness: AppHarness, prepared_database: PreparedDatabase, response_type: str, token_format: str
) -> None:
    user_id, app = await allowed(harness, token_format=token_format)
    stores, now = harness.context.stores, harness.context.clock.now()
    interrupted: Any = Interrupted(
        stores.authorizations,
        lambda: stores.authorizations.withdraw_consent(user_id, app.id, now),
    )
    context = replace(harness.context, stores=replace(stores, authorizations=interrupted))
    harness.application = await build_server(context, prepared_database.renderer)
    before = len(harness.rows()["grants"])
    response = await harness.authorize(
        await harness.signed_in(),
        app,
        scope="openid basic",
        response_type=response_type,
        nonce="n",
        **({} if "code" in response_type else {"code_challenge": None}),
        **({} if "code" in response_type else {"code_challenge_method": None}),
    )
    assert response.location.startswith(CALLBACK)
    assert response.parameters == {
        "error": "access_denied",
        "error_description": "the person took the app's access back, or signed out, meanwhile",
        "error_uri": f"{ISSUER}/guides/developer/errors/#access_withdrawn",
        "state": "some-state",
        "iss": ISSUER,
    }
    assert len(harness.rows()["grants"]) == before


async def test_an_immediate_withdrawal_counts_too(harness: AppHarness) -> None:
    user_id, app = await allowed(harness)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    await harness.context.stores.authorizations.withdraw_consent(
        user_id, app.id, harness.context.clock.now()
    )
    refused = await harness.redeem(app, code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_a_first_party_app_that_was_taken_back_just_now_gets_nothing_either(
    harness: AppHarness, prepared_database: PreparedDatabase
) -> None:
    user_id, app = await allowed(harness, first_party=True)
    stores, now = harness.context.stores, harness.context.clock.now()
    interrupted: Any = Interrupted(
        stores.authorizations,
        lambda: stores.authorizations.withdraw_consent(user_id, app.id, now),
    )
    context = replace(harness.context, stores=replace(stores, authorizations=interrupted))
    harness.application = await build_server(context, prepared_database.renderer)
    response = await harness.authorize(await harness.signed_in(), app)
    assert response.parameters["error"] == "access_denied"
