"""Who is asking."""

from dataclasses import dataclass
from uuid import UUID

READ, WRITE, EVENTS, ADMIN = "shipments:read", "shipments:write", "events:write", "admin"
SCOPES = (READ, WRITE, EVENTS, ADMIN)


@dataclass(frozen=True)
class Viewer:
    """An account, the API key that stands for it (None where no key is needed), and what it may do."""

    account_id: UUID
    account: str
    key: str | None = None
    scopes: tuple[str, ...] = SCOPES

    @property
    def actor(self) -> str:
        """How the change log names the viewer."""
        return self.key or self.account
