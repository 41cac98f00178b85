"""measurements-api.md §4: times are epoch seconds or ISO 8601."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements.times import (
    FIRST,
    LAST,
    format_time,
    moment_of,
    parse_time,
    seconds_of,
    time_from_seconds,
)

NOON = 1_439_389_320_000_000
micros = st.integers(FIRST, LAST)


@pytest.mark.parametrize(
    "text",
    [
        "1439389320",
        " 1439389320.0 ",
        "2015-08-12T14:22:00Z",
        "2015-08-12t14:22:00z",  # RFC 3339 §5.6 allows lower case
        "2015-08-12T14:22:00",
        "2015-08-12 14:22",
        "20150812T142200Z",
        "2015-W33-3T14:22:00Z",
        "2015-08-12T16:22:00+02:00",
        "2015-08-12T12:22:00-0200",
        "2015-08-12T16:22:00 02:00",  # a plus that was not encoded
        "2015-08-12 16:22:00 02:00",
        "2015-08-12T14:22:00.000Z",
        "2015-08-12T14:22:00,000Z",
    ],
)
def test_4_one_time_has_many_spellings(text: str) -> None:
    assert parse_time(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "1e9", "0x10", "--5", "2015-13-01", "2015-02-29", "2015-08-12T25:00:00Z"),
        *("0000-01-01", "10000-01-01", "253402300800", "-62135596801", "-62135596800.5"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1" * 400),
        *("2015-08-12T14:22:00+24:00", "١٤٣٩٣٨٩٣٢٠", "２０１５-08-12"),
    ],
)
def test_an_invalid_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(text)


@pytest.mark.parametrize("seconds", [253_402_300_800, -62_135_596_801, 1e300, -1e300, 10**400])
def test_numbers_end_with_the_calendar(seconds: float) -> None:
    with pytest.raises(ValueError, match="range"):
        time_from_seconds(seconds)


@given(micros)
def test_an_accepted_time_can_be_written_and_read_again(at: int) -> None:
    assert parse_time(format_time(at)) == at
    assert datetime(1, 1, 1, tzinfo=UTC) <= moment_of(at) <= datetime.max.replace(tzinfo=UTC)


@given(micros, st.integers(-14 * 60, 14 * 60))
def test_an_offset_from_utc_is_applied(at: int, minutes: int) -> None:
    local = moment_of(at).replace(tzinfo=None)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    meant = at - minutes * 60_000_000
    if FIRST <= meant <= LAST:
        assert parse_time(f"{local.isoformat()}{offset}") == meant
    else:
        with pytest.raises(ValueError, match="range"):
            parse_time(f"{local.isoformat()}{offset}")


@given(st.integers(FIRST // 1_000_000, LAST // 1_000_000), st.integers(0, 999))
def test_4_milliseconds_are_kept(seconds: int, milliseconds: int) -> None:
    at = seconds * 1_000_000 + milliseconds * 1_000
    seconds_sent = seconds_of(at)
    assert abs(moment_of(time_from_seconds(seconds_sent)) - moment_of(at)) < timedelta(
        milliseconds=1
    )
    if milliseconds == 0:
        assert isinstance(seconds_sent, int)
        assert time_from_seconds(seconds_sent) == parse_time(str(seconds_sent)) == at


@given(st.text(max_size=40) | st.from_regex(r"[\d:.,TtWZz +-]{1,40}", fullmatch=True))
def test_any_text_is_a_representable_time_or_is_refused(text: str) -> None:
    try:
        at = parse_time(text)
    except ValueError:
        return
    assert parse_time(format_time(at)) == at
