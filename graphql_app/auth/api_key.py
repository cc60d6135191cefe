"""Who is asking, and with which key: what a secret looks like, how it is made, read from a request, and known again.

A secret is 256 random bits behind a readable prefix, and ends with a checksum: who finds one in a log or a repository
knows what it is, and a mistyped one is known without the database. Kept is its SHA-256 alone. Refuses: headers that
hold no such secret.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from graphql_app.errors import request_errors

LETTERS = string.digits + string.ascii_letters
PREFIX, RANDOM, CHECK = 15, 43, 6
"""Characters of a secret: `shpk_` and ten that tell keys apart, an underscore, 256 bits, a checksum."""
SECRET = re.compile(rb"shpk_[0-9A-Za-z]{10}_[0-9A-Za-z]{%d}" % (RANDOM + CHECK))
BEARER = re.compile(rb"bearer +(\S+)", re.IGNORECASE)
LOOPBACK_HOSTS = re.compile(rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
PROXY_HEADERS = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
"""Headers by which proxies show themselves."""
UNKNOWN_KEY = "This API key is not known, was revoked, or has expired."


class ApiKeySecret(NamedTuple):
    """A new secret, and what is kept of it."""

    text: str
    prefix: str
    hash: bytes


def generate() -> ApiKeySecret:
    """A new secret, which is in nobody's hands yet."""
    start = "shpk_" + "".join(secrets.choice(LETTERS) for _ in range(PREFIX - 5))
    body = f"{start}_" + "".join(secrets.choice(LETTERS) for _ in range(RANDOM))
    text = body + checksum(body.encode())
    return ApiKeySecret(text, start, digest(text.encode()))


def digest(secret: bytes) -> bytes:
    """What the database knows a secret by."""
    return hashlib.sha256(secret).digest()


def checksum(body: bytes) -> str:
    """Six letters that follow from the rest."""
    number, found = zlib.crc32(body), ""
    for _ in range(CHECK):
        number, at = divmod(number, len(LETTERS))
        found += LETTERS[at]
    return found


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The secret in the `Authorization` header, the last where there are several; None without one."""
    given = dict(headers).get(b"authorization")
    if given is None:
        return None
    found = BEARER.fullmatch(given.strip())
    if found is None:
        raise request_errors.Unauthenticated("`Authorization` must be the word Bearer, a blank and an API key.")
    if not SECRET.fullmatch(found[1]):
        raise request_errors.Unauthenticated(UNKNOWN_KEY)
    return found[1]


def has_valid_checksum(secret: bytes) -> bool:
    """Whether it is one that could have been made."""
    return checksum(secret[:-CHECK]).encode() == secret[-CHECK:]


def prefix(secret: bytes | None) -> str | None:
    """Its readable beginning."""
    return None if secret is None else secret[:PREFIX].decode()


def check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise NotAllowed where a request without a key does not name this machine as one does on it, or came through a
    proxy, which may be open to others.

    A page that has its own name resolved to 127.0.0.1 is, for its browser, allowed to ask whatever it wants here.
    """
    given = dict(headers)
    if not LOOPBACK_HOSTS.fullmatch(given.get(b"host", b"")) or any(name in given for name in PROXY_HEADERS):
        raise request_errors.Forbidden(
            "Without an API key only this machine's own requests to localhost, 127.0.0.1 or [::1] are answered."
        )
