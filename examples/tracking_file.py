"""Tracking histories of carriers in one flat CSV → inputs of the API. Text in, histories out. Knows nothing of HTTP.

Carriers write times each in their own way and mostly without a zone. What is given here is never more than is known:
an instant where the offset stands in the file, a local time with the zone of its place where the place is known, a date
everywhere else.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Json = dict[str, Any]
Row = dict[str, str]

ABBREVIATIONS = {
    "NST": "America/St_Johns", "AST": "America/Halifax", "EST": "America/Toronto", "CST": "America/Winnipeg",
    "CSTNO": "America/Regina", "MST": "America/Edmonton", "PST": "America/Vancouver",
}  # fmt: skip
"""How Canada Post names the zone of a place, summer and winter alike."""
STATES = {
    "America/New_York": "CT DC DE FL GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Detroit": "MI",
    "America/Indiana/Indianapolis": "IN",
    "America/Kentucky/Louisville": "KY",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Toronto": "ON QC",
    "America/Winnipeg": "MB",
    "America/Regina": "SK",
    "America/Edmonton": "AB",
    "America/Vancouver": "BC",
    "America/Halifax": "NB NS PE",
    "America/St_Johns": "NL",
}
"""States and provinces, each under the zone that most of it lies in."""
ZONE_OF_STATE = {state: zone for zone, states in STATES.items() for state in states.split()}
ZONE_OF_COUNTRY = {"DE": "Europe/Berlin", "FR": "Europe/Paris", "GB": "Europe/London", "NZ": "Pacific/Auckland"}
ZONE_OF_SITE = {
    "LHR": "Europe/London", "LEJ": "Europe/Berlin", "SIN": "Asia/Singapore", "AKL": "Pacific/Auckland",
    "HKG": "Asia/Hong_Kong", "JFK": "America/New_York", "LGA": "America/New_York", "LAX": "America/Los_Angeles",
}  # fmt: skip
"""Airports, by which DHL Express names its service areas."""
MONTHS = "January February March April May June July August September October November December".split()


@dataclass
class History:
    """All that was told of one parcel, in the order of the file."""

    carrier: str
    number: str
    events: list[Json] = field(default_factory=list)


def read(content: str) -> list[History]:
    """The histories of a file. A parcel that comes in several answers of its carrier is one history."""
    found: dict[tuple[str, str], History] = {}
    for row in csv.DictReader(io.StringIO(content, newline="")):
        row = {name: (value or "").strip() for name, value in row.items()}
        carrier, raw = word(row)
        history = found.setdefault((carrier, row["tracking_number"]), History(carrier, row["tracking_number"]))
        history.events.append(event(row, carrier, raw))
    return list(found.values())


def word(row: Row) -> tuple[str, str]:
    """Whose word says what happened, and the word: EasyPost hands the carrier's own on where there is one."""
    service, _, carrier = row["carrier"].partition(":")
    if carrier:
        return (carrier, row["site"]) if row["site"] else (service, row["code"])
    return row["carrier"], row["subcode"] if row["carrier"] == "ups" else row["code"]


def event(row: Row, carrier: str, raw: str) -> Json:
    """A row as an input without its target. `carrierStatusRaw` stands in place of `code`: the API knows the words."""
    place = {
        "name": row["site"] if row["site"] != raw else "",
        "city": row["city"],
        "region": row["state"],
        "postalCode": row["postal_code"],
        "country": row["country_raw"],
    }
    return {
        "occurred": occurred(row),
        "carrierStatusRaw": raw,
        "message": row["description"],
        "place": {name: value for name, value in place.items() if value},
        "source": f"{carrier}-replay",
    }


def occurred(row: Row) -> Json:
    """An `EventTime`, as exactly as the row says."""
    day, clock, tz = day_of(row["date_raw"]), clock_of(row["time_raw"]), row["tz_raw"]
    if not clock:
        return {"date": day}
    at = f"{day}T{clock}"
    if tz == "Z" or re.fullmatch(r"[+-]\d\d:\d\d", tz):
        return {"instant": at + tz}
    if tz.startswith("utc="):
        return {"instant": at + offset(datetime.fromisoformat(at) - datetime.fromisoformat(tz.removeprefix("utc=")))}
    zone = ABBREVIATIONS.get(tz) or zone_of(row)
    return {"local": {"at": at, "timeZone": zone}} if zone else {"date": day}


def zone_of(row: Row) -> str | None:
    """The zone of a row's place, where the place is known."""
    country = row["country_raw"]
    if row["state"] and country in ("", "US", "CA"):
        return ZONE_OF_STATE.get(row["state"])
    return ZONE_OF_SITE.get(row["site"]) if not country else ZONE_OF_COUNTRY.get(country)


def offset(difference: timedelta) -> str:
    """How far a clock is from UTC, as RFC 3339 writes it."""
    minutes = round(difference / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def day_of(raw: str) -> str:
    """A date, from any of the ways in which carriers write it."""
    if found := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", raw):
        return str(date(int(found[1]), int(found[2]), int(found[3])))
    if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", raw):
        return str(date(int(found[3]), int(found[1]), int(found[2])))
    if (found := re.fullmatch(r"(\w+) (\d{1,2}), (\d{4})", raw)) and found[1] in MONTHS:
        return str(date(int(found[3]), MONTHS.index(found[1]) + 1, int(found[2])))
    raise ValueError(f"{raw!r} is no date")


def clock_of(raw: str) -> str | None:
    """A time of day with seconds; None where there is none. Midnight to the second stands for a time not known."""
    if found := re.fullmatch(r"(\d\d):?(\d\d):?(\d\d)", raw):
        clock = f"{found[1]}:{found[2]}:{found[3]}"
        return None if clock == "00:00:00" else clock
    if found := re.fullmatch(r"(\d{1,2}):(\d\d) ([ap]m)", raw.lower()):
        return f"{int(found[1]) % 12 + 12 * (found[3] == 'pm'):02}:{found[2]}:00"
    if raw:
        raise ValueError(f"{raw!r} is no time of day")
    return None
