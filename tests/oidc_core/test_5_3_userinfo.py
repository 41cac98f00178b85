"""Userinfo (OpenID Connect Core §5.3): each scope tells what it says, and nothing else."""

from world import USERINFO, World


async def told(world: World, scope: str) -> dict[str, object]:
    tokens = await world.tokens(await world.app(), scope=scope)
    response = await world.call(tokens["access_token"], USERINFO)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer: dict[str, object] = response.json()
    return answer


async def test_claims_follow_the_scopes(world: World) -> None:
    await world.person()
    for scope, names in (
        ("openid", {"sub"}),
        ("openid basic readmeasurements writemeasurements offline_access", {"sub"}),
        ("openid profile", {"sub", "name", "updated_at"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid address phone", {"sub"}),
    ):
        assert (await told(world, scope)).keys() == names


async def test_the_claims_are_the_persons(world: World) -> None:
    ann = await world.person()
    assert await told(world, "openid profile email") == {
        "sub": ann.subject,
        "name": "Ann Example",
        "updated_at": int(ann.updated_at.timestamp()),
        "email": "ann@example.org",
        "email_verified": True,
    }


async def test_an_address_that_is_not_verified_says_so(world: World) -> None:
    ann = await world.person()
    await world.house.stores.change_email(ann.id, "ann@elsewhere.example", None)
    tokens = await world.tokens(
        await world.app(), await world.signed_in("ann@elsewhere.example"), scope="openid email"
    )
    answer = (await world.call(tokens["access_token"], USERINFO)).json()
    assert answer["email_verified"] is False


async def test_a_change_is_told_at_the_next_call(world: World) -> None:
    ann = await world.person()
    tokens = await world.tokens(await world.app(), scope="openid profile")
    await world.house.stores.rename_user(ann.id, "Ann Other", world.house.clock.now())
    answer = (await world.call(tokens["access_token"], USERINFO)).json()
    assert answer["name"] == "Ann Other"


async def test_get_and_post_and_both_spellings_answer(world: World) -> None:
    await world.person()
    token = (await world.tokens(await world.app(), scope="openid"))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    for path in (USERINFO, "/api/v2/oauth/userinfo"):
        for method in ("GET", "POST"):
            response = await world.browser().request(method, path, headers=headers)
            assert response.status_code == 200, (method, path)


async def test_a_narrowed_token_tells_less(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app, scope="openid profile email")
    second = (await world.refresh(app, first["refresh_token"], scope="openid")).json()
    assert (await world.call(second["access_token"], USERINFO)).json().keys() == {"sub"}


async def test_the_scope_openid_is_needed(world: World) -> None:
    await world.person()
    token = (await world.tokens(await world.app(), scope="profile email"))["access_token"]
    refused = await world.call(token, USERINFO)
    assert refused.status_code == 403
    assert 'scope="openid"' in refused.headers["www-authenticate"]
