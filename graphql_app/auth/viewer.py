"""TODO docstring."""

from dataclasses import dataclass, field
from uuid import UUID

from graphql_app.auth.scopes import SCOPES


@dataclass(frozen=True)
class Viewer:
    """An account, the API key that stands for it (None where no key is needed), and what it may do."""

    account_id: UUID
    account: str
    key: str | None = None
    scopes: tuple[str, ...] = SCOPES
    prefix: str | None = None
    """Beginning of the key's secret, which no other key has: names are for people, and may be the same."""
    key_id: UUID | None = None
    hash: bytes = field(default=b"", repr=False)

    @property
    def actor(self) -> str:
        """How the change log names the viewer, and whose its idempotency keys are."""
        return f"{self.key} ({self.prefix})" if self.key is not None else self.account

    def client(self, address: str) -> str:
        """Whose share of the process an operation takes: the key's, or where there is none, the address's."""
        return self.prefix or address
