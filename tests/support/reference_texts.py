"""The forms in which texts are compared, in plain Python."""

import unicodedata


def nfc(value: str) -> str:
    """A text in NFC."""
    return unicodedata.normalize("NFC", value)


def casefolded(value: str) -> str:
    """A text for a comparison without regard to case."""
    return nfc(nfc(value).strip().casefold())


def stored(value: str) -> str:
    """A text as it is stored."""
    return nfc(value).strip()


def country_code(value: str) -> str:
    """A country code as it is stored."""
    return stored(value).upper()
