"""The file of trusted documents: the documents by their ids.

Two formats are supported: one object from id to document, as written by graphql-codegen and relay-compiler, and
Apollo's manifest with a list of operations. An id that is a SHA-256 hash must be the hash of its document. An invalid
file stops the start of the process.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import orjson

from graphql_app.errors import startup_error
from graphql_app.execution.request import json_problem

SHA256 = re.compile("[0-9a-f]{64}")


def read(path: Path | None) -> dict[str, str]:
    """Return the documents by id, the ids without the prefix `sha256:`. Empty if there is no file.

    Raises:
        StartupError: the file cannot be read, is not JSON, has another format, or contains a wrong hash.
    """
    if path is None:
        return {}
    try:
        file_text = path.read_bytes()
        content = orjson.loads(file_text)
    except OSError as error:
        raise startup_error.StartupError(
            f"The file of trusted documents cannot be read: {error.strerror} ({path})."
        ) from None
    except orjson.JSONDecodeError as error:
        problem = json_problem(file_text, error)
        raise startup_error.StartupError(f"The file of trusted documents {path} {problem}.") from None
    documents = {id_.removeprefix("sha256:"): text for id_, text in ids_and_texts(content, path)}
    for id_, text in documents.items():
        if SHA256.fullmatch(id_) and hashlib.sha256(text.encode()).hexdigest() != id_:
            raise startup_error.StartupError(
                f"The id of the trusted document {id_} in {path} is not the SHA-256 hash of its text. "
                "Generate the file again."
            )
    return documents


def ids_and_texts(content: Any, path: Path) -> list[tuple[str, str]]:
    """Return the ids and texts of the documents in the parsed file, from either format.

    Raises:
        StartupError: the file has another format or no documents.
    """
    pairs: list[tuple[Any, Any]] = []
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        pairs = [(entry.get("id"), entry.get("body")) for entry in content["operations"] if isinstance(entry, dict)]
    elif isinstance(content, dict):
        pairs = list(content.items())
    if not pairs or not all(isinstance(id_, str) and isinstance(text, str) for id_, text in pairs):
        raise startup_error.StartupError(
            f"The file of trusted documents {path} must be a JSON object from id to text, or an Apollo manifest."
        )
    return pairs
