"""Transports: HTTP, server-sent events and WebSocket, and the GraphiQL page. They parse requests and encode responses.

May import `subscriptions`, `execution` and everything below them.
"""
