"""README.ja.md shows the same commands, the same example and the same settings as README.md."""

import re
from pathlib import Path

from graphql_app import settings

ROOT = Path(__file__).parents[2]
ENGLISH, JAPANESE = ((ROOT / name).read_text() for name in ("README.md", "README.ja.md"))
START = {"README.md": "## Querying", "README.ja.md": "## テーブルを見る"}
"""The heading after the quick start."""


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(text: str) -> list[str]:
    """The shell commands without their comments."""
    lines = "".join(blocks(text, "sh")).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines]


def test_the_quick_start_has_the_same_commands() -> None:
    english = commands(ENGLISH.partition(START["README.md"])[0])
    japanese = commands(JAPANESE.partition(START["README.ja.md"])[0])
    assert "make run" in english
    assert japanese == english


def test_all_other_commands_are_in_the_english_readme() -> None:
    assert set(commands(JAPANESE)) <= set(commands(ENGLISH))


def test_the_example_is_the_same() -> None:
    for language in ("graphql", "sql", "json"):
        assert blocks(JAPANESE, language) == blocks(ENGLISH, language)[:1]


def test_each_setting_exists() -> None:
    names = {settings.environment_variable(name) for name in settings.Settings.model_fields}
    assert set(re.findall(r"SHIPMENTS_[A-Z_]+", JAPANESE)) <= names


def test_each_file_exists() -> None:
    files = re.findall(r"\]\(([\w./-]+)\)", JAPANESE) + re.findall(r"`(graphql_app/[\w/]+\.py)`", JAPANESE)
    assert len(files) > 5
    assert [name for name in files if not (ROOT / name).exists()] == []
