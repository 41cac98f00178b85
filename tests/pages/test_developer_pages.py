"""The developer portal (security.md §11, §16)."""

import re
from datetime import timedelta

import pytest

from quantimodo.crypto.digests import digest
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.portal.app_pages import TABS
from quantimodo.protocol.grant_types import DEVICE_CODE
from support.account_services import PASSWORD, AccountServices
from support.page_site import PNG, Site, Visitor

SECRET = re.compile(r"qms_[A-Za-z0-9_-]{43}")
CALLBACK = "https://app.example.org/callback"
KEY_SET = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}'


async def create(ann: Visitor, **more: str | list[str]) -> str:
    """Register an application; the path of its page."""
    fields: dict[str, str | list[str]] = {"name": "Mood Tracker", "redirect_uris": CALLBACK}
    response = await ann.submit("/developers/new", **{**fields, **more})
    assert response.status_code == 303, response.text
    location: str = response.headers["location"]
    return location


async def save(ann: Visitor, path: str, tab: str, **fields: str | list[str]) -> None:
    """Change the application at one of its tabs."""
    response = await ann.submit(f"{path}/{tab}", **fields)
    assert (response.status_code, response.headers.get("location")) == (303, f"{path}/{tab}")


async def stored(services: AccountServices, path: str) -> Client:
    client = await services.stores.clients.client(path.rpartition("/")[2])
    assert client is not None
    return client


async def test_a_person_without_applications_sees_what_they_are_for(ann: Visitor) -> None:
    assert "Register your first application" in (await ann.get("/developers")).text


