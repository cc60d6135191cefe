"""Tracking numbers: how they are compared. Carriers print them with blanks and dashes and reuse them over the years."""

import re

SEPARATORS = re.compile(r"[^A-Z0-9]", re.ASCII)


def normal(number: str) -> str:
    """Upper case, letters and digits only: what two spellings of one number have in common."""
    return SEPARATORS.sub("", number.upper())
