"""The domain that runs an application, as the operator checked it.

Pure. It is apart from the review: a review says that the operator read what the application does,
a verified domain says who it is.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

_LONGEST: Final = 253
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_TEXTS: Final = ("name", "homepage_uri", "policy_uri", "tos_uri")


def check_domain(domain: str) -> Iterator[str]:
    """A domain name in lower-case ASCII; "" is none."""
    if domain and (len(domain) > _LONGEST or not _DOMAIN.fullmatch(domain)):
        yield "must be a domain name in lower case, such as example.org"


def is_of_domain(registration: Any, domain: str) -> bool:
    """Whether an https address of the registration, or of the client, is at this domain."""
    addresses = {*registration.redirect_uris, registration.homepage_uri, registration.policy_uri}
    hosts = {_host(uri) for uri in addresses if urlsplit(uri).scheme == "https"}
    return any(host == domain or host.endswith(f".{domain}") for host in hosts)


def keeps_domain(client: Any, registration: Any) -> bool:
    """Whether people still see the application whose domain was checked: the same names and
    documents, an address at the domain, and no redirect URI at another host than before.
    `Registry.set_logo` compares the picture."""
    return (
        all(getattr(client, name) == getattr(registration, name) for name in _TEXTS)
        and client.metadata.localized == registration.metadata.localized
        and is_of_domain(registration, client.metadata.verified_domain)
        and _origins(registration.redirect_uris) <= _origins(client.redirect_uris)
    )


def _origins(uris: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(urlsplit(uri).scheme, _host(uri)) for uri in uris}


def _host(uri: str) -> str:
    try:
        return (urlsplit(uri).hostname or "").rstrip(".")
    except ValueError:
        return ""
