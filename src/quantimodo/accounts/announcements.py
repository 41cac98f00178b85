"""Announcements: the operator adds and removes them, and pages show the current ones.

Each process reads them at most once in ten seconds, so pages cost no read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar, get_args
from urllib.parse import urlsplit

from quantimodo.accounts.errors import DomainError, Faults, InvalidInput
from quantimodo.model.admin_actions import Authority
from quantimodo.model.announcements import Announcement, Audience, Level, NewAnnouncement
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.texts import N_
from quantimodo.ports.admin_stores import AdminLog
from quantimodo.ports.announcement_store import AnnouncementStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Unavailable

T = TypeVar("T")

FRESH: Final = timedelta(seconds=10)
MOST: Final = 20
_LONGEST_TEXT: Final = 300
_LONGEST_LINK: Final = 500
_LONGEST_TIME: Final = timedelta(days=366)
_KEPT: Final = timedelta(days=30)
_LEVELS: Final[Mapping[str, Level]] = {each: each for each in get_args(Level)}
_AUDIENCES: Final[Mapping[str, Audience]] = {each: each for each in get_args(Audience)}
_TOO_MANY: Final = N_("There are too many announcements. Remove those that are not needed.")
_GONE: Final = N_("This announcement is removed already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An announcement as it was typed; `texts` are by language, empty ones are left out."""

    level: str
    audience: str
    texts: Mapping[str, str]
    link: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Announcements:
    """Each change is recorded in the log of actions before it is made."""

    store: AnnouncementStore
    admin_log: AdminLog
    clock: Clock

    async def add(self, draft: Draft, by: Authority) -> int:
        """Store an announcement, and return its number. Raises `InvalidInput`, and `DomainError` if
        there are too many."""
        announcement = self._checked(draft)
        summary = next(iter(announcement.texts.values()))
        await self.admin_log.record(by, "announcement.add", detail=summary)
        number = await self.store.add_announcement(announcement, MOST)
        if number is None:
            raise DomainError(_TOO_MANY)
        return number

    async def delete(self, number: int, by: Authority) -> None:
        """Delete an announcement. Pages stop showing it within seconds. Raises `DomainError` if
        there is none with this number."""
        await self.admin_log.record(by, "announcement.remove", detail=str(number))
        if not await self.store.delete_announcement(number):
            raise DomainError(_GONE)

    async def all(self) -> Sequence[Announcement]:
        """The future and the current announcements, and those that ended in the last month."""
        return await self.store.announcements(self.clock.now() - _KEPT, 10 * MOST)

    def _checked(self, draft: Draft) -> NewAnnouncement:
        now, faults = self.clock.now(), Faults()
        texts: dict[str, str] = {}
        for language, text in draft.texts.items():
            with faults.collected():
                if text.strip():
                    texts[_language(language)] = _text(f"text_{language}", text)
        with faults.collected():
            if not texts and not any(text.strip() for text in draft.texts.values()):
                raise InvalidInput("text_en", N_("Write a text in at least one language."))
        with faults.collected():
            link = _link(draft.link)
        with faults.collected():
            if draft.ends_at <= max(now, draft.starts_at):
                raise InvalidInput("ends_at", N_("The end must be in the future, after the start."))
            if draft.ends_at - now > _LONGEST_TIME:
                raise InvalidInput("ends_at", N_("The end must be within a year."))
        faults.check()
        return NewAnnouncement(
            level=_chosen("level", draft.level, _LEVELS),
            audience=_chosen("audience", draft.audience, _AUDIENCES),
            texts=texts,
            link=link,
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            created_at=now,
        )


@dataclass(slots=True)
class _LastRead:
    at: datetime | None = None
    found: Sequence[Announcement] = ()


@dataclass(frozen=True, slots=True)
class CurrentAnnouncements:
    """The current announcements, as the database had them at most ten seconds ago."""

    store: AnnouncementStore
    clock: Clock
    _last: _LastRead = field(default_factory=_LastRead, repr=False)

    async def refresh(self) -> None:
        """Read them again, if the last read is older. If the database is unavailable, the last ones
        stay."""
        now = self.clock.now()
        if self._last.at is not None and timedelta(0) <= now - self._last.at < FRESH:
            return
        self._last.at = now  # first, so that concurrent requests do not read as well
        try:
            self._last.found = await self.store.announcements(now, 2 * MOST)
        except Unavailable:
            return

    def now(self) -> Sequence[Announcement]:
        """The announcements whose time includes the present moment, newest first."""
        now = self.clock.now()
        return [each for each in self._last.found if each.starts_at <= now < each.ends_at]


def _language(name: str) -> str:
    if name not in LANGUAGES:
        raise InvalidInput(f"text_{name}", N_("This language is not offered."))
    return name


def _text(name: str, text: str) -> str:
    text = " ".join(text.split())
    if not text.isprintable() or len(text) > _LONGEST_TEXT:
        raise InvalidInput(
            name,
            N_("Write one line of at most %(longest)s characters.", longest=_LONGEST_TEXT),
        )
    return text


def _link(text: str) -> str:
    text = text.strip()
    fault = InvalidInput(
        "link", N_("Use an https address, or a path of this server such as /docs.")
    )
    if not text:
        return ""
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _LONGEST_LINK:
        raise fault
    local = text.startswith("/") and not text.startswith("//") and "\\" not in text
    try:
        parts = urlsplit(text)
        remote = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        raise fault from None
    if not local and not remote:
        raise fault
    return text


def _chosen(name: str, value: str, possible: Mapping[str, T]) -> T:
    if value not in possible:
        raise InvalidInput(name, N_("Choose one of the values that are offered."))
    return possible[value]
