"""`AnnouncementStore`: what ends later is listed, the newest first."""

from datetime import timedelta

from samples import LATER, NOW, SOON

from quantimodo.model.announcements import NewAnnouncement
from quantimodo.ports.stores import Stores


def announcement(**changes: object) -> NewAnnouncement:
    values: dict[str, object] = {
        "level": "warning",
        "audience": "everyone",
        "texts": {"en": "Maintenance", "ar": "\u0635\u064a\u0627\u0646\u0629"},
        "link": "https://status.example.org/",
        "starts_at": NOW,
        "ends_at": SOON,
        "created_at": NOW,
    }
    return NewAnnouncement(**values | changes)  # type: ignore[arg-type]


async def test_announcements_are_listed_until_they_end(stores: Stores) -> None:
    first = await stores.announcements.add_announcement(announcement(), 9)
    second = await stores.announcements.add_announcement(announcement(ends_at=LATER), 9)
    assert first is not None
    assert second is not None
    listed = await stores.announcements.announcements(NOW, 9)
    assert [each.id for each in listed] == [second, first]
    assert dict(listed[1].texts) == announcement().texts
    assert (listed[1].link, listed[1].starts_at, listed[1].ends_at) == (
        announcement().link,
        NOW,
        SOON,
    )
    assert [each.id for each in await stores.announcements.announcements(NOW, 1)] == [second]
    assert [each.id for each in await stores.announcements.announcements(SOON, 9)] == [second]
    assert await stores.announcements.delete_announcement(second)
    assert not await stores.announcements.delete_announcement(second)
    third = await stores.announcements.add_announcement(announcement(), 9)
    assert third is not None
    assert third > second, "a browser remembers the number"


async def test_the_number_of_announcements_is_limited(stores: Stores) -> None:
    assert await stores.announcements.add_announcement(announcement(), 1) is not None
    assert await stores.announcements.add_announcement(announcement(), 1) is None
    after = announcement(created_at=SOON + timedelta(microseconds=1), ends_at=LATER)
    assert await stores.announcements.add_announcement(after, 1) is not None
