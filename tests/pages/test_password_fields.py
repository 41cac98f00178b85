"""Password managers can fill in and store every password (OWASP ASVS §6.2.7), and paste works."""

import re
from pathlib import Path

import pytest

import quantimodo.pages
from quantimodo.pages.renderer import PAGES_OF_SCRIPTS
from support.account_services import PASSWORD, AccountServices
from support.page_site import Visitor

PAGES = Path(quantimodo.pages.__file__).parent
EXPECTED = {
    "/sign-in": ["username webauthn", "current-password"],
    "/sign-up": ["name", "username", "new-password"],
    "/account/security/password": ["username", "current-password", "new-password"],
    "/account/security/email": ["email", "username", "current-password"],
    "/account/delete": ["username", "current-password"],
}


@pytest.mark.parametrize("path", EXPECTED)
async def test_each_field_says_what_it_is_for(visitor: Visitor, ann: Visitor, path: str) -> None:
    page = await (ann if path.startswith("/account") else visitor).get(path)
    assert re.findall(r'<input[^>]* autocomplete="([^"]+)"', page.text) == EXPECTED[path]
    passwords = re.findall(r'<input[^>]*type="password"[^>]*>', page.text)
    assert len(passwords) == sum(each.endswith("password") for each in EXPECTED[path])
    for each in passwords:
        assert " maxlength=" not in each, "a long password would be cut when it is pasted"
        assert " value=" not in each
    assert len(page.content) < 60_000


async def test_a_person_is_named_by_the_address_that_signs_in(
    services: AccountServices, visitor: Visitor
) -> None:
    """Also while it is not confirmed: applications see the subject instead, the person does not."""
    bob = await services.member("bob@example.org", verified=False)
    await visitor.sign_in("bob@example.org", PASSWORD)
    for path in ("/sign-in", "/sign-out", "/account/security/password", "/account/delete"):
        page = await visitor.get(path)
        assert "bob@example.org" in page.text, path
        assert bob.subject not in page.text, path


@pytest.mark.parametrize("name", ["confirm", "reset_new", "account_first_password"])
def test_a_page_that_only_sets_a_password_names_the_account(name: str) -> None:
    text = (PAGES / "templates" / f"{name}.html").read_text()
    assert 'autocomplete="username"' in text
    assert "new_password(form" in text


def test_each_page_with_a_password_has_the_script_and_no_other_page() -> None:
    # Each such template has a field of this kind; the renderer has the list.
    with_field = {
        template.name
        for template in (PAGES / "templates").glob("*.html")
        if re.search(r'new_password\(form|"password", ', template.read_text())
    }
    assert set(PAGES_OF_SCRIPTS["password.js"]) == with_field


def test_the_script_is_small_and_reads_no_clipboard() -> None:
    script = (PAGES / "static" / "password.js").read_text()
    assert len(script) < 4_000
    assert "paste" not in script
    assert "fetch" not in script
