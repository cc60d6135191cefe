"""The command line `graphql-app`: serving, API keys, accounts, migrations, database access.

Only argument parsing and output belong here. May import every other package.
"""