async def test_the_secret_is_shown_once_and_kept_only_as_a_digest(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    first = (await ann.get(path)).text
    found = SECRET.findall(first)
    assert len(found) == 1
    client = await stored(services, path)
    assert client.secret is not None
    assert client.secret.digest == digest(found[0])
    assert not SECRET.search((await ann.get(path)).text)


async def test_the_secret_travels_encrypted_for_one_session(
    site: Site, services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    sealed = ann.http.cookies["__Host-quantimodo_shown"]
    assert "qms_" not in sealed
    other = await create(ann, name="Another")
    ann.http.cookies.set("__Host-quantimodo_shown", sealed, domain="id.example.org", path="/")
    assert not SECRET.search((await ann.get(other)).text), "another application's page"
    await services.member("bob@example.org")
    async with site.visitor() as bob:
        await bob.sign_in("bob@example.org", PASSWORD)
        bob.http.cookies.set("__Host-quantimodo_shown", sealed, domain="id.example.org")
        assert (await bob.get(path)).status_code == 404
    await ann.sign_in("ann@example.org", PASSWORD)
    ann.http.cookies.set("__Host-quantimodo_shown", sealed, domain="id.example.org", path="/")
    assert not SECRET.search((await ann.get(path)).text), "another session of the same person"


async def test_a_secret_that_was_not_viewed_is_not_shown_later(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    services.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    assert not SECRET.search((await ann.get(path)).text)


@pytest.mark.parametrize("garbage", ["x", "AAAA", "%ff", "é".encode().hex(), "A" * 3000])
async def test_a_forged_parcel_is_as_if_absent(ann: Visitor, garbage: str) -> None:
    path = await create(ann)
    await ann.get(path)
    ann.http.cookies.set("__Host-quantimodo_shown", garbage, domain="id.example.org")
    assert (await ann.get(path)).status_code == 200


@pytest.mark.parametrize("name", ["QuantiModo", "Qu\u0430ntimodo Admin", "id.example.org"])
async def test_a_name_like_the_servers_is_refused(ann: Visitor, name: str) -> None:
    response = await ann.submit(
        "/developers/new", name=name, redirect_uris="https://app.example.org/callback"
    )
    assert response.status_code == 422
    assert "Looks like a name of this server or of its apps; choose another." in response.text


async def test_a_public_application_has_no_secret(services: AccountServices, ann: Visitor) -> None:
    path = await create(ann, kind="native", redirect_uris="org.example.app:/callback")
    page = (await ann.get(path)).text
    assert not SECRET.search(page)
    assert f"{path}/secret" not in (await ann.get(f"{path}/keys")).text
    client = await stored(services, path)
    assert client.public
    assert client.secret is None
    refused = await ann.submit(f"{path}/secret", overlap="0")
    assert refused.status_code == 422


KINDS = {
    "web": (False, False, {"authorization_code", "refresh_token"}, {"code"}, True),
    "browser": (True, True, {"authorization_code", "refresh_token"}, {"code"}, True),
    "native": (True, True, {"authorization_code", "refresh_token"}, {"code"}, True),
    "device": (True, True, {DEVICE_CODE, "refresh_token"}, set(), False),
    "service": (False, False, {"client_credentials"}, set(), False),
}


async def test_the_rest_follows_from_the_kind(services: AccountServices, ann: Visitor) -> None:
    for kind, (public, strict, grants, responses, redirects) in KINDS.items():
        path = await create(ann, kind=kind, scope=["basic", "email"])
        client = await stored(services, path)
        assert (client.public, client.strict) == (public, strict), kind
        assert (client.grant_types, client.response_types) == (grants, responses), kind
        assert client.redirect_uris == ((CALLBACK,) if redirects else ()), kind
        assert client.scope == {"basic", "email"}
        assert client.metadata.application_type == ("native" if kind == "native" else "web")
        page = (await ann.get(path)).text
        assert ("/api/v2/oauth/authorize?" in page) == redirects, kind
        assert ("/device_authorization" in page) == (kind == "device"), kind
        assert bool(SECRET.search(page)) == (not public), kind


async def test_a_resource_server_is_registered_by_an_administrator_only(
    services: AccountServices, ann: Visitor, user: User
) -> None:
    assert "Resource server" not in (await ann.get("/developers/new")).text
    for kind in ("resource", "", "confidential"):
        refused = await ann.submit("/developers/new", name="R", kind=kind)
        assert refused.status_code == 422
        assert 'id="kind-error"' in refused.text
    assert not await services.stores.clients.clients()
    await services.stores.users.set_administrator(user.id, True)
    client = await stored(services, await create(ann, kind="resource"))
    assert client.resource_server
    assert client.owner_id == user.id


async def test_all_that_was_filled_in_is_registered(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    await save(
        ann,
        path,
        "branding",
        description="Keeps moods.\r\nAnd more.",
        homepage_uri="https://app.example.org/",
        policy_uri="https://app.example.org/privacy",
        tos_uri="https://app.example.org/terms",
    )
    await save(
        ann,
        path,
        "sign-in",
        redirect_uris=f"{CALLBACK}\r\n\r\n  http://127.0.0.1:3000/cb\r\n",
        strict="1",
        grant_types=["client_credentials", DEVICE_CODE],
        token_endpoint_auth_method="client_secret_post",
        dpop_bound_access_tokens="1",
    )
    await save(ann, path, "scopes", scope=["basic", "email"], optional_scope=["email"])
    await save(ann, path, "keys", jwks_uri="https://app.example.org/jwks.json")
    client = await stored(services, path)
    assert client.redirect_uris == (CALLBACK, "http://127.0.0.1:3000/cb")
    assert client.scope == {"basic", "email"}
    assert client.strict
    assert not client.public
    assert client.description == "Keeps moods.\nAnd more."
    usual = {"authorization_code", "refresh_token"}
    assert client.grant_types == {*usual, "client_credentials", DEVICE_CODE}
    assert client.response_types == {"code"}
    assert client.policy_uri == "https://app.example.org/privacy"
    assert client.metadata.optional_scope == ("email",)
    assert client.metadata.token_endpoint_auth_method == "client_secret_post"
    assert client.metadata.dpop_bound_access_tokens
    assert client.metadata.jwks_uri == "https://app.example.org/jwks.json"
    await save(ann, path, "sign-in", grant_types=[], strict=[], dpop_bound_access_tokens=[])
    changed = await stored(services, path)
    assert changed.grant_types == usual
    assert not changed.strict
    assert not changed.metadata.dpop_bound_access_tokens
    assert changed.metadata.jwks_uri, "a field of another tab"


async def test_public_keys_are_checked_before_they_are_stored(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    for jwks, reason in {
        "no JSON": "Must be a JSON Web Key Set",
        "[" * 60_000: "Must be a JSON Web Key Set",
        '{"keys": []}': "Must have 1 to 20 keys",
        '{"keys": [{"kty": "EC", "d": "x"}]}': "Must have public keys only",
        "x" * 65_537: "Must not be longer than",
    }.items():
        response = await ann.submit(f"{path}/keys", jwks=jwks)
        assert response.status_code == 422, jwks[:40]
        assert 'id="jwks-error"' in response.text
        assert reason in response.text
    assert (await stored(services, path)).metadata.jwks == ""
    await save(ann, path, "keys", jwks=KEY_SET)
    await save(ann, path, "sign-in", token_endpoint_auth_method="private_key_jwt")
    removed = await ann.submit(f"{path}/keys", jwks="")
    assert removed.status_code == 422
    assert "Authentication method at the token endpoint: Private_key_jwt needs jwks" in removed.text


async def test_a_security_profile_is_registered_or_refused_with_all_that_is_missing(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    await save(ann, path, "sign-in", profile="oauth21")
    client = await stored(services, path)
    assert client.metadata.profile == "oauth21"
    assert client.strict
    page = (await ann.get(f"{path}/sign-in")).text
    assert '<option value="oauth21" selected>' in page
    assert page.count("Nothing is missing.") == 1, "OAuth 2.1"
    assert "Needs dpop_bound_access_tokens or tls_client_certificate_bound" in page
    for address in (
        "/sign-in#token_endpoint_auth_method",
        "/sign-in#dpop_bound_access_tokens",
        "/keys#jwks",
    ):
        assert f'href="{path}{address}"' in page, address
        tab, _, field = address.partition("#")
        assert f'id="{field}"' in (await ann.get(path + tab)).text
    refused = await ann.submit(f"{path}/sign-in", profile="fapi2")
    assert refused.status_code == 422
    assert "private_key_jwt" in refused.text
    assert "Needs dpop_bound_access_tokens" in refused.text
    assert '<option value="fapi2" selected>' in refused.text


async def test_the_logout_metadata_are_registered_stored_and_changed(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    await save(
        ann,
        path,
        "sign-in",
        post_logout_redirect_uris="https://app.example.org/bye\nhttps://app.example.org/ciao",
        backchannel_logout_uri="https://app.example.org/back",
        frontchannel_logout_uri="https://app.example.org/front",
    )
    metadata = (await stored(services, path)).metadata
    assert metadata.post_logout_redirect_uris == (
        "https://app.example.org/bye",
        "https://app.example.org/ciao",
    )
    await save(ann, path, "branding", name="Another name")
    assert (await stored(services, path)).metadata == metadata, "what the form showed stays"
    refused = await ann.submit(f"{path}/sign-in", frontchannel_logout_uri="https://evil.example/")
    assert refused.status_code == 422
    assert "Must have the host of one of the redirect URIs." in refused.text
    await save(ann, path, "sign-in", backchannel_logout_uri="")
    assert (await stored(services, path)).metadata.backchannel_logout_uri == ""


async def test_claims_in_the_id_token_are_chosen_kept_and_taken_back(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    await save(ann, path, "sign-in", claims="1")
    assert (await stored(services, path)).metadata.include_claims_in_id_token
    await save(ann, path, "branding", name="Another name")
    assert (await stored(services, path)).metadata.include_claims_in_id_token
    await save(ann, path, "sign-in", claims=[])
    assert not (await stored(services, path)).metadata.include_claims_in_id_token


async def test_an_application_that_acts_only_as_itself_needs_no_redirect_uri(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann, redirect_uris="", kind="service")
    client = await stored(services, path)
    assert client.grant_types == {"client_credentials"}
    assert client.response_types == frozenset()
    page = (await ann.get(path)).text
    assert "grant_type=client_credentials" in page
    await save(ann, path, "sign-in", redirect_uris=CALLBACK)
    client = await stored(services, path)
    assert client.grant_types == {"client_credentials", "authorization_code", "refresh_token"}
    assert client.response_types == {"code"}


async def test_faults_are_reported_together_and_what_was_entered_is_kept(ann: Visitor) -> None:
    response = await ann.submit(
        "/developers/new",
        name=" ",
        redirect_uris="http://app.example.org/cb",
        scope=["email"],
        kind="browser",
    )
    assert response.status_code == 422
    for field in ("name", "redirect_uris"):
        assert f'id="{field}-error"' in response.text
    assert "http://app.example.org/cb" in response.text
    assert re.search(r'value="email" checked', response.text)
    assert not re.search(r'value="basic" checked', response.text)
    assert re.search(r'value="browser" checked', response.text)
    path = await create(ann)
    response = await ann.submit(f"{path}/branding", name=" ", policy_uri="javascript:alert(1)")
    assert response.status_code == 422
    for field in ("name", "policy_uri"):
        assert f'id="{field}-error"' in response.text


@pytest.mark.parametrize(
    "more",
    [
        {"first_party": "1", "resource_server": "1"},
        {"response_types": "token"},
        {"grant_types": "password"},
        {"token_format": "jwt"},
    ],
)
async def test_a_person_gets_nothing_that_only_the_operator_may_give(
    services: AccountServices, ann: Visitor, more: dict[str, str]
) -> None:
    client = await stored(services, await create(ann, **more))
    assert not client.first_party
    assert not client.resource_server
    assert client.response_types == {"code"}
    assert client.token_format == "opaque"


async def test_an_unknown_scope_is_refused(ann: Visitor) -> None:
    response = await ann.submit("/developers/new", name="A", redirect_uris=CALLBACK, scope=["root"])
    assert response.status_code == 422


async def test_the_page_of_an_application_shows_calls_that_run_with_its_id(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    client = await stored(services, path)
    page = (await ann.get(path)).text
    assert f"https://id.example.org/api/v2/oauth/authorize?client_id={client.id}&amp;" in page
    assert "code_challenge_method=S256" in page
    assert f"-u {client.id}:CLIENT_SECRET" in page


async def test_changes_are_saved_and_what_only_the_operator_gave_is_kept(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    client = await site.register(None, first_party=True, token_format="jwt")
    await services.stores.clients.replace_client(
        Client(**{**{f: getattr(client, f) for f in client.__slots__}, "owner_id": user.id})
    )
    path = f"/developers/apps/{client.id}"
    await save(ann, path, "branding", name="Renamed")
    await save(ann, path, "scopes", scope=["basic"])
    edited = await stored(services, path)
    assert edited.name == "Renamed"
    assert edited.scope == {"basic"}
    assert edited.first_party
    assert edited.token_format == "jwt"
    assert edited.secret == client.secret


async def test_a_page_from_before_another_change_does_not_undo_it(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    stale = await ann.form(f"{path}/branding")
    await save(ann, path, "branding", name="From the other window")
    response = await ann.http.post(f"{path}/branding", data={**stale, "name": "From this window"})
    assert response.status_code == 409
    assert "From this window" in response.text
    assert (await stored(services, path)).name == "From the other window"


@pytest.mark.parametrize(
    ("chosen", "overlap"),
    [("0", None), ("1h", timedelta(hours=1)), ("24h", timedelta(1)), ("7d", timedelta(7))],
)
async def test_a_new_secret_is_shown_and_the_old_one_works_on_as_chosen(
    services: AccountServices, ann: Visitor, chosen: str, overlap: timedelta | None
) -> None:
    path = await create(ann)
    old = await stored(services, path)
    await ann.get(path)
    response = await ann.submit(f"{path}/secret", overlap=chosen)
    assert response.status_code == 303
    found = SECRET.findall((await ann.get(path)).text)
    new = await stored(services, path)
    assert old.secret is not None
    assert new.secret is not None
    assert digest(found[0]) == new.secret.digest != old.secret.digest
    if overlap is None:
        assert new.previous_secret is None
    else:
        assert new.previous_secret is not None
        assert new.previous_secret.digest == old.secret.digest
        assert new.previous_secret.expires_at == services.clock.now() + overlap


@pytest.mark.parametrize("chosen", ["", "1y", "-1"])
async def test_an_overlap_that_is_not_offered_is_refused(ann: Visitor, chosen: str) -> None:
    path = await create(ann)
    response = await ann.submit(f"{path}/secret", overlap=chosen)
    assert response.status_code == 422


async def test_a_logo_is_known_by_its_content_and_served_as_nothing_else(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    client = await stored(services, path)
    assert (await ann.get(f"/logos/{client.id}")).status_code == 404
    response = await ann.upload(f"{path}/branding", f"{path}/logo", PNG)
    assert response.status_code == 303
    logo = await ann.get(f"/logos/{client.id}")
    assert logo.content == PNG
    assert logo.headers["content-type"] == "image/png"
    assert logo.headers["x-content-type-options"] == "nosniff"
    assert logo.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert f'src="/logos/{client.id}"' in (await ann.get("/developers")).text


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"GIF89a" + bytes(40),
        b"",
        PNG + bytes(256 * 1024),
    ],
)
async def test_an_invalid_picture_is_refused_next_to_its_field(ann: Visitor, data: bytes) -> None:
    path = await create(ann)
    response = await ann.upload(f"{path}/branding", f"{path}/logo", data)
    assert response.status_code == 422
    assert 'id="logo-error"' in response.text


async def test_a_logo_is_removed_by_its_button(services: AccountServices, ann: Visitor) -> None:
    path = await create(ann)
    client = await stored(services, path)
    await ann.upload(f"{path}/branding", f"{path}/logo", PNG)
    csrf = (await ann.form(f"{path}/branding"))["csrf"]
    response = await ann.http.post(f"{path}/logo", data={"csrf": csrf, "action": "remove"})
    assert response.status_code == 303
    assert (await ann.get(f"/logos/{client.id}")).status_code == 404


async def test_deleting_asks_first_and_lists_what_ends(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    page = await ann.get(f"{path}/danger")
    assert "All its access and refresh tokens stop working." in page.text
    await stored(services, path)
    response = await ann.submit(f"{path}/danger")
    assert response.headers["location"] == "/developers"
    assert (await ann.get(path)).status_code == 404


async def test_an_application_of_another_person_does_not_exist_here(
    site: Site, services: AccountServices, ann: Visitor
) -> None:
    bob = await services.member("bob@example.org")
    client = await site.register(bob)
    path = f"/developers/apps/{client.id}"
    csrf = (await ann.form("/account/profile"))["csrf"]
    for tab in TABS:
        assert (await ann.get(path + tab.path)).status_code == 404, tab
    assert (await ann.get(f"{path}/secret")).status_code == 404
    for sub in ("/sign-in", "/scopes", "/branding", "/keys", "/logo", "/secret", "/danger"):
        response = await ann.http.post(path + sub, data={"csrf": csrf, "overlap": "0"})
        assert response.status_code == 404, sub
    assert await services.stores.clients.client(client.id) == client


async def test_the_fields_that_the_check_names_make_the_application_meet_fapi_2(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann)
    await save(ann, path, "keys", jwks=KEY_SET)
    await save(
        ann,
        path,
        "sign-in",
        token_endpoint_auth_method="private_key_jwt",
        dpop_bound_access_tokens="1",
    )
    page = (await ann.get(f"{path}/sign-in")).text
    assert page.count("Nothing is missing.") == 3
    await save(ann, path, "sign-in", profile="fapi2_message_signing")
    client = await stored(services, path)
    assert client.metadata.profile == "fapi2_message_signing"
    assert client.metadata.require_pushed_authorization_requests


async def test_the_preview_is_the_consent_page_without_a_form(
    services: AccountServices, ann: Visitor
) -> None:
    path = await create(ann, scope=["email", "readmeasurements"])
    await save(ann, path, "branding", description="Keeps moods.", homepage_uri=f"{CALLBACK}/home")
    before = await services.stores.clients.client(path.rpartition("/")[2])
    page = await ann.get(f"{path}/branding/preview")
    assert page.status_code == 200
    for shown in ("Allow <bdi>Mood Tracker</bdi>", "Keeps moods.", "Health data", "Made by"):
        assert shown in page.text, shown
    assert "app.example.org" in page.text
    assert "<form" not in page.text
    assert 'type="submit"' not in page.text
    assert "form-action 'self';" in page.headers["content-security-policy"]
    assert await services.stores.clients.client(path.rpartition("/")[2]) == before
    device = await create(ann, kind="device")
    assert (await ann.get(f"{device}/branding/preview")).status_code == 200


async def test_each_tab_is_a_page_with_links_to_all_others(ann: Visitor) -> None:
    path = await create(ann)
    for tab in TABS:
        page = await ann.get(path + tab.path)
        assert page.status_code == 200
        assert f'<a href="{path}{tab.path}" aria-current="page">{tab.title}</a>' in page.text
        for other in TABS:
            assert f'href="{path}{other.path}"' in page.text


async def test_names_are_shown_as_text(ann: Visitor) -> None:
    path = await create(ann, name='<b>Bold</b> & "quoted"')
    for shown in (path, "/developers", f"{path}/danger", f"{path}/secret"):
        assert "<b>Bold" not in (await ann.get(shown)).text


async def test_each_page_of_an_application_has_its_own_title(ann: Visitor) -> None:
    """WCAG 2.2, 2.4.2: a title says what its page is, also among the tabs of a browser."""
    path = await create(ann)
    pages = [path + tab.path for tab in TABS]
    pages += [f"{path}/guides/flask", f"{path}/guides/curl"]
    found = [re.search("<title>([^<]+)</title>", (await ann.get(page)).text) for page in pages]
    titles = [title[1] for title in found if title]
    assert len(set(titles)) == len(pages)
    assert all("Mood Tracker" in title for title in titles)
