"""When an event happened: three ways to say it, and what is kept of each."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.commands.tracking_events import times
from graphql_app.commands.validation import Validator
from graphql_app.domain.enums import TimePrecision


def occurred(**given: Any) -> times.ParsedEventTime:
    """The time that is kept of an `EventTime` with nothing wrong in it."""
    check = Validator("occurred")
    kept = times.parse_event_time(check, given)
    assert check.errors == []
    assert kept is not None
    return kept


def wrong(**given: Any) -> list[tuple[str, str]]:
    """What is wrong with an `EventTime`: path and message."""
    check = Validator("inputs", "3", "occurred")
    assert times.parse_event_time(check, given) is None
    return [(".".join(problem.path), problem.message) for problem in check.errors]


def local(at: datetime, zone: str = "Europe/Berlin") -> dict[str, object]:
    return {"at": at, "timeZone": zone}


def test_an_instant_is_kept_with_the_clock_it_was_read_on() -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert occurred(instant=at) == (
        datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 30), -300, TimePrecision.EXACT
    )  # fmt: skip


def test_a_local_time_is_read_on_the_clock_of_its_place() -> None:
    assert occurred(local=local(datetime(2026, 7, 1, 9, 30))) == (
        datetime(2026, 7, 1, 7, 30, tzinfo=UTC), datetime(2026, 7, 1, 9, 30), 120, TimePrecision.ZONE_ASSUMED
    )  # fmt: skip


def test_a_date_sorts_at_the_end_of_its_day() -> None:
    assert occurred(date=date(2026, 11, 24)) == (
        datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC), None, None, TimePrecision.DATE_ONLY
    )  # fmt: skip


def test_a_time_that_the_clocks_showed_twice_means_the_first() -> None:
    assert occurred(local=local(datetime(2026, 10, 25, 2, 30))).occurred_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_jumped_over_is_read_as_before_the_jump_and_kept_as_given() -> None:
    kept = occurred(local=local(datetime(2026, 3, 29, 2, 30)))
    assert kept[:3] == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 30), 60)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_the_instant_is_always_the_local_time_less_the_offset(at: datetime, zone: str) -> None:
    kept = occurred(local=local(at, zone))
    assert kept.occurred_local == at
    assert kept.occurred_at.replace(tzinfo=None) == at - timedelta(minutes=kept.utc_offset_min or 0)


def test_offsets_that_had_seconds_are_rounded_and_the_instant_is_exact() -> None:
    kept = occurred(local=local(datetime(1910, 1, 1), "Europe/Amsterdam"))
    offset = datetime(1910, 1, 1, tzinfo=times.time_zone("Europe/Amsterdam")).utcoffset()
    assert offset is not None
    assert kept.occurred_at == datetime(1910, 1, 1, tzinfo=UTC) - offset
    assert kept.utc_offset_min == round(offset.total_seconds() / 60)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Factory", "localtime", "America", "../etc/passwd", "right/UTC"])
def test_an_unknown_zone_is_a_problem_that_shows_how_to_write_it(zone: str) -> None:
    message = f"{zone!r} is not a time zone. Use an IANA name, for example Europe/Berlin."
    assert wrong(local=local(datetime(2026, 1, 1), zone)) == [("inputs.3.occurred.local.timeZone", message)]


def test_a_zone_in_other_letters_is_recognized_and_named() -> None:
    (problem,) = wrong(local=local(datetime(2026, 1, 1), "europe/berlin"))
    assert problem[1].endswith("Did you mean Europe/Berlin?")


def test_exactly_one_way_must_be_given() -> None:
    both = {"instant": datetime(2026, 1, 1, tzinfo=UTC), "date": date(2026, 1, 1)}
    for given_ in ({}, both, {"date": None}):
        assert wrong(**given_) == [("inputs.3.occurred", "Exactly one of `instant`, `local` and `date` is required.")]


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ({"date": date(1899, 12, 31)}, "date"),
        ({"date": date(3000, 1, 1)}, "date"),
        ({"date": date(9999, 12, 31)}, "date"),
        ({"instant": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}, "instant"),
        ({"instant": datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14)))}, "instant"),
        ({"local": local(datetime(1, 1, 1))}, "local.at"),
        ({"local": local(datetime(9999, 12, 31, 23, 59))}, "local.at"),
    ],
)
def test_years_in_which_nothing_was_shipped_are_refused(given_: dict[str, Any], path: str) -> None:
    assert wrong(**given_) == [(f"inputs.3.occurred.{path}", "Must be in the years 1900 to 2999.")]


def test_both_parts_of_a_local_time_are_checked_at_once() -> None:
    paths = [path for path, _ in wrong(local=local(datetime(1, 1, 1), "Nowhere"))]
    assert paths == ["inputs.3.occurred.local.timeZone", "inputs.3.occurred.local.at"]


def test_an_offset_that_no_clock_has_is_refused() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=18, minutes=1)))
    assert wrong(instant=at) == [("inputs.3.occurred.instant", "The UTC offset must be between -18:00 and +18:00.")]


def test_every_zone_of_the_list_can_be_read() -> None:
    assert len(times.zone_names()) > 500
    assert all(times.time_zone(name) for name in times.zone_names())
