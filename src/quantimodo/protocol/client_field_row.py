"""What a row of the table of client metadata fields has, and the checks of single values.

The table is `client_fields.py`. The command line, the portal, dynamic registration and the OpenAPI
document are made from it.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from quantimodo.protocol.consent_details import parse_authorization_details
from quantimodo.protocol.errors import InvalidAuthorizationDetails
from quantimodo.protocol.redirects import check_redirect_uri
from quantimodo.protocol.uris import InvalidUri, check_web_address

Kind = Literal["text", "texts", "names", "words", "flag", "number", "seconds", "json", "objects"]
"""`texts`: a tuple of texts, in order. `names`: a set of names. `words`: a set of names that is
one space-separated text in JSON. `number`: a whole number. `seconds`: a whole number or None.
`json`: an object, stored as JSON text. `objects`: an array of objects, stored as JSON text."""
Check = Callable[[Any], Iterator[str]]
Section = Literal[
    "display", "connection", "authentication", "scope", "health", "logout", "advanced", "keys"
]
Control = Literal[
    "line", "url", "area", "scopes", "optional_scopes", "client_type", "check", "choice", "grants"
]

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1000
MOST_REDIRECT_URIS = 50
MOST_ACTORS = 20
LONGEST_CLIENT_ID = 2048
LONGEST_KEY_SET = 65_536
MOST_PER_MINUTE = 10_000_000

# Format characters that words in Persian and Hindi, and emoji, are spelled with.
_JOINERS: Final = frozenset("\u200c\u200d")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of `quantimodo clients create` and `edit`. `flags` has the spellings, if they do
    not follow from the name."""

    name: str
    help: str
    flags: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A field of the form in the developer portal. `section` is its panel, which belongs to a tab
    (`pages/portal/client_form.py`); `text` is the text beside a check box; `options` are the
    values of a choice, each with its text."""

    section: Section
    control: Control
    label: str
    name: str = ""
    text: str = ""
    hint: str = ""
    rows: int = 3
    code: bool = False
    optional: bool = True
    most: int = 0
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What the OpenAPI document has about the member."""

    description: str
    example: Any
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientField:
    """One field of a registered application.

    `name` is the attribute of `Registration` and `Client`, or of `ClientMetadata` if `stored` is
    "document". `wire` is the member of RFC 7591 and OpenID Connect Registration; without one the
    field is a setting of this server, and an application cannot change it for itself. `default` is
    what the client information response has for a field that is not set.
    """

    name: str
    kind: Kind
    stored: Literal["column", "document"] = "document"
    wire: str = ""
    schema: Schema | None = None
    choices: Sequence[str] = ()
    check: Check | None = None
    default: str = ""
    option: Option | None = None
    form: FormField | None = None

    def faults(self, value: Any) -> Iterator[str]:
        """The reasons for which this value cannot be registered, for people."""
        if self.choices:
            values = (value,) if self.kind == "text" else value
            allowed = {*self.choices, ""} if self.kind == "text" else set(self.choices)
            if not set(values) <= allowed:
                yield "may only be of: " + ", ".join(self.choices)
        if self.check is not None:
            yield from self.check(value)


def check_name(name: str) -> Iterator[str]:
    """A name that people can read, without characters that imitate another name."""
    if not any(unicodedata.category(character)[0] in "LNSP" for character in name):
        yield "give the app a name"
    elif len(name) > LONGEST_NAME:
        yield f"must not be longer than {LONGEST_NAME} characters"
    if _has_invisible(name):
        yield "must not have control or direction characters"


def check_description(description: str) -> Iterator[str]:
    """A text of limited length without invisible characters."""
    if len(description) > LONGEST_DESCRIPTION:
        yield f"must not be longer than {LONGEST_DESCRIPTION} characters"
    if _has_invisible(description.replace("\n", "").replace("\t", "")):
        yield "must not have control or direction characters"


def check_link(link: str) -> Iterator[str]:
    """An https address, or http on this machine; empty is accepted."""
    if link:
        yield from _uri_faults(link, check_web_address)


