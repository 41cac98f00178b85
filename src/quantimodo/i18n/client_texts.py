"""What an application registered for each language (RFC 7591 §2.2), in the present language."""

from collections.abc import Mapping

from quantimodo.i18n.translation import present_language
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client
from quantimodo.model.languages import LANGUAGES


def client_name(client: Client) -> str:
    """The client's name in the present language, or else the name without a language."""
    return client_text(client, "client_name", client.name)


def client_text(client: Client, member: str, default: str) -> str:
    """The member `member#TAG` for the present language; `default` if there is none."""
    return _for_language(client.metadata, member, present_language().tag) or default


def logos_by_language(metadata: ClientMetadata) -> Mapping[str, str]:
    """The addresses of `logo_uri#TAG`, by tag, of each language of this server."""
    found = {tag: _for_language(metadata, "logo_uri", tag) for tag in LANGUAGES}
    return {tag: uri for tag, uri in found.items() if uri}


def logo_language(client: Client) -> str:
    """The present language, if the application registered a logo for it; else empty."""
    tag = present_language().tag
    return tag if _for_language(client.metadata, "logo_uri", tag) else ""


def _for_language(metadata: ClientMetadata, member: str, tag: str) -> str:
    """The text for this language, which precedes those for its regions, such as `de-AT`; empty if
    there is none."""
    registered = metadata.localized
    if not registered:
        return ""
    found = {
        name.partition("#")[2].lower(): text
        for name, text in registered.items()
        if name.startswith(f"{member}#") and text
    }
    fitting = sorted(each for each in found if each == tag or each.startswith(f"{tag}-"))
    return found[fitting[0]] if fitting else ""
