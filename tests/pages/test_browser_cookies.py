"""Cookies and the proof that a form is ours (security.md §11, §12, §18, §19)."""

import httpx
import pytest

from quantimodo.model.users import User
from quantimodo.pages.cookie_names import cookie_prefix
from support.account_services import ADDRESS, ISSUER, PASSWORD, AccountServices
from support.page_site import Site, Visitor, build


def cookie(response: httpx.Response, name: str) -> str:
    return next(
        line for line in response.headers.get_list("set-cookie") if line.startswith(f"{name}=")
    )


async def test_cookies_over_https_are_host_bound_secure_and_out_of_reach_of_scripts(
    visitor: Visitor, user: User
) -> None:
    page = await visitor.get("/sign-in")
    response = await visitor.sign_in("ann@example.org", PASSWORD)
    for line in (
        cookie(page, "__Host-quantimodo_browser"),
        cookie(response, "__Host-quantimodo_session"),
    ):
        attributes = line.casefold()
        assert "; secure" in attributes
        assert "; httponly" in attributes
        assert "; samesite=lax" in attributes
        assert "; path=/" in attributes
        assert "domain" not in attributes


async def test_on_plain_loopback_they_have_no_prefix_and_are_not_secure(
    services: AccountServices, user: User
) -> None:
    async with build(services, origin="http://127.0.0.1:8000").visitor() as visitor:
        page = await visitor.get("/sign-in")
        assert "secure" not in cookie(page, "quantimodo_8000_browser").casefold()
        response = await visitor.sign_in("ann@example.org", PASSWORD)
        assert "secure" not in cookie(response, "quantimodo_8000_session").casefold()
        assert (await visitor.get("/account")).status_code == 200


async def test_a_session_has_a_new_cookie_at_each_sign_in_and_the_old_one_is_invalid(
    site: Site, ann: Visitor
) -> None:
    old = ann.http.cookies["__Host-quantimodo_session"]
    await ann.sign_in("ann@example.org", PASSWORD)
    assert ann.http.cookies["__Host-quantimodo_session"] != old
    async with site.visitor() as attacker:
        attacker.http.cookies.set("__Host-quantimodo_session", old, domain="id.example.org")
        assert (await attacker.get("/account")).status_code == 303


@pytest.mark.parametrize(
    "value", ["", "qmz_", "qmz_" + "!" * 48, "qmz_" + "A" * 47 + "=", "x" * 5000, "qmz_" + "A" * 48]
)
async def test_a_malformed_session_cookie_is_as_if_absent(visitor: Visitor, value: str) -> None:
    response = await visitor.http.get(
        "/account", headers={"cookie": f"__Host-quantimodo_session={value}"}
    )
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in")


async def test_raw_bytes_in_cookies_do_no_harm(visitor: Visitor) -> None:
    for raw in (
        b"\xff\xfe=\x80; ;;==",
        b'__Host-quantimodo_session="\\',
        b"__Host-quantimodo_notice=%ff%00",
    ):
        response = await visitor.http.get("/sign-in", headers={"cookie": raw})
        assert response.status_code == 200


async def test_a_form_without_its_proof_changes_nothing(ann: Visitor) -> None:
    response = await ann.http.post("/account/profile", data={"name": "Mallory"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.text
    assert "Mallory" not in (await ann.get("/account/profile")).text


async def test_the_proof_of_one_browser_is_none_in_another(site: Site, ann: Visitor) -> None:
    async with site.visitor() as other:
        proof = (await other.form("/sign-in"))["csrf"]
    response = await ann.http.post("/account/profile", data={"name": "M", "csrf": proof})
    assert response.status_code == 403


async def test_a_proof_from_before_the_sign_in_is_none_after_it(
    visitor: Visitor, user: User
) -> None:
    before = (await visitor.form("/sign-in"))["csrf"]
    await visitor.sign_in("ann@example.org", PASSWORD)
    response = await visitor.http.post("/account/profile", data={"name": "M", "csrf": before})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.org"},
        {"origin": "http://id.example.org"},
        {"origin": "https://id.example.org.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ],
)
async def test_a_form_from_elsewhere_is_refused_even_with_its_proof(
    ann: Visitor, headers: dict[str, str]
) -> None:
    fields = await ann.form("/account/profile")
    response = await ann.http.post("/account/profile", data=fields, headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ISSUER, "sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {},
    ],
)
async def test_a_form_of_ours_is_taken_as_browsers_send_it(
    ann: Visitor, headers: dict[str, str]
) -> None:
    fields = await ann.form("/account/profile")
    response = await ann.http.post("/account/profile", data=fields, headers=headers)
    assert response.status_code == 303


async def test_a_page_for_members_leads_a_stranger_to_sign_in_and_back(
    visitor: Visitor, user: User
) -> None:
    response = await visitor.get("/developers/new?x=1")
    assert response.status_code == 303
    path = response.headers["location"]
    assert path == "/sign-in?return_to=/developers/new%3Fx%3D1"
    fields = await visitor.form(path, "/sign-in")
    response = await visitor.http.post(
        "/sign-in", data={**fields, "username": "ann@example.org", "password": PASSWORD}
    )
    assert response.status_code == 303
    assert response.headers["location"] == "/developers/new?x=1"


async def test_a_notice_is_shown_once_and_only_our_own_words(ann: Visitor) -> None:
    await ann.submit("/account/profile", name="Ann Other")
    assert "Your name is saved." in (await ann.get("/account/profile")).text
    assert "Your name is saved." not in (await ann.get("/account/profile")).text
    ann.http.cookies.set(
        "__Host-quantimodo_notice", "%3Cb%3Ecall+this+number", domain="id.example.org"
    )
    page = await ann.get("/account/profile")
    assert "call this number" not in page.text
    assert "call+this+number" not in page.text


async def test_the_address_is_the_one_of_the_connection(ann: Visitor, user: User) -> None:
    page = await ann.http.get("/account/sessions", headers={"x-forwarded-for": "203.0.113.9"})
    assert ADDRESS in page.text
    assert "203.0.113.9" not in page.text


@pytest.mark.parametrize(
    ("origin", "prefix"),
    [
        ("https://id.example.org", "__Host-quantimodo_"),
        ("https://id.example.org:443", "__Host-quantimodo_"),
        ("https://127.0.0.1:8443", "__Host-quantimodo_8443_"),
        ("http://127.0.0.1:8000", "quantimodo_8000_"),
        ("http://127.0.0.1:9000", "quantimodo_9000_"),
        ("http://[::1]:9000", "quantimodo_9000_"),
        ("http://localhost", "quantimodo_"),
    ],
)
def test_names_of_cookies_are_specific_to_this_server_and_port(origin: str, prefix: str) -> None:
    assert cookie_prefix(origin) == prefix


async def test_cookies_of_other_applications_are_left_alone(
    services: AccountServices, user: User
) -> None:
    """RFC 6265 §8.5: the names that Flask and Starlette choose, and a second server's."""
    others = {"session": "another", "browser": "another", "quantimodo_9000_session": "another"}
    async with build(services, origin="http://127.0.0.1:8000").visitor() as visitor:
        for name, value in others.items():
            visitor.http.cookies.set(name, value, domain="127.0.0.1", path="/")
        await visitor.sign_in("ann@example.org", PASSWORD)
        assert (await visitor.get("/account")).status_code == 200
        assert others.items() <= dict(visitor.http.cookies).items()
        await visitor.submit("/account", "/sign-out")
        assert others.items() <= dict(visitor.http.cookies).items()
        assert "quantimodo_8000_session" not in visitor.http.cookies
