"""The viewer: the account and the API key of a request."""

from dataclasses import dataclass, field
from uuid import UUID

from graphql_app.auth.scopes import SCOPES


@dataclass(frozen=True)
class Viewer:
    """An account, the API key that was used, and its scopes. Without an API key, `key` is None and all scopes apply."""

    account_id: UUID
    account: str
    """Slug of the account."""
    key: str | None = None
    """Name of the API key."""
    scopes: tuple[str, ...] = SCOPES
    prefix: str | None = None
    """First characters of the secret. They are unique, unlike the name."""
    key_id: UUID | None = None
    hash: bytes = field(default=b"", repr=False)
    """SHA-256 hash of the secret."""

    @property
    def actor(self) -> str:
        """The actor in the change log and of idempotency keys: name and prefix of the API key, or the account."""
        return f"{self.key} ({self.prefix})" if self.key is not None else self.account

    def client(self, address: str) -> str:
        """Return the name under which rate limits and slots are counted: the key's prefix, or else the IP address."""
        return self.prefix or address
