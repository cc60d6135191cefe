"""Commands on tracking events: record, void and replace, override a status.

May import `commands.shipments` and the modules directly in `commands`.
"""
