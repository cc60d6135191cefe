"""Texts of dates and times: the forms that browsers, carriers and .NET produce."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import date_times

HALF_PAST_NINE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
EASTWARDS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T09:30:00Z", HALF_PAST_NINE),
        ("2026-11-24T09:30Z", HALF_PAST_NINE),
        ("2026-11-24t09:30z", HALF_PAST_NINE),
        ("2026-11-24 09:30+00", HALF_PAST_NINE),
        ("2026-11-24T09:30:00+0100", HALF_PAST_NINE.replace(tzinfo=EASTWARDS)),
        ("2026-11-24T09:30:00+01", HALF_PAST_NINE.replace(tzinfo=EASTWARDS)),
        ("2026-11-24T09:30+01:00", HALF_PAST_NINE.replace(tzinfo=EASTWARDS)),
        ("2026-11-24 09:30:00 +0100", HALF_PAST_NINE.replace(tzinfo=EASTWARDS)),
        ("2026-11-24T09:30:00.000+0000", HALF_PAST_NINE),
        ("2026-11-24T09:30:00,5Z", HALF_PAST_NINE.replace(microsecond=500_000)),
        ("2026-11-24T09:30:00.1234567Z", HALF_PAST_NINE.replace(microsecond=123_456)),
    ],
)
def test_forms_with_a_certain_meaning_are_read(text: str, time: datetime) -> None:
    assert date_times.parse(text) == time
    assert (date_times.parse(text) or time).utcoffset() == time.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24", "2026-11-24T09:30", "2026-11-24T09:30:00", "2026-11-24T09Z", "2026-11-24T9:30Z",
        "24.11.2026 09:30Z", "11/24/2026 09:30Z", "2026-11-24T09:30.5Z", "2026-11-24T09:30:00 CET", "now", "",
        "2026-11-24T09:30+1", "2026-11-24T09:30+24:00", "٢٠٢٦-11-24T09:30Z", "9999-12-30", "0001-01-02T00:00:00",
    ],
)  # fmt: skip
def test_texts_without_offset_and_other_forms_are_no_instants(text: str) -> None:
    assert date_times.parse(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [("2026-02-30T09:30Z", "day"), ("2026-11-24T25:00Z", "hour"), ("2026-11-24T23:59:60Z", "second")],
)
def test_a_time_that_does_not_exist_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        date_times.parse(text)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("0001-01-01", date_times.FIRST_TIME),
        ("0001-01-01T00:00:00", date_times.FIRST_TIME),
        ("0001-01-01T00:00:00Z", date_times.FIRST_TIME),
        ("0001-01-01T00:00:00+01:00", date_times.FIRST_TIME),
        ("9999-12-31", date_times.LAST_TIME),
        ("9999-12-31T23:59:59.9999999", date_times.LAST_TIME),
        ("9999-12-31T23:59:59.9999999Z", date_times.LAST_TIME),
        ("9999-12-31T23:59:59.9999999-05:00", date_times.LAST_TIME),
    ],
)
def test_the_limits_of_other_systems_are_before_and_after_all_times(text: str, limit: datetime) -> None:
    assert date_times.parse(text) == limit
    assert datetime.min < limit.replace(tzinfo=None) < datetime.max


@pytest.mark.parametrize(
    "text", ["2026-11-24T09:30", "2026-11-24 09:30", "2026-11-24T09:30:00", "2026-11-24T09:30:00.0"]
)
def test_a_local_time_needs_no_seconds(text: str) -> None:
    assert date_times.parse_local(text) == datetime(2026, 11, 24, 9, 30)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_python_writes_is_read_again(time: datetime) -> None:
    assert date_times.parse(time.isoformat()) == min(max(time, date_times.FIRST_TIME), date_times.LAST_TIME)
