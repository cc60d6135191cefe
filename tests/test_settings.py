"""Settings are data: documented from the code, read from the environment alone, wrong ones refused in a sentence."""

from pathlib import Path

import pytest

from graphql_app import settings
from graphql_app.errors import startup_error

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_has_the_table_that_the_code_makes(pytestconfig: pytest.Config) -> None:
    """`pytest --golden-update` with this file rewrites the table."""
    text, table = README.read_text(), settings.table()
    if pytestconfig.getoption("--golden-update"):
        before, _, rest = text.partition("| variable | default | meaning |")
        text = before + table + "\n" + rest.partition("\n\n")[2]
        README.write_text(text)
    assert table in text


def test_every_setting_has_a_sentence() -> None:
    for name, field in settings.Settings.model_fields.items():
        assert field.description, name
        assert field.description.strip().endswith("."), name
        assert f"`{settings.environment_variable(name)}`" in settings.table()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPMENTS_PORT", "8123")
    monkeypatch.setenv("POSTGRES_URL", "postgresql+asyncpg://me:secret@db.example/shipments?sslmode=require")
    known = settings.read()
    assert known.port == 8123
    assert settings.read(port=9000).port == 9000
    assert known.postgres_url
    assert "secret" not in repr(known)
    url = settings.asyncpg_url(known.postgres_url.get_secret_value())
    assert (
        url.render_as_string(hide_password=False) == "postgresql+asyncpg://me:secret@db.example/shipments?ssl=require"
    )


def test_a_file_may_hold_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SHIPMENTS_PORT=8124\nPOSTGRES_URL=\n")
    monkeypatch.chdir(tmp_path)
    assert (settings.read().port, settings.read().postgres_url) == (8124, None)


def test_settings_survive_being_handed_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.setenv(settings.environment_variable(name), "")
        monkeypatch.delenv(settings.environment_variable(name))
    known = settings.read(
        postgres_url="postgresql://me:secret@db.example/shipments", data_dir=tmp_path, demo=False, drain_delay=1.5
    )
    settings.export_to_environment(known)
    assert settings.read() == known


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SHIPMENTS_PORT", "99999", "SHIPMENTS_PORT input should be less than or equal to 65535."),
        ("SHIPMENTS_LOG_LEVEL", "loud", "SHIPMENTS_LOG_LEVEL string should match pattern"),
        ("POSTGRES_URL", "sqlite:///x", "POSTGRES_URL names sqlite, but only PostgreSQL is spoken: postgresql://…."),
        ("POSTGRES_URL", "here", "POSTGRES_URL is not a URL; write postgresql://user:password@host:5432/database."),
    ],
)
def test_a_wrong_one_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(startup_error.StartupError) as caught:
        settings.read()
    assert str(caught.value).startswith(said)


def test_data_lie_in_the_users_directory_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings.data_directory(settings.read(data_dir=tmp_path)) == tmp_path
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings.data_directory(settings.read()) == Path("/var/lib/graphql-app")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.data_directory(settings.read()) == tmp_path / "graphql-app"
