"""What a row of the table in `endpoints.py` has."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

GET: Final = frozenset({"GET", "HEAD"})


class EndpointKind(Enum):
    """How an endpoint responds to errors; `app/requests/error_table.py` has a column for
    each but the last.

    API: `error` and `error_description` (RFC 6749 §5.2), a challenge of RFC 6750 §3 for resources.
    ENVELOPE: the login envelope (v2-api.md §4). SECURITY_EVENT: RFC 8935 §2.4. PAGE: a page.
    PAGE_OR_ENVELOPE: a page, but the envelope for a caller that accepts JSON only (v2-api.md §5).
    """

    API = auto()
    ENVELOPE = auto()
    SECURITY_EVENT = auto()
    PAGE = auto()
    PAGE_OR_ENVELOPE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEntry:
    """One endpoint. `name` is what metrics and logs call it. The first of `paths` is its own, the
    others are aliases (v2-api.md §1). A path may end with a `{name}`: the last part of the address.

    `group`: that of its durations in the statistics (`ops/request_counts.py`); empty for an
    endpoint in the browser, which counts as a page, and for one of the operator's programs, whose
    requests would hide those of people. `title`: what the logs of applications call it; empty for
    an endpoint whose refusals are not in them.
    `member`: its member of the metadata of the server. `authenticates`: clients authenticate
    there, so the audience of an assertion may be its address, and they may show a certificate.
    `certificates`: it takes a certificate for a token that is bound to one.

    `kind`: how it responds to errors. `cors`: scripts of any origin may call it, for it looks at no
    cookie. `largest` is that of a body, in bytes. `searches`: GET may take long, and is cancelled
    when the client disconnects. `legacy_get`: it has GET only in legacy transport, because tokens
    are in its addresses.
    """

    name: str
    paths: tuple[str, ...]
    methods: frozenset[str] = GET
    group: str = ""
    title: str = ""
    member: str = ""
    authenticates: bool = False
    certificates: bool = False
    kind: EndpointKind = EndpointKind.API
    cors: bool = True
    largest: int = 65_536
    searches: bool = False
    legacy_get: bool = False

    @property
    def address(self) -> str:
        """Its path for metadata documents: without a `{name}` at the end."""
        return self.paths[0].partition("/{")[0]
