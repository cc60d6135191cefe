"""Commands on shipments: create, update, upsert, and the status transitions confirm, cancel and archive.

May import the modules directly in `commands` (`command`, `validation`, `change_log`, `carriers`) and the packages below
`commands`, never `commands.tracking_events`.
"""
