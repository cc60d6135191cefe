"""docs/configuration.md has one section for each setting, with the default of the program."""

import re
from pathlib import Path

from graphql_app import settings

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
SECTIONS = {name: body for name, body in re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S)}
FIELDS = settings.Settings.model_fields
DEFAULTS = {settings.environment_variable(name): field.default for name, field in FIELDS.items()}


def test_each_setting_has_a_section() -> None:
    assert sorted(SECTIONS) == sorted(DEFAULTS)


def test_each_section_states_the_default() -> None:
    for name, default in DEFAULTS.items():
        stated = re.search(r"^- \*\*Default:\*\* (.*)", SECTIONS[name], re.M)
        assert stated, name
        if default not in (None, ""):
            assert stated[1].startswith(f"`{str(default).lower()}`"), name


def test_each_numeric_setting_says_when_to_change_it() -> None:
    for name, default in DEFAULTS.items():
        if isinstance(default, int | float) and name != "SHIPMENTS_PORT":
            assert "**Change it**" in SECTIONS[name], name
