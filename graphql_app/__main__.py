"""`python -m graphql_app`."""

from graphql_app.cli.main import main

if __name__ == "__main__":
    main()
