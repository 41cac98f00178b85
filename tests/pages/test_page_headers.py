"""Every page carries the same protection (security.md §11; v2-api.md §1)."""

import re
from pathlib import Path

import pytest

import quantimodo.pages
from quantimodo.pages.renderer import content_security_policy, form_sources, frame_source
from support.page_site import Site, Visitor

PATHS = [
    "/",
    "/sign-in",
    "/sign-up",
    "/reset",
    "/confirm",
    "/nothing-here",
    "/outbox",
    "/account",
    "/account/sessions",
    "/developers",
    "/developers/new",
    "/developers/apps/unknown",
]
WITH_ONE_HASHED_SCRIPT = ("form_post.html", "response.html")
WITH_A_SHIPPED_SCRIPT = ("check_session.html", "base.html", "reference_try.html")
TEMPLATES = sorted((Path(quantimodo.pages.__file__).parent / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", PATHS)
async def test_each_page_is_private_and_cannot_be_framed_or_scripted(
    ann: Visitor, path: str
) -> None:
    response = await ann.get(path)
    headers = response.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self';" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script[^>]*>", response.text)
    assert ("script-src 'self';" in policy) == bool(scripts)
    assert all(
        re.search(r' src="/static/[a-z]+\.js\?v=[0-9a-f]+" defer>$', each) for each in scripts
    )
    assert policy.count("script-src") == bool(scripts)
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "camera=()" in headers["permissions-policy"]


async def test_a_pop_up_keeps_its_opener_where_people_sign_in_and_nowhere_else(
    ann: Visitor,
) -> None:
    assert (await ann.get("/sign-in")).headers["cross-origin-opener-policy"] == "unsafe-none"
    assert (await ann.get("/account")).headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_style_script_or_handler(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert ("<script" in text) == (
        template.name in (*WITH_ONE_HASHED_SCRIPT, *WITH_A_SHIPPED_SCRIPT)
    )
    assert not re.search(r"(src|href)=\"https?:", text), "nothing is fetched from another host"


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.example.org/cb?x=1", "https://app.example.org"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000"),
        ("org.example.app:/callback", "org.example.app:"),
        ("http://[::1]:3000/cb", "http:"),
        ("https://user@app.example.org/", "https:"),
        ("https://a.example.org;sandbox/", "https:"),
    ],
)
def test_the_origin_of_a_frame_injects_nothing(uri: str, source: str) -> None:
    assert frame_source(uri) == source
    assert f"frame-src {source};" in content_security_policy(frames=[frame_source(uri)])


@pytest.mark.parametrize(
    ("uri", "sources"),
    [
        ("https://app.example.org;sandbox/cb?x=1", "https:"),
        ("http://127.0.0.1:3000/cb", "http: https:"),
        ("org.example.app:/callback", "org.example.app:"),
    ],
)
def test_a_form_may_lead_to_an_application_and_on_from_there(uri: str, sources: str) -> None:
    assert f"form-action 'self' {sources};" in content_security_policy(form_sources(uri))


async def test_the_first_page_needs_no_account(visitor: Visitor) -> None:
    page = await visitor.get("/")
    assert page.status_code == 200
    assert 'href="/sign-up"' in page.text


async def test_an_unknown_path_is_a_page_that_echoes_nothing(visitor: Visitor) -> None:
    page = await visitor.get("/nothing-<b>here</b>?token=marked-secret")
    assert page.status_code == 404
    assert "<h1>There is no such page</h1>" in page.text
    assert "marked-secret" not in page.text
    assert "here</b>" not in page.text


async def test_the_link_to_the_languages_leads_back_without_secrets(visitor: Visitor) -> None:
    """No token of a mailed link, and no parameter that is unknown, gets into another address."""
    page = await visitor.get("/sign-in?token=marked-secret&name=x&return_to=//evil.example")
    assert "/language?return_to=" in page.text
    address = page.text.partition("/language?return_to=")[2].partition('"')[0]
    assert address == "/sign-in%3Fname%3Dx"


async def test_robots_are_kept_out_of_what_is_private(visitor: Visitor) -> None:
    text = (await visitor.get("/robots.txt")).text
    assert "Disallow: /account" in text


async def test_password_managers_find_the_page_that_changes_a_password(visitor: Visitor) -> None:
    response = await visitor.get("/.well-known/change-password")
    assert response.status_code == 303
    assert response.headers["location"] == "/account/security/password"


async def test_there_is_a_security_contact_only_if_the_operator_gave_one(
    site: Site, visitor: Visitor
) -> None:
    assert (await visitor.get("/.well-known/security.txt")).status_code == 404
