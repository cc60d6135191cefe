"""Commands on shipments: create, update, upsert, and the status transitions confirm, cancel and archive.

May import the modules of `commands` that belong to no noun (`command`, `validation`, `change_log`, `carriers`).
"""
