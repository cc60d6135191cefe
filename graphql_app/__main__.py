"""Entry point of `python -m graphql_app`, the same as the command `graphql-app`."""

from graphql_app.cli.main import main

if __name__ == "__main__":
    main()
