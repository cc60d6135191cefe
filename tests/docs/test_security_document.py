"""Every promise in SECURITY.md names a test that exists, and its statements about files are true."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_named_test_exists() -> None:
    document = (ROOT / "SECURITY.md").read_text()
    sources = {
        path.relative_to(ROOT / "tests").as_posix(): path.read_text() for path in (ROOT / "tests").rglob("test_*.py")
    }
    tests = {name for text in sources.values() for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.M)}
    files, names = set(re.findall(r"tests/([\w/]+\.py)", document)), set(re.findall(r"`(test_\w+)`", document))
    assert len(files) > 10
    assert len(names) > 5
    assert files - sources.keys() == set()
    assert names - tests == set()


def test_each_promise_names_a_test() -> None:
    promises = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| **")]
    assert promises
    for line in promises:
        assert "test_" in line.rsplit("|", 2)[1], line


def test_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    unbounded = [
        requirement for requirement in project["dependencies"] if "<" not in requirement and "==" not in requirement
    ]
    assert unbounded == ["tzdata>=2026.1"], "time zone data has no API that could break, and must stay current"


def test_the_container_runs_as_a_user_without_rights() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    users = re.findall(r"^USER (\S+)", stages[-1], re.M)
    assert users[-1:] == ["10001"]
    assert stages[-1].index("USER 10001") < stages[-1].index("\nCMD ")
