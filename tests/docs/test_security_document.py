"""SECURITY.md names the tests that prove what it promises: they exist. And what can be read off files is as it says."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_is_named_exists() -> None:
    said = (ROOT / "SECURITY.md").read_text()
    written = {
        path.relative_to(ROOT / "tests").as_posix(): path.read_text() for path in (ROOT / "tests").rglob("test_*.py")
    }
    tests = {name for text in written.values() for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.M)}
    files, names = set(re.findall(r"tests/([\w/]+\.py)", said)), set(re.findall(r"`(test_\w+)`", said))
    assert len(files) > 10
    assert len(names) > 5
    assert files - written.keys() == set()
    assert names - tests == set()


def test_every_promise_names_a_test() -> None:
    promises = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| **")]
    assert promises
    for line in promises:
        assert "test_" in line.rsplit("|", 2)[1], line


def test_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    unbounded = [one for one in project["dependencies"] if "<" not in one and "==" not in one]
    assert unbounded == ["tzdata>=2026.1"], "time zones change by law, and no interface with them"


def test_the_container_runs_as_a_user_without_rights() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    users = re.findall(r"^USER (\S+)", stages[-1], re.M)
    assert users[-1:] == ["10001"]
    assert stages[-1].index("USER 10001") < stages[-1].index("\nCMD ")
