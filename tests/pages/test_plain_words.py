"""How devices, times and events are shown to people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quantimodo.i18n.formats import moment
from quantimodo.model.events import Event
from quantimodo.pages.account.audit_messages import circumstances, sentence
from quantimodo.pages.account.user_agents import describe, is_hand_held
from quantimodo.pages.timestamps import ago, format_duration

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOZILLA = "Mozilla/5.0 "


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            MOZILLA + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (MOZILLA + "(Windows NT 10.0) Chrome/156 Safari/537.36 Edg/156.0", "Edge on Windows"),
        (MOZILLA + "(Macintosh; Intel Mac OS X 15) Version/19 Safari/605.1", "Safari on Mac"),
        (MOZILLA + "(iPhone; like Mac OS X) CriOS/156 Safari/604", "Chrome on iPhone"),
        (MOZILLA + "(Linux; Android 17) Chrome/156 Mobile Safari/537", "Chrome on Android"),
        ("python-httpx/0.28", "python-httpx"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_called_as_its_owner_would(agent: str, words: str) -> None:
    assert describe(agent) == words


def test_a_phone_is_distinguished_from_a_desktop() -> None:
    assert is_hand_held("Mozilla/5.0 (iPhone) Safari/1")
    assert not is_hand_held("Mozilla/5.0 (X11; Linux) Firefox/1")


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=7), "7 days ago"),
        (timedelta(days=8), "on 15 November 2026"),
    ],
)
def test_how_long_ago(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, NOW) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=30), "30 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "61 seconds"),
    ],
)
def test_a_duration_has_the_largest_unit_that_divides_it(duration: timedelta, words: str) -> None:
    assert format_duration(duration) == words


def test_a_moment_says_its_zone() -> None:
    assert moment(NOW) == "23 November 2026, 12:00 UTC"


def test_an_event_is_a_sentence_also_when_its_kind_is_new() -> None:
    assert sentence(Event(at=NOW, kind="password.changed")) == "Changed the password"
    assert sentence(Event(at=NOW, kind="moon.rose_late")) == "Moon rose late"
    event = Event(at=NOW, kind="client.edited", detail="app Mood Tracker: changed")
    assert sentence(event) == "App Mood Tracker: changed"
    changed = replace(event, detail=f"{event.detail} by member 7")
    assert sentence(changed) == "App Mood Tracker: changed, by a member of its team"
    invited = replace(event, kind="client.invited", detail="app Mood Tracker: an invitation sent")
    assert sentence(invited) == "App Mood Tracker: invitation to the team sent"


def test_its_circumstances_are_shown_as_far_as_they_are_known() -> None:
    event = Event(at=NOW, kind="session.started", address="192.0.2.7", detail="Firefox/1 (Linux)")
    assert circumstances(event) == ["Firefox on Linux", "192.0.2.7"]
    assert circumstances(Event(at=NOW, kind="password.changed")) == []
