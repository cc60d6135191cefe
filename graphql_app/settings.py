"""Every knob: name, default, one sentence. Only this module reads the environment; README's table is made from it."""

import os
import sys
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from graphql_app.errors import startup_error

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
KEYLESS = "GRAPHQL_APP_KEYLESS"
"""Set by `serve` for its own workers, whatever it was before."""


class Settings(BaseSettings):
    """Read from the environment and from `.env`; a command-line option wins over both."""

    model_config = SettingsConfigDict(
        env_prefix="SHIPMENTS_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    postgres_url: SecretStr | None = Field(
        None,
        validation_alias="POSTGRES_URL",
        description="PostgreSQL 18 or newer, as `postgresql://user:password@host:5432/database`. "
        "Absent: a PostgreSQL of our own is started.",
    )
    owner_url: SecretStr | None = Field(
        None,
        validation_alias="POSTGRES_OWNER_URL",
        description="The same database in the role that owns the tables, for migrations and commands, where that of "
        "`POSTGRES_URL` does not.",
    )
    database_role: str = Field(
        "graphql_app_api",
        pattern="^[a-z0-9_]{0,63}$",
        description="Role that requests take on, which owns nothing and sees one account; empty: that of the URL.",
    )
    data_dir: Path | None = Field(
        None, description="Where the PostgreSQL of our own keeps its data. Absent: the user's data directory."
    )
    host: str = Field(DEFAULT_HOST, description="Address to listen on.")
    port: int = Field(DEFAULT_PORT, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Number of server processes.")
    demo: bool = Field(True, description="Fill an empty PostgreSQL of our own with a small demonstration.")
    pool_size: int = Field(10, ge=1, le=200, description="Connections to PostgreSQL for each process.")
    pool_timeout: float = Field(2.5, gt=0, description="Seconds to wait for one of them, before 503.")
    statement_timeout: float = Field(5.0, gt=0, description="Seconds that one SQL statement may take.")
    sql_echo: bool = Field(False, description="Log every SQL statement.")
    request_timeout: float = Field(10.0, gt=0, description="Seconds that one request may take.")
    most_waiting: int = Field(
        100, ge=0, description="Operations that may wait for a connection of the pool; more are refused with 503."
    )
    most_connections: int = Field(
        2000, ge=1, description="Client connections of each process; more are refused with 503."
    )
    most_streams: int = Field(1000, ge=0, description="WebSockets and event streams of each process.")
    most_streams_each: int = Field(
        50, ge=1, description="Of these, for each API key, or for each address where no key is needed."
    )
    change_retention_days: int = Field(
        0,
        ge=0,
        description="Days for which the change log is kept, and with it the history of shipments; 0 keeps all of it.",
    )
    rate: float = Field(
        0, ge=0, description="Points of cost a second for each client, beyond which it gets 429; 0 sets no bound."
    )
    burst: float = Field(0, ge=0, description="Points that a client may save up; at least one second's.")
    introspection: bool = Field(
        True, description="Let clients ask for the schema, and help them with suggestions where a name is wrong."
    )
    explorer: bool = Field(True, description="Show browsers that open /graphql the explorer.")
    trusted_documents: Path | None = Field(
        None, description="A JSON file of trusted documents by id, as graphql-codegen, Relay or Apollo write it."
    )
    only_trusted: bool = Field(False, description="Run trusted documents and nothing else.")
    cors_origins: str = Field(
        "", description="Origins whose pages may call the API, with commas between them; `*` is any."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    log_format: str = Field("text", pattern="^(text|json)$", description="text for people, or json: one line a record.")
    drain_delay: float = Field(
        0.0, ge=0, description="Seconds after SIGTERM during which requests are still taken while /readyz says no."
    )

    @field_validator("postgres_url", "owner_url")
    @classmethod
    def postgres(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse early what could never be connected to."""
        if value is None or not value.get_secret_value().strip():
            return None
        try:
            url = make_url(value.get_secret_value().strip())
        except ArgumentError:
            raise ValueError("is not a URL; write postgresql://user:password@host:5432/database") from None
        if url.drivername not in ("postgresql", "postgres", "postgresql+asyncpg"):
            raise ValueError(f"names {url.drivername}, but only PostgreSQL is spoken: postgresql://…")
        return value

    @model_validator(mode="after")
    def consistent(self) -> Self:
        if self.only_trusted and self.trusted_documents is None:
            raise ValueError("only trusted documents are to be run, but SHIPMENTS_TRUSTED_DOCUMENTS names no file")
        return self


def read(**given: Any) -> Settings:
    """The settings of this process. A mistake becomes one plain sentence."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as mistake:
        first = mistake.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "The settings"
        variable = environment_variable(name) if name in Settings.model_fields else name
        message = first["msg"].removeprefix("Value error, ")
        raise startup_error.StartupError(f"{variable} {message[:1].lower()}{message[1:]}.") from None


def data_directory(known: Settings) -> Path:
    """Where the PostgreSQL of our own lies. Root's home is closed to the account that root lends it."""
    if known.data_dir:
        return known.data_dir
    if os.geteuid() == 0:
        return Path("/var/lib/graphql-app")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "graphql-app"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "graphql-app"


def hand_down(known: Settings, **also: str) -> None:
    """Put the settings into the environment, whence the processes read them that this one starts."""
    for name in Settings.model_fields:
        value = getattr(known, name)
        os.environ.pop(environment_variable(name), None)
        if value is not None:
            plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            os.environ[environment_variable(name)] = plain
    os.environ.update(also)


def shared_metrics() -> Path | None:
    """Where several processes count together; prometheus-client itself reads this variable."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def keyless() -> bool:
    """Whether the process that started this one lets requests in without a key, until one is made."""
    return os.environ.get(KEYLESS) == "yes"


def environment_variable(field: str) -> str:
    """The name of a setting in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else f"SHIPMENTS_{field.upper()}"


def asyncpg_url(postgres_url: str) -> URL:
    """A PostgreSQL URL as SQLAlchemy's asyncpg dialect wants it; libpq's `sslmode` becomes asyncpg's `ssl`."""
    url = make_url(postgres_url.strip()).set(drivername="postgresql+asyncpg")
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(query=query)


def table() -> str:
    """The settings as a table in Markdown, for the README."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{str(field.default).lower()}`"
        lines.append(f"| `{environment_variable(name)}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
