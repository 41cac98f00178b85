"""Userinfo (OpenID Connect Core §5.3): each scope tells what it says, and nothing else."""

from support.app import USERINFO, AppHarness


async def received(harness: AppHarness, scope: str) -> dict[str, object]:
    tokens = await harness.tokens(await harness.app(), scope=scope)
    response = await harness.call(tokens["access_token"], USERINFO)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    claims: dict[str, object] = response.json()
    return claims


async def test_claims_follow_the_scopes(harness: AppHarness) -> None:
    await harness.person()
    for scope, names in (
        ("openid", {"sub"}),
        ("openid basic readmeasurements writemeasurements offline_access", {"sub"}),
        ("openid profile", {"sub", "name", "updated_at"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid address phone", {"sub"}),
    ):
        assert (await received(harness, scope)).keys() == names


async def test_the_claims_are_the_persons(harness: AppHarness) -> None:
    ann = await harness.person()
    assert await received(harness, "openid profile email") == {
        "sub": ann.subject,
        "name": "Ann Example",
        "updated_at": int(ann.updated_at.timestamp()),
        "email": "ann@example.org",
        "email_verified": True,
    }


async def test_an_address_that_is_not_verified_says_so(harness: AppHarness) -> None:
    ann = await harness.person()
    await harness.context.stores.users.change_email(ann.id, "ann@elsewhere.example", None)
    tokens = await harness.tokens(
        await harness.app(), await harness.signed_in("ann@elsewhere.example"), scope="openid email"
    )
    response = (await harness.call(tokens["access_token"], USERINFO)).json()
    assert response["email_verified"] is False


async def test_a_change_is_reported_at_the_next_call(harness: AppHarness) -> None:
    ann = await harness.person()
    tokens = await harness.tokens(await harness.app(), scope="openid profile")
    await harness.context.stores.users.rename_user(ann.id, "Ann Other", harness.context.clock.now())
    response = (await harness.call(tokens["access_token"], USERINFO)).json()
    assert response["name"] == "Ann Other"


async def test_get_and_post_and_both_spellings_answer(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app(), scope="openid"))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    for path in (USERINFO, "/api/v2/oauth/userinfo"):
        for method in ("GET", "POST"):
            response = await harness.browser().request(method, path, headers=headers)
            assert response.status_code == 200, (method, path)


async def test_a_narrowed_token_reveals_less(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="openid profile email")
    second = (await harness.refresh(app, first["refresh_token"], scope="openid")).json()
    assert (await harness.call(second["access_token"], USERINFO)).json().keys() == {"sub"}


async def test_the_scope_openid_is_needed(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app(), scope="profile email"))["access_token"]
    refused = await harness.call(token, USERINFO)
    assert refused.status_code == 403
    assert 'scope="openid"' in refused.headers["www-authenticate"]
