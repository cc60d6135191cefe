"""A file of trusted documents → their texts by id. Refuses to start with a file that does not say what it means.

Read are the two forms in use: one object from id to text, as graphql-codegen and relay-compiler write it, and Apollo's
manifest with a list of operations. An id that is a SHA-256 must be that of its text.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import orjson

from graphql_app.errors import startup_error

SHA256 = re.compile("[0-9a-f]{64}")


def read(path: Path | None) -> dict[str, str]:
    """The texts by id, the ids without `sha256:` before them."""
    if path is None:
        return {}
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise startup_error.StartupError(f"The trusted documents cannot be read: {error.strerror} ({path}).") from None
    except orjson.JSONDecodeError as error:
        raise startup_error.StartupError(f"The trusted documents in {path} are not JSON: {error}.") from None
    found = {name.removeprefix("sha256:"): text for name, text in pairs(content, path)}
    for name, text in found.items():
        if SHA256.fullmatch(name) and hashlib.sha256(text.encode()).hexdigest() != name:
            raise startup_error.StartupError(
                f"The trusted document {name} in {path} has another SHA-256 than its id says."
            )
    return found


def pairs(content: Any, path: Path) -> list[tuple[str, str]]:
    """Ids and texts, in either form."""
    found: list[tuple[Any, Any]] = []
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        found = [(one.get("id"), one.get("body")) for one in content["operations"] if isinstance(one, dict)]
    elif isinstance(content, dict):
        found = list(content.items())
    if not found or not all(isinstance(name, str) and isinstance(text, str) for name, text in found):
        raise startup_error.StartupError(f"The trusted documents in {path} must be an object from id to text.")
    return found
