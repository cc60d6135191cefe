"""A GraphQL API for shipments: Strawberry types over SQLModel tables on PostgreSQL, one SQL statement a root field."""