def check_secure_link(link: str) -> Iterator[str]:
    """OpenID Connect Registration §2: https, on this machine too."""
    if link.startswith("http:"):
        yield "must begin with https://"
    else:
        yield from check_link(link)


def check_health_details(text: str) -> Iterator[str]:
    """Details of type `health_measurements` (RFC 9396 §2); empty is accepted."""
    if text:
        try:
            parse_authorization_details(text)
        except InvalidAuthorizationDetails as fault:
            yield fault.description.removeprefix("authorization_details ")


def check_redirect_uris(uris: Sequence[str]) -> Iterator[str]:
    """RFC 6749 §3.1.2, RFC 8252 §7. Each fault names the position, if there are several."""
    if len(uris) > MOST_REDIRECT_URIS:
        yield f"there may be at most {MOST_REDIRECT_URIS}"
        return
    for number, uri in enumerate(uris, start=1):
        prefix = f"number {number} " if len(uris) > 1 else ""
        for fault in _uri_faults(uri, check_redirect_uri):
            yield prefix + fault


def check_actors(clients: Sequence[str]) -> Iterator[str]:
    """Client ids; whether there are such clients, a token exchange finds out."""
    if len(clients) > MOST_ACTORS:
        yield f"there may be at most {MOST_ACTORS}"
    if not all(
        0 < len(each) <= LONGEST_CLIENT_ID and each.isprintable() for each in clients
    ) or any(" " in each for each in clients):
        yield "must be client ids"


def check_logout_redirect_uris(uris: Sequence[str]) -> Iterator[str]:
    """RP-Initiated Logout §3.1."""
    if len(uris) > MOST_REDIRECT_URIS:
        yield f"there may be at most {MOST_REDIRECT_URIS}"
        return
    for uri in uris:
        yield from _uri_faults(uri, check_redirect_uri)


def check_logout_uri(uri: str) -> Iterator[str]:
    """Front-Channel Logout §2, Back-Channel Logout §2.2."""
    if uri:
        yield from _uri_faults(uri, _check_logout_uri)


def check_request_uris(uris: Sequence[str]) -> Iterator[str]:
    """OpenID Connect Registration §2; a fragment is the hash of the document."""
    if len(uris) > MOST_REDIRECT_URIS:
        yield f"there may be at most {MOST_REDIRECT_URIS}"
    for uri in uris[:MOST_REDIRECT_URIS]:
        yield from check_link(uri.partition("#")[0])


def check_key_set(text: str) -> Iterator[str]:
    """A text of limited length; `registration_metadata.py` reads the keys. Empty is accepted."""
    if len(text) > LONGEST_KEY_SET:
        yield f"must not be longer than {LONGEST_KEY_SET} characters"


def check_seconds(value: int | None) -> Iterator[str]:
    """A number of seconds that a 32-bit integer holds."""
    if value is not None and not 0 <= value < 2**31:
        yield "must be a number of seconds"


def check_limit(value: int) -> Iterator[str]:
    """A number of requests per minute; 0 is none for it alone."""
    if not 0 <= value <= MOST_PER_MINUTE:
        yield f"must be a number from 0 to {MOST_PER_MINUTE}"


def refuse_encrypted_requests(value: str) -> Iterator[str]:
    """This server does not decrypt request objects."""
    if value:
        yield "encrypted request objects are not supported"


def _check_logout_uri(uri: str) -> None:
    check_redirect_uri(uri)
    if not uri.startswith(("https:", "http:")):
        raise InvalidUri("must be an https address")


def _uri_faults(uri: str, check: Callable[[str], None]) -> Iterator[str]:
    try:
        check(uri)
    except InvalidUri as fault:
        yield str(fault)


def _has_invisible(text: str) -> bool:
    """Whether it has characters that make a text look like another one, or break it."""
    return any(
        unicodedata.category(character) in _INVISIBLE and character not in _JOINERS
        for character in text
    )
