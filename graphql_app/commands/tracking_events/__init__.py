"""Commands on tracking events: record, void and replace, override a status.

May import `commands.shipments`, the modules directly in `commands`, and the packages below `commands`.
"""
