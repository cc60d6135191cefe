"""Transports: HTTP, server-sent events, WebSocket and the GraphiQL page. Bytes in, bytes out.

May import `subscriptions`, `execution` and everything below them.
"""
