"""The server process: the ASGI app, startup, worker processes, uvicorn's protocols, health checks.

May import every package but `cli`.
"""
