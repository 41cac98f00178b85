"""Names that only the operator may give to an application: those that look like the server's own.

What looks alike is decided by Unicode's table of confusable characters (UTS #39), from the library
`confusable-homoglyphs`.
"""

import asyncio
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from quantimodo.model.clients import Client
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.registration import Fault, Registration

_SHORTEST_PART: Final = 6  # a shorter word may be a part of other words: it is compared as a whole
_LOOK_ALIKES: Final = {"rn": "m", "vv": "w", "cl": "d"}  # two letters that look like one


class ReservedNames:
    """The names, as they look. An application may not be called so, or contain a longer one."""

    __slots__ = ("_names",)

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(name for name in names if name)

    def __repr__(self) -> str:
        return f"ReservedNames({', '.join(self._names)})"

    def is_reserved(self, name: str, others: Iterable[str] = ()) -> bool:
        """Whether `name` looks like one of them or of `others`, or contains one of them that has
        six letters.

        The first call loads the table (0.1 s, 10 MB).
        """
        looks = skeleton(name)
        return any(_is_alike(looks, skeleton(own)) for own in self._names) or any(
            looks == skeleton(other) for other in others
        )


def reserved_names(issuer: str, *services: str) -> ReservedNames:
    """The names of the product and the service, and the host of the issuer, unless that is local or
    an IP address."""
    host = urlsplit(issuer).hostname or ""
    return ReservedNames(dict.fromkeys((*services, "" if _is_local(host) else host)))


NO_NAMES: Final = ReservedNames(())


async def name_faults(
    reserved: ReservedNames, clients: ClientStore, requested: Registration, before: Client | None
) -> Sequence[Fault]:
    """A fault if a requested name that the application does not have yet looks like
    the server's or a first-party application's."""
    names = _names_of(requested) - (_names_of(before) if before else set())
    if not names or (before is not None and before.first_party):
        return ()
    others = await clients.first_party_names()
    # The first call loads a table: the event loop does not wait for it.
    if await asyncio.to_thread(lambda: any(reserved.is_reserved(name, others) for name in names)):
        return (Fault("name", "looks like a name of this server or of its apps; choose another"),)
    return ()


def _names_of(registration: Registration | Client) -> set[str]:
    localized = registration.metadata.localized.items()
    return {registration.name, *(text for key, text in localized if key.startswith("client_name#"))}


def skeleton(text: str) -> str:
    """Equal for texts that look alike: letters and digits only, without accents and case."""
    table = _table()
    plain = unicodedata.normalize("NFKD", text)
    looks = "".join(table.get(one, one) for one in plain).casefold()
    looks = "".join(table.get(one, one) for one in unicodedata.normalize("NFKD", looks))
    looks = re.sub(r"[\W_]", "", looks)
    for look_alike, usual in _LOOK_ALIKES.items():
        looks = looks.replace(look_alike, usual)
    return looks


def _is_alike(looks: str, own: str) -> bool:
    return own in looks if len(own) >= _SHORTEST_PART else own == looks


def _is_local(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return True


@cache
def _table() -> Mapping[str, str]:
    """Each character that looks like a letter or digit of ASCII, with the one that stands for all
    that look so."""
    # Loaded when first needed: most workers register no application.
    data = import_module("confusable_homoglyphs.confusables").confusables_data
    leader: dict[str, str] = {}

    def lead(one: str) -> str:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for character, alike in data.items():
        for each in (entry["c"].strip("\u200e") for entry in alike):
            if len(character) == 1 and len(each) == 1:
                leader[lead(each)] = lead(character)
    for character in "abcdefghijklmnopqrstuvwxyz":
        # A capital is drawn differently, and is the same character.
        leader[lead(character.upper())] = lead(character)
    classes = {lead(one): one for one in "abcdefghijklmnopqrstuvwxyz0123456789"[::-1]}
    return {one: classes[lead(one)] for one in tuple(leader) if lead(one) in classes}
