"""TODO docstring."""

READ, WRITE, EVENTS, ADMIN = "shipments:read", "shipments:write", "events:write", "admin"
SCOPES = (READ, WRITE, EVENTS, ADMIN)
