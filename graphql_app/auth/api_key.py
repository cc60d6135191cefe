"""API key secrets: their format, how they are generated, and how a request's headers are read.

A secret is 256 random bits after a readable prefix, followed by a checksum: `shpk_0123456789_…`. Secret scanners can
recognize it, and a mistyped secret is rejected without a database query. Only its SHA-256 hash is stored. Headers
without a well-formed secret are rejected.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from graphql_app.errors import request_errors

ALPHABET = string.digits + string.ascii_letters
"""Characters of the random part and the checksum."""
PREFIX_LENGTH = 15
"""Characters of the prefix: `shpk_` and ten random ones that identify the key. An underscore follows."""
RANDOM_LENGTH = 43
"""Characters of the random part: 256 bits."""
CHECKSUM_LENGTH = 6
"""Characters of the checksum."""
SECRET_PATTERN = re.compile(rb"shpk_[0-9A-Za-z]{10}_[0-9A-Za-z]{%d}" % (RANDOM_LENGTH + CHECKSUM_LENGTH))
BEARER_PATTERN = re.compile(rb"bearer +(\S+)", re.IGNORECASE)
"""An `Authorization` header (RFC 6750)."""
LOOPBACK_HOSTS = re.compile(rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
"""`Host` headers that name this machine."""
PROXY_HEADERS = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
"""Headers that a reverse proxy adds."""
UNKNOWN_KEY = "The API key is unknown, revoked or expired."


class ApiKeySecret(NamedTuple):
    """A generated secret and the parts of it that are stored."""

    text: str
    """The secret."""
    prefix: str
    """Its first PREFIX_LENGTH characters."""
    hash: bytes
    """Its SHA-256 hash."""


def generate() -> ApiKeySecret:
    """Generate a secret."""
    start = "shpk_" + "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH - 5))
    body = f"{start}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    text = body + checksum(body.encode())
    return ApiKeySecret(text, start, digest(text.encode()))


def digest(secret: bytes) -> bytes:
    """Return the SHA-256 hash of a secret, by which the database finds it."""
    return hashlib.sha256(secret).digest()


def checksum(body: bytes) -> str:
    """Return the checksum of a secret's other characters: their CRC-32 in base 62, the lowest digit first."""
    number, characters = zlib.crc32(body), ""
    for _ in range(CHECKSUM_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        characters += ALPHABET[index]
    return characters


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the secret in the `Authorization` header, the last one if there are several; None without the header.

    Args:
        headers: names in lower case, and values.

    Raises:
        Unauthenticated: the header is not `Bearer` and a well-formed secret.
    """
    header = dict(headers).get(b"authorization")
    if header is None:
        return None
    match = BEARER_PATTERN.fullmatch(header.strip())
    if match is None:
        raise request_errors.Unauthenticated("The `Authorization` header must be `Bearer`, a space and an API key.")
    if not SECRET_PATTERN.fullmatch(match[1]):
        raise request_errors.Unauthenticated(UNKNOWN_KEY)
    return match[1]


def has_valid_checksum(secret: bytes) -> bool:
    """Return whether the checksum of a well-formed secret is correct."""
    return checksum(secret[:-CHECKSUM_LENGTH]).encode() == secret[-CHECKSUM_LENGTH:]


def prefix(secret: bytes | None) -> str | None:
    """Return the prefix of a secret; None without a secret."""
    return None if secret is None else secret[:PREFIX_LENGTH].decode()


def check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check that a request without an API key is a direct request of this machine.

    A reverse proxy may be open to others. The `Host` header must be a loopback host, because browsers allow a web page
    whose own name resolves to 127.0.0.1 to send any request to this server (DNS rebinding).

    Args:
        headers: names in lower case, and values.

    Raises:
        Forbidden: the `Host` header names another host, or a proxy has added its headers.
    """
    values = dict(headers)
    if not LOOPBACK_HOSTS.fullmatch(values.get(b"host", b"")) or any(name in values for name in PROXY_HEADERS):
        raise request_errors.Forbidden(
            "Without an API key, only direct requests from this machine to localhost, 127.0.0.1 or [::1] are allowed."
        )
