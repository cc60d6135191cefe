"""Commands on tracking events: record, void and replace, override a status.

May import `commands.shipments` and the modules of `commands` that belong to no noun.
"""
