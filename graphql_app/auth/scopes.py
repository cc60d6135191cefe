"""The scopes of API keys. No scope implies another."""

READ = "shipments:read"
"""Run queries and subscriptions."""
WRITE = "shipments:write"
"""Create and change shipments and carriers."""
EVENTS = "events:write"
"""Record and void tracking events."""
ADMIN = "admin"
"""Create, list and revoke the API keys of the account."""
SCOPES = (READ, WRITE, EVENTS, ADMIN)
"""All scopes, in the order in which the API returns them."""
