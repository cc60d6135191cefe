"""The deduplication key: which reports count as the same event."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import event_identity

REPORT: dict[str, Any] = {
    "source_name": "carrier-feed",
    "external_event_id": None,
    "package_id": UUID(int=1),
    "code": "DELIVERED",
    "occurred_at": datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC),
    "place": ("Front door", "Lyon", None, "69001", "FR", 45.75, 4.85),
    "carrier_status_raw": "D",
}


def key(**changes: Any) -> bytes:
    """The key of REPORT with some fields changed."""
    return event_identity.dedupe_key(**{**REPORT, **changes})


def test_equal_reports_have_the_same_key_of_32_bytes() -> None:
    assert key() == key()
    assert len(key()) == 32


@pytest.mark.parametrize(
    "changes",
    [
        {"occurred_at": REPORT["occurred_at"] + timedelta(milliseconds=900)},
        {"occurred_at": REPORT["occurred_at"].astimezone(timezone(timedelta(hours=5)))},
        {"source_name": "another-feed"},
    ],
)
def test_fractions_of_a_second_the_utc_offset_and_the_source_do_not_matter(changes: dict[str, Any]) -> None:
    assert key(**changes) == key()


@pytest.mark.parametrize(
    "changes",
    [
        {"occurred_at": REPORT["occurred_at"] + timedelta(seconds=1)},
        {"occurred_at": REPORT["occurred_at"] - timedelta(milliseconds=1)},
        {"package_id": None},
        {"package_id": UUID(int=2)},
        {"code": "INFO"},
        {"carrier_status_raw": None},
        {"carrier_status_raw": ""},
        {"place": ("Front door", "Lyon", "69001", None, "FR", 45.75, 4.85)},
        {"place": ()},
        {"external_event_id": "E-1"},
    ],
)
def test_code_time_place_package_and_status_code_matter(changes: dict[str, Any]) -> None:
    assert key(**changes) != key()


def test_the_message_matters_only_without_status_code_and_external_event_id() -> None:
    assert key(carrier_status_raw=None, message="One") != key(carrier_status_raw=None, message="Two")
    assert key(carrier_status_raw=None, message="One") != key(carrier_status_raw=None)
    assert key(message="One") == key(message="Two") == key()
    assert key(external_event_id="E-1", carrier_status_raw=None, message="One") == key(external_event_id="E-1")


def test_composed_and_decomposed_characters_have_the_same_key() -> None:
    assert key(place=("Z\u00fcrich",)) == key(place=("Zu\u0308rich",)) != key(place=("Zurich",))


def test_with_an_external_event_id_only_the_id_and_the_source_matter() -> None:
    assert key(external_event_id="E-1") == key(external_event_id="E-1", code="INFO", package_id=None)
    assert key(external_event_id="E-1") != key(external_event_id="E-1", source_name="another-feed")
    assert key(external_event_id="E-1") != key(external_event_id="E-2")


TEXTS = st.lists(st.none() | st.text("ab-:1é", max_size=4), max_size=5)


@given(TEXTS, TEXTS)
def test_different_lists_of_texts_have_different_digests(first: list[str | None], second: list[str | None]) -> None:
    assert (event_identity.digest(*first) == event_identity.digest(*second)) == (first == second)
