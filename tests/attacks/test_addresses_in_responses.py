"""security.md §23, v2-api.md §4: an unverified address reaches no application.

Applications take `email` and `loginName` for proof of who a person is. The attacker has an account
with the victim's address, which a provider passed on without having verified it.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from quantimodo.model.users import User
from support.app import ME, SESSION, USERINFO, AppHarness, OpenHarness
from support.fake_provider import FakeUpstream, profile, redeem_login
from support.jwt_forgery import claims_of

VICTIM = "ann@example.org"
SCOPE = "openid basic profile email"
CLAIMS = '{"userinfo":{"email":null,"email_verified":null},"id_token":{"email":null}}'


@pytest.fixture
async def harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    unverified = profile(subject="eve", email=VICTIM, email_verified=True)
    verified = profile(
        subject="gia", email="gia@example.org", email_verified=True, email_authoritative=True
    )
    people = {"eve": unverified, "gia": verified}
    async with open_harness([FakeUpstream(people=people)]) as opened:
        yield opened


async def attacker(harness: AppHarness) -> tuple[User, Any]:
    """The person, and a browser that is signed in as them."""
    await harness.app()
    assert (await redeem_login(harness, "eve")).status_code == 200
    user = await harness.context.stores.users.user_by_email(VICTIM)
    assert user is not None
    return user, await harness.signed_in(VICTIM)


async def test_the_login_envelope_says_null(harness: AppHarness) -> None:
    await harness.app()
    response = await redeem_login(harness, "eve")
    user = response.json()["data"]["user"]
    assert (user["email"], user["emailVerified"]) == (None, False)
    assert VICTIM not in response.text


async def test_user_me_says_null(harness: AppHarness) -> None:
    user, browser = await attacker(harness)
    token = (await harness.tokens(await harness.app(), browser, scope=SCOPE))["access_token"]
    response = await harness.call(token, ME)
    assert response.json() == {
        "id": user.id,
        "displayName": user.name,
        "loginName": user.subject,
        "email": None,
        "emailVerified": False,
        "administrator": False,
    }


@pytest.mark.parametrize("changes", [{}, {"claims": CLAIMS}])
async def test_userinfo_leaves_it_out(harness: AppHarness, changes: dict[str, str]) -> None:
    _, browser = await attacker(harness)
    token = await harness.tokens(await harness.app(), browser, scope=SCOPE, **changes)
    response = await harness.call(token["access_token"], USERINFO)
    assert "email" not in response.json()
    assert response.json()["email_verified"] is False
    assert VICTIM not in response.text


async def test_an_id_token_leaves_it_out(harness: AppHarness) -> None:
    _, browser = await attacker(harness)
    implicit = await harness.app(response_types=frozenset({"id_token", "code"}))
    alone = await harness.authorize(
        browser, implicit, scope="openid email", response_type="id_token", nonce="n"
    )
    claims = claims_of(alone.parameters["id_token"])
    assert claims["email_verified"] is False
    by_name = await harness.tokens(await harness.app(), browser, scope=SCOPE, claims=CLAIMS)
    for found in (claims, claims_of(by_name["id_token"])):
        assert "email" not in found
        assert VICTIM not in str(found)


async def test_a_preferred_username_that_is_such_an_address_is_left_out(
    harness: AppHarness,
) -> None:
    """OpenID Connect Core §5.7: applications must not key on it. Some do."""
    user, browser = await attacker(harness)
    token = (await harness.tokens(await harness.app(), browser, scope=SCOPE))["access_token"]
    for name, shown in ((VICTIM, None), ("boss@example.org", None), ("@eve", "@eve")):
        await browser.post("/account/profile/details", data=await details(browser, name))
        info = (await harness.call(token, USERINFO)).json()
        assert info.get("preferred_username") == shown
    assert user.email == VICTIM


async def details(browser: Any, preferred_username: str) -> dict[str, str]:
    page = await browser.get("/account/profile")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    return {"csrf": csrf, "preferred_username": preferred_username}


async def test_it_is_there_once_the_person_has_confirmed_it(harness: AppHarness) -> None:
    user, browser = await attacker(harness)
    app = await harness.app()
    token = (await harness.tokens(app, browser, scope=SCOPE))["access_token"]
    await harness.context.stores.users.mark_email_verified(
        user.id, VICTIM, harness.context.clock.now(), keep_credentials=True
    )
    me = (await harness.call(token, ME)).json()
    assert (me["loginName"], me["email"], me["emailVerified"]) == (VICTIM, VICTIM, True)
    info = (await harness.call(token, USERINFO)).json()
    assert (info["email"], info["email_verified"]) == (VICTIM, True)


async def test_it_is_there_at_once_if_its_provider_is_authoritative(harness: AppHarness) -> None:
    await harness.app()
    user = (await redeem_login(harness, "gia")).json()["data"]["user"]
    assert (user["loginName"], user["email"]) == ("gia@example.org", "gia@example.org")
    assert user["emailVerified"] is True


@pytest.mark.parametrize("path", ["/account", "/account/security", "/account/profile"])
async def test_the_person_is_invited_to_confirm_it_by_a_button_that_sends_the_mail(
    harness: AppHarness, path: str
) -> None:
    _, browser = await attacker(harness)
    page = await browser.get(path)
    assert "Until then applications do not receive it." in page.text
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    before = len(harness.rows()["mails"])
    sent = await browser.post("/account/verification", data={"csrf": csrf})
    assert sent.status_code == 303
    assert len(harness.rows()["mails"]) == before + 1


async def test_a_person_with_a_verified_address_is_not(harness: AppHarness) -> None:
    await harness.person(email="bea@example.org")
    browser = await harness.signed_in("bea@example.org")
    assert SESSION in browser.cookies
    for path in ("/account", "/account/security", "/account/profile"):
        assert "Until then" not in (await browser.get(path)).text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("strasse@example.org", "straße@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("straße@example.org", "STRAẞE@example.org"),
        ("μεσοσ@example.org", "μεσος@example.org"),
        ("fiona@example.org", "\ufb01ona@example.org"),
        ("ann@example.org", "\uff41nn@example.org"),
        ("sam@example.org", "\u017fam@example.org"),
    ],
)
async def test_an_address_that_only_folds_to_a_persons_own_does_not_link(
    open_harness: OpenHarness, ours: str, theirs: str
) -> None:
    """security.md §23: the provider is authoritative for another person's mailbox."""
    proven = profile(email=theirs, email_verified=True, email_authoritative=True)
    async with open_harness([FakeUpstream(people={"eve": proven})]) as harness:
        await harness.app()
        victim = await harness.person(email=ours)
        response = await redeem_login(harness, "eve")
        assert response.status_code in (200, 403)
        if response.status_code == 200:
            assert response.json()["data"]["user"]["id"] != victim.id
            assert response.json()["data"]["newUser"] is True
        assert not await harness.context.social.identities(victim.id)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ann@example.org", "Ann@Example.ORG"),
        ("straße@example.org", "straße@example.org"),
        ("zo\u00eb@example.org", "Zoe\u0308@example.org"),
    ],
)
async def test_the_same_address_in_another_case_or_composition_does(
    open_harness: OpenHarness, ours: str, theirs: str
) -> None:
    proven = profile(email=theirs, email_verified=True, email_authoritative=True)
    async with open_harness([FakeUpstream(people={"ann": proven})]) as harness:
        await harness.app()
        owner = await harness.person(email=ours)
        response = await redeem_login(harness, "ann")
        assert response.json()["data"]["user"]["id"] == owner.id
