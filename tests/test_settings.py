"""Settings: the table in the README, environment variables and `.env`, messages about invalid values."""

from pathlib import Path

import pytest

from graphql_app import settings
from graphql_app.errors import startup_error

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_contains_the_generated_table(pytestconfig: pytest.Config) -> None:
    """`pytest --golden-update tests/test_settings.py` rewrites the table."""
    text, table = README.read_text(), settings.markdown_table()
    if pytestconfig.getoption("--golden-update"):
        before, _, rest = text.partition("| variable | default | meaning |")
        text = before + table + "\n" + rest.partition("\n\n")[2]
        README.write_text(text)
    assert table in text


def test_every_setting_has_a_description() -> None:
    for name, field in settings.Settings.model_fields.items():
        assert field.description, name
        assert field.description.strip().endswith("."), name
        assert f"`{settings.environment_variable(name)}`" in settings.markdown_table()


def test_settings_are_read_from_the_environment_and_options_take_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPMENTS_PORT", "8123")
    monkeypatch.setenv("POSTGRES_URL", "postgresql+asyncpg://me:secret@db.example/shipments?sslmode=require")
    from_environment = settings.read()
    assert from_environment.port == 8123
    assert settings.read(port=9000).port == 9000
    assert from_environment.postgres_url
    assert "secret" not in repr(from_environment)
    url = settings.asyncpg_url(from_environment.postgres_url.get_secret_value())
    assert (
        url.render_as_string(hide_password=False) == "postgresql+asyncpg://me:secret@db.example/shipments?ssl=require"
    )


def test_of_several_hosts_the_primary_is_used() -> None:
    url = settings.asyncpg_url("postgresql://me@/shipments?host=a:5432&host=b:5433")
    assert url.query == {"host": ("a:5432", "b:5433"), "target_session_attrs": "primary"}


def test_settings_are_read_from_a_dotenv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SHIPMENTS_PORT=8124\nPOSTGRES_URL=\n")
    monkeypatch.chdir(tmp_path)
    assert (settings.read().port, settings.read().postgres_url) == (8124, None)


def test_exported_settings_are_read_back_unchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.setenv(settings.environment_variable(name), "")
        monkeypatch.delenv(settings.environment_variable(name))
    original = settings.read(
        postgres_url="postgresql://me:secret@db.example/shipments", data_dir=tmp_path, demo=False, drain_delay=1.5
    )
    settings.export_to_environment(original)
    assert settings.read() == original


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SHIPMENTS_PORT", "99999", "SHIPMENTS_PORT input should be less than or equal to 65535."),
        ("SHIPMENTS_LOG_LEVEL", "loud", "SHIPMENTS_LOG_LEVEL string should match pattern"),
        ("POSTGRES_URL", "sqlite:///x", "POSTGRES_URL must start with postgresql:// (was sqlite://)."),
        (
            "SHIPMENTS_TRUSTED_DOCUMENTS_ONLY",
            "true",
            "SHIPMENTS_TRUSTED_DOCUMENTS_ONLY requires a file in SHIPMENTS_TRUSTED_DOCUMENTS.",
        ),
        ("POSTGRES_URL", "here", "POSTGRES_URL must be a URL such as postgresql://user:password@host:5432/database."),
    ],
)
def test_an_invalid_value_is_rejected_with_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(startup_error.StartupError) as caught:
        settings.read()
    assert str(caught.value).startswith(message)


def test_the_default_data_directory_depends_on_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings.data_directory(settings.read(data_dir=tmp_path)) == tmp_path
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings.data_directory(settings.read()) == Path("/var/lib/graphql-app")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.data_directory(settings.read()) == tmp_path / "graphql-app"
