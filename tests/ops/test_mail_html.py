"""The HTML part of e-mails: it says what the text says, loads nothing, and escapes all text."""

from html.parser import HTMLParser

import pytest

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.model.events import Mail
from quantimodo.ops.mail_html import html_of
from quantimodo.pages.portal.client_addresses import client_path
from support.emails import ISSUER, every_mail

EMAILS = every_mail()


class Page(HTMLParser):
    """The elements, the attributes and the text of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.text += "\n"

    def handle_data(self, data: str) -> None:
        if self.tags[-1] != "style":
            self.text += data


@pytest.mark.parametrize("mail", EMAILS.values(), ids=EMAILS)
def test_every_email_has_its_text_and_links_as_html(mail: Mail) -> None:
    document = html_of(mail, "Example Health")
    page = Page(document)
    words = " ".join(page.text.split())
    lines = mail.text.replace("-- \n", "").splitlines()
    assert all(" ".join(line.split()) in words for line in lines)
    for line in filter(lambda line: line.startswith("https://"), lines):
        assert line in page.links
        assert page.text.split().count(line) == lines.count(line), "a link stands as text too"
    assert len(document) < 4_500
    # No outside resource, script, form, frame or tracking.
    allowed = {*("html", "head", "meta", "title", "style", "body"), *("div", "h1", "p", "a", "br")}
    assert set(page.tags) <= allowed
    assert page.names <= {"lang", "dir", "charset", "name", "content", "class", "href"}
    assert all(link.startswith(ISSUER) for link in page.links)
    assert "url(" not in document
    assert "color-scheme" in document


@pytest.mark.parametrize("mail", EMAILS.values(), ids=EMAILS)
def test_a_button_is_the_first_link(mail: Mail) -> None:
    document = html_of(mail, "Example Health")
    assert document.count('class="b"') == (1 if mail.action else 0)
    if mail.action:
        assert "https://" in mail.text.partition("-- \n")[0]


def test_texts_of_others_are_escaped() -> None:
    mail = Mail(to="a@example.org", subject="<i>x</i>", text="<script>\n\nhttps://x.example/<b>\n")
    document = html_of(mail, "<Example> & co")
    assert "<script>" not in document
    assert "<i>" not in document
    assert "<b>" not in document
    assert "&lt;Example&gt; &amp; co" in document


def test_an_application_whose_id_is_an_address_has_its_page() -> None:
    client_id = "https://app.example.org/client?a=b"
    emails = EmailTemplates(ISSUER)
    for mail in (
        emails.application_allowed("a@example.org", "App", [], client_id),
        emails.first_read("a@example.org", "App", client_id),
    ):
        assert f"\n{ISSUER}{client_path(client_id)}\n" in mail.text
