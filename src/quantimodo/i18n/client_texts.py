"""What an application registered for each language (RFC 7591 §2.2), in the present language."""

from quantimodo.i18n.translation import present_language
from quantimodo.model.clients import Client


def client_name(client: Client) -> str:
    """Its name in the present language, or else the one without a language."""
    return client_text(client, "client_name", client.name)


def client_text(client: Client, member: str, default: str) -> str:
    """The member `member#TAG` for the present language; `default` if there is none. The language
    itself precedes those of a region, such as `de-AT`."""
    registered = client.metadata.localized
    if not registered:
        return default
    tag = present_language().tag
    found = {
        name.partition("#")[2].lower(): text
        for name, text in registered.items()
        if name.startswith(f"{member}#") and text
    }
    fitting = sorted(each for each in found if each == tag or each.startswith(f"{tag}-"))
    return found[fitting[0]] if fitting else default
