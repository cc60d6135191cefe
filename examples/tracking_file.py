"""Convert tracking histories of carriers from one flat CSV into inputs of the API: text in, histories out. No HTTP.

Each carrier writes times in its own format, mostly without a time zone. The result never claims more than the file
says: an instant where the file has the UTC offset, a local time with the time zone of its place where the place is
known, a date in all other cases.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Json = dict[str, Any]
Row = dict[str, str]

ZONE_ABBREVIATIONS = {
    "NST": "America/St_Johns", "AST": "America/Halifax", "EST": "America/Toronto", "CST": "America/Winnipeg",
    "CSTNO": "America/Regina", "MST": "America/Edmonton", "PST": "America/Vancouver",
}  # fmt: skip
"""Time zones as Canada Post abbreviates them, in summer and winter alike."""
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
"""States and provinces by time zone; a state with several zones is under that of its largest part."""
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
    """All events of one parcel, in the order of the file."""

    carrier: str
    number: str
    events: list[Json] = field(default_factory=list)


def read(content: str) -> list[History]:
    """The histories of a file. A parcel that appears in several responses of its carrier is one history."""
    histories: dict[tuple[str, str], History] = {}
    for row in csv.DictReader(io.StringIO(content, newline="")):
        row = {name: (value or "").strip() for name, value in row.items()}
        carrier, raw = carrier_status(row)
        history = histories.setdefault((carrier, row["tracking_number"]), History(carrier, row["tracking_number"]))
        history.events.append(event(row, carrier, raw))
    return list(histories.values())


def carrier_status(row: Row) -> tuple[str, str]:
    """The carrier and its status code. EasyPost rows hold the carrier's own code in `site` where there is one, else
    EasyPost's. UPS's codes depend on their type, so both are sent.
    """
    service, _, carrier = row["carrier"].partition(":")
    if carrier:
        return (carrier, row["site"]) if row["site"] else (service, row["code"])
    return row["carrier"], f"{row['code']} {row['subcode']}" if row["carrier"] == "ups" else row["code"]


def event(row: Row, carrier: str, raw: str) -> Json:
    """A row as TrackingEventInput without target. It has `carrierStatusRaw` instead of `code`: the API maps the
    carriers' codes.
    """
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
    """An `EventTime` with the precision of the row."""
    date_, time_of_day, zone_text = parse_date(row["date_raw"]), parse_time(row["time_raw"]), row["tz_raw"]
    if not time_of_day:
        return {"date": date_}
    local_time = f"{date_}T{time_of_day}"
    if zone_text == "Z" or re.fullmatch(r"[+-]\d\d:\d\d", zone_text):
        return {"instant": local_time + zone_text}
    if zone_text.startswith("utc="):
        return {
            "instant": local_time
            + format_offset(datetime.fromisoformat(local_time) - datetime.fromisoformat(zone_text.removeprefix("utc=")))
        }
    zone = ZONE_ABBREVIATIONS.get(zone_text) or zone_of(row)
    return {"local": {"at": local_time, "timeZone": zone}} if zone else {"date": date_}


def zone_of(row: Row) -> str | None:
    """The time zone of a row's place, or None."""
    country = row["country_raw"]
    if row["state"] and country in ("", "US", "CA"):
        return ZONE_OF_STATE.get(row["state"])
    return ZONE_OF_SITE.get(row["site"]) if not country else ZONE_OF_COUNTRY.get(country)


def format_offset(difference: timedelta) -> str:
    """A UTC offset as in RFC 3339."""
    minutes = round(difference / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def parse_date(raw: str) -> str:
    """A date in any of the carriers' formats. Raises ValueError."""
    if match := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", raw):
        return str(date(int(match[1]), int(match[2]), int(match[3])))
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", raw):
        return str(date(int(match[3]), int(match[1]), int(match[2])))
    if (match := re.fullmatch(r"(\w+) (\d{1,2}), (\d{4})", raw)) and match[1] in MONTHS:
        return str(date(int(match[3]), MONTHS.index(match[1]) + 1, int(match[2])))
    raise ValueError(f"{raw!r} is not a date")


def parse_time(raw: str) -> str | None:
    """A time of day with seconds, or None. 00:00:00 stands for an unknown time. Raises ValueError."""
    if match := re.fullmatch(r"(\d\d):?(\d\d):?(\d\d)", raw):
        time_of_day = f"{match[1]}:{match[2]}:{match[3]}"
        return None if time_of_day == "00:00:00" else time_of_day
    if match := re.fullmatch(r"(\d{1,2}):(\d\d) ([ap]m)", raw.lower()):
        return f"{int(match[1]) % 12 + 12 * (match[3] == 'pm'):02}:{match[2]}:00"
    if raw:
        raise ValueError(f"{raw!r} is not a time of day")
    return None
