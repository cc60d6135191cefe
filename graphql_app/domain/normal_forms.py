"""Normal forms: the one form in which a text is stored, compared and searched. Writes and reads use the same functions.

`text` is the form of every stored text: Unicode NFC (UAX #15) without surrounding whitespace, so that a value finds
what it wrote however its accents are encoded. The others are forms of it for one purpose each: codes, cities, tracking
numbers, metadata. The forms of `shipments(search:)` are in `search_terms`.
"""

import re
import unicodedata

ASCII_TO_UPPER = {ord(lower): lower.upper() for lower in "abcdefghijklmnopqrstuvwxyz"}
"""Translates ASCII letters to upper case and nothing else: `str.upper` makes `ß` SS and the dotless i an I."""
ASCII_SEPARATORS = re.compile(r"[^A-Z0-9]", re.ASCII)
"""ASCII characters that a tracking number in upper case does not need."""
COMPLETE_TRACKING_NUMBER = re.compile(r"[A-Z0-9]+", re.ASCII)
"""A tracking number in its normal form that can be stored."""


def nfc(value: str) -> str:
    """Return a text in Unicode NFC: `e` and a combining acute accent become `é`."""
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def text(value: str) -> str:
    """Return a text as it is stored and compared: in NFC, without surrounding whitespace."""
    return nfc(value).strip()


def code(value: str) -> str:
    """Return a code in capital letters, such as a country code, as it is stored and compared."""
    return text(value).translate(ASCII_TO_UPPER)


def case_folded(value: str) -> str:
    """Return a text for a comparison without regard to case (Unicode, section 3.13: canonical caseless matching)."""
    stripped = text(value)
    if stripped.isascii():
        return stripped.lower()
    return nfc(unicodedata.normalize("NFD", stripped).casefold())


def metadata(value: object) -> object:
    """Return a JSON value with all keys and strings in NFC. Whitespace is significant in metadata."""
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, dict):
        return {nfc(key) if isinstance(key, str) else key: metadata(item) for key, item in value.items()}
    return [metadata(item) for item in value] if isinstance(value, list) else value


def tracking_number_text(value: str) -> str:
    """Return a tracking number as it is stored for display: as entered, with one blank for each run of whitespace."""
    return " ".join(text(value).split())


def tracking_number(value: str) -> str:
    """Return a tracking number as it is compared: digits, and letters with A to Z in capitals.

    Compatibility characters are replaced (NFKC), so that full-width digits are digits, and so are the digits of other
    scripts. Blanks and punctuation are removed. Letters outside A to Z are kept, so that two different numbers stay
    different; `COMPLETE_TRACKING_NUMBER` rejects them in input.
    """
    if value.isascii():
        return ASCII_SEPARATORS.sub("", value.upper())
    characters = unicodedata.normalize("NFKC", value).translate(ASCII_TO_UPPER)
    return "".join(map(ascii_digit, filter(is_letter_or_digit, characters)))


def is_letter_or_digit(character: str) -> bool:
    """Whether a character is a letter or a digit, or a mark that changes the letter before it."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def ascii_digit(character: str) -> str:
    """Return the ASCII digit of a decimal digit of any script, and any other character unchanged."""
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
