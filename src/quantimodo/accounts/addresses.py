"""Checks and normalizes e-mail addresses, names and local paths that people and browsers send.

Pure. Only an e-mail can show whether a mailbox exists and whose it is.
"""

import unicodedata
from urllib.parse import quote

from quantimodo.accounts.errors import InvalidInput
from quantimodo.model.texts import N_

# RFC 5321 §4.5.3.1: what a mail server must be able to take.
_LONGEST_EMAIL = 254
_LONGEST_LOCAL_PART = 64
_LONGEST_LABEL = 63
_LONGEST_NAME = 100
_LONGEST_PATH = 4096
_ACCOUNT = "/account"

_ATEXT = frozenset("!#$%&'*+-/=?^_`{|}~")  # RFC 5322 §3.2.3, beside letters and digits
_JOINERS = "\u200c\u200d"
# RFC 5892: IDNA 2003 and 2008 read these differently, so that one name is two mail domains.
_DEVIATIONS = frozenset("ßς" + _JOINERS)
_NO_ADDRESS = "@"


def email_address(text: str) -> str:
    """The address in its stored form: NFC, the domain in lower-case ASCII (IDNA).

    Full-width characters are what East Asian keyboards give for ASCII (RFC 8265 §3.3.1). Other
    compatibility characters are refused, not mapped: the mapped address belongs to another person.
    Raises `InvalidInput` for the field `email`.
    """
    if len(text) > 4 * _LONGEST_EMAIL:
        raise _not_an_address()
    # security.md §23: normalised before it is checked; a full-width ＠ is an @ from here on.
    return _checked(unicodedata.normalize("NFC", "".join(map(_of_usual_width, text))).strip())


def _checked(text: str) -> str:
    if unicodedata.normalize("NFKC", text) != text:
        raise _not_an_address()
    local, at, domain = text.rpartition("@")
    address = f"{local}@{_ascii_domain(domain)}"
    if not at or len(address.encode("utf-8", "replace")) > _LONGEST_EMAIL:
        raise _not_an_address()
    if not _is_local_part(local):
        raise _not_an_address()
    return address


def presented_email(text: str) -> str:
    """The address that was typed to sign in. For text that is no address, one that no account
    has."""
    try:
        return email_address(text)
    except InvalidInput:
        return _NO_ADDRESS


def person_name(text: str) -> str:
    """A display name: trimmed, with runs of spaces collapsed. Raises `InvalidInput` for `name`."""
    if not all(_is_visible(character) for character in text):
        raise InvalidInput("name", N_("Use letters, digits and punctuation only in the name."))
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name.strip(_JOINERS):
        raise InvalidInput("name", N_("Enter a name."))
    if len(name) > _LONGEST_NAME:
        raise InvalidInput(
            "name",
            N_("Use a name of at most %(longest)s characters.", longest=_LONGEST_NAME),
        )
    return name


def known_email(text: str | None) -> str | None:
    """The address that a provider gives, unchanged except for surrounding spaces, NFC and the case
    of the domain; None without one, and for one that is not valid."""
    if text is None or len(text) > 4 * _LONGEST_EMAIL:
        return None
    try:
        return _checked(unicodedata.normalize("NFC", text).strip())
    except InvalidInput:
        return None


def shown_name(text: str, email: str | None) -> str:
    """The name that a provider gives, without characters that cannot be shown; never empty."""
    visible = "".join(one if _is_visible(one) else " " for one in text[: 4 * _LONGEST_NAME])
    name = " ".join(unicodedata.normalize("NFC", visible).split())[:_LONGEST_NAME].strip()
    if not name.strip(_JOINERS):
        name = email.partition("@")[0] if email else "New person"
    return name


def local_path(text: str) -> str:
    """`text` if it is a path on this server (query included), else the account page.

    A browser reads `//host`, `/\\host` and a path with a tab in it as another server.
    """
    printable = all("!" <= character <= "~" for character in text)
    if not printable or "\\" in text or len(text) > _LONGEST_PATH:
        return _ACCOUNT
    return text if text.startswith("/") and not text.startswith("//") else _ACCOUNT


def with_return_to(page: str, return_to: str) -> str:
    """The address of `page` that leads on to `return_to`, a local path."""
    return f"{page}?return_to={quote(return_to, safe='/')}"


def _of_usual_width(character: str) -> str:
    if unicodedata.east_asian_width(character) not in ("F", "H"):
        return character
    return unicodedata.normalize("NFKC", character)


def _is_local_part(local: str) -> bool:
    atoms = local.split(".")
    return len(local.encode("utf-8", "replace")) <= _LONGEST_LOCAL_PART and all(
        atom and all(_is_atom_character(character) for character in atom) for atom in atoms
    )


def _is_atom_character(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in _ATEXT
    return unicodedata.category(character)[0] in "LMN"  # letters, marks, numbers


def _ascii_domain(domain: str) -> str:
    if not _DEVIATIONS.isdisjoint(domain):
        raise InvalidInput("email", N_("Write the domain of the address in its xn-- form."))
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        raise _not_an_address() from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(map(_is_label, labels)):
        raise _not_an_address()
    return ascii_domain


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= _LONGEST_LABEL
        and label.replace("-", "").isalnum()
        and not label.startswith("-")
        and not label.endswith("-")
    )


def _is_visible(character: str) -> bool:
    # Controls, overrides of the writing direction, lone surrogates, private use: all of C, except
    # the joiners that Persian and Indic names, and emoji, need. No line or paragraph ends.
    category = unicodedata.category(character)
    return character in _JOINERS or (category[0] != "C" and category not in ("Zl", "Zp"))


def _not_an_address() -> InvalidInput:
    return InvalidInput("email", N_("Enter an e-mail address such as name@example.org."))
