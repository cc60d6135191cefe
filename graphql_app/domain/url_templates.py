"""URL templates of carriers' tracking pages: their placeholders and rules.

`query_engine/tracking_url.py` replaces the placeholders.
"""

import re

NUMBER = "{trackingNumber}"
"""Placeholder of the tracking number in upper case, letters and digits only."""
RAW_NUMBER = "{trackingNumberRaw}"
"""Placeholder of the tracking number as entered, percent-encoded."""
POSTAL_CODE = "{postalCode}"
"""Placeholder of the recipient's postal code, percent-encoded; empty if it is unknown."""
COUNTRY = "{country}"
"""Placeholder of the recipient's country code; empty if there is no recipient."""
PLACEHOLDERS = (NUMBER, RAW_NUMBER, POSTAL_CODE, COUNTRY)
"""All placeholders."""

UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\"<>\\^`|]")
"""Whitespace and other characters that a URL cannot contain (RFC 3986, appendix C)."""
SCHEME_AND_HOST = re.compile(r"https?://[^/?#{}@]+(?=[/?#])")
"""The fixed beginning of a template."""


def problem(template: str) -> str | None:
    """Return why this is no URL template of a tracking page, as a sentence; None if it is one."""
    if not re.match(r"https?://", template):
        return "Must start with https:// or http://."
    if unsafe := UNSAFE.search(template):
        return f'Must not contain whitespace or any of the characters " < > \\ ^ ` | (contains {unsafe[0]!r}).'
    remainder = template
    for placeholder in PLACEHOLDERS:
        remainder = remainder.replace(placeholder, "")
    if "{" in remainder or "}" in remainder:
        return f"Braces are allowed only in the placeholders {', '.join(PLACEHOLDERS)}."
    if NUMBER not in template and RAW_NUMBER not in template:
        return f"Must contain the placeholder {NUMBER} or {RAW_NUMBER}."
    if not SCHEME_AND_HOST.match(template):
        return "Must have a host name without placeholders, for example https://example.com/track/{trackingNumber}."
    return None
