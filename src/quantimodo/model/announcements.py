"""What the operator announces on all pages for a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Level = Literal["info", "warning"]
Audience = Literal["everyone", "developers", "administrators"]
"""`developers`: on the pages of the developer portal. `administrators`: on all pages, for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnouncement:
    """`texts` are by language; `link` is a local path, an https address, or ""."""

    level: Level
    audience: Audience
    texts: Mapping[str, str]
    link: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement(NewAnnouncement):
    """A stored announcement. Its number is not used again."""

    id: int

    def text(self, *languages: str) -> str:
        """The text in the first of these languages that it has, otherwise any."""
        texts = [self.texts[each] for each in languages if each in self.texts]
        return texts[0] if texts else next(iter(self.texts.values()))
