"""TODO docstring."""

from typing import Annotated

import strawberry

CURSOR = "Place in the order of this connection."
NODES, EDGES, PAGE = "The rows of the page.", "The rows with their cursors.", "Where the page stands."
Limit = Annotated[
    int | None,
    strawberry.argument(description="Counting stops here. Null counts exactly, and is charged more."),
]
