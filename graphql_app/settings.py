"""All settings, with default and description. Only this module reads the environment. Generates the README's table."""

import os
import sys
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from graphql_app.errors import startup_error

DEFAULT_HOST = "127.0.0.1"
"""Address to listen on: only this machine."""

DEFAULT_PORT = 8000
"""Port to listen on."""

KEYLESS_VARIABLE = "GRAPHQL_APP_KEYLESS"
"""Environment variable that `serve` sets for its worker processes to `yes` or `no`. Any inherited value is replaced."""


EMBEDDED_VARIABLE = "GRAPHQL_APP_EMBEDDED"
"""Environment variable that `serve` sets for its worker processes to the data directory of the embedded PostgreSQL."""


class Settings(BaseSettings):
    """Settings of a process, read from the environment and from `.env`. Command-line options take precedence."""

    model_config = SettingsConfigDict(
        env_prefix="SHIPMENTS_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    postgres_url: SecretStr | None = Field(
        None,
        validation_alias="POSTGRES_URL",
        description="PostgreSQL 18 or newer, as `postgresql://user:password@host:5432/database`. If omitted, an "
        "embedded PostgreSQL is started.",
    )
    owner_url: SecretStr | None = Field(
        None,
        validation_alias="POSTGRES_OWNER_URL",
        description="The same database with the role that owns the tables, for migrations and commands. Needed only "
        "if the role of `POSTGRES_URL` does not own them.",
    )
    database_role: str = Field(
        "graphql_app_api",
        pattern="^[a-z0-9_]{0,63}$",
        description="PostgreSQL role that requests switch to. It owns nothing and sees one account. If empty, "
        "requests keep the role of `POSTGRES_URL`.",
    )
    data_dir: Path | None = Field(
        None, description="Directory of the embedded PostgreSQL. If omitted, a directory in the user's data directory."
    )
    host: str = Field(DEFAULT_HOST, description="Address to listen on.")
    port: int = Field(DEFAULT_PORT, ge=0, le=65535, description="Port to listen on; 0 selects a free port.")
    workers: int = Field(1, ge=1, le=64, description="Number of server processes.")
    demo: bool = Field(True, description="Fill an empty embedded PostgreSQL with demonstration data.")
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections in the pool of each process.")
    pool_timeout: float = Field(
        2.5,
        gt=0,
        description="Maximum seconds that an operation waits for a pool connection before it is rejected with 503.",
    )
    statement_timeout: float = Field(5.0, gt=0, description="Maximum seconds per SQL statement.")
    sql_echo: bool = Field(
        False, description="Log the SQL statements that are sent through SQLAlchemy; reads bypass it."
    )
    request_timeout: float = Field(10.0, gt=0, description="Maximum seconds per request.")
    max_queued_operations: int = Field(
        100,
        ge=0,
        description="Maximum operations that wait for a pool connection, per process; further ones are rejected with"
        " 503.",
    )
    read_share: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="Share of the pool connections and of the queue that mutations cannot use, in total and for each "
        "client, so that mutations that wait for locks do not block queries.",
    )
    max_connections: int = Field(
        2000,
        ge=1,
        description="Maximum client connections per process. A further one replaces the longest idle one; if none is "
        "idle, it is rejected with 503.",
    )
    keep_alive_timeout: int = Field(
        75,
        ge=1,
        description="Seconds after which an idle client connection is closed. It must be longer than the time for "
        "which proxies and clients reuse one.",
    )
    max_streams: int = Field(1000, ge=0, description="Maximum WebSocket and SSE connections per process.")
    max_streams_per_client: int = Field(
        50,
        ge=1,
        description="Maximum WebSocket and SSE connections per API key (per IP address when keys are not required).",
    )
    change_retention_days: int = Field(
        0,
        ge=0,
        description="Days to keep the change log and with it the history of shipments; 0 keeps everything.",
    )
    rate_limit: float = Field(
        0,
        ge=0,
        description="Cost points per second and client; beyond it requests are rejected with 429. 0 means no limit.",
    )
    rate_limit_burst: float = Field(
        0, ge=0, description="Maximum cost points that a client can accumulate; at least the points of one second."
    )
    introspection: bool = Field(True, description="Allow introspection and suggest names in validation errors.")
    explorer: bool = Field(True, description="Serve GraphiQL to browsers at `/graphql`.")
    trusted_documents: Path | None = Field(
        None, description="JSON file of trusted documents by id, as written by graphql-codegen, Relay or Apollo."
    )
    trusted_documents_only: bool = Field(False, description="Run only trusted documents.")
    cors_origins: str = Field("", description="Comma-separated origins whose pages may call the API; `*` allows any.")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="`debug`, `info`, `warning` or `error`."
    )
    log_format: str = Field(
        "text", pattern="^(text|json)$", description="`text`, or `json` for one JSON object per line."
    )
    drain_delay: float = Field(
        0.0,
        ge=0,
        description="Seconds after SIGTERM during which requests are still accepted while `/readyz` returns 503.",
    )

    @field_validator("postgres_url", "owner_url")
    @classmethod
    def validate_postgres_url(cls, value: SecretStr | None) -> SecretStr | None:
        """Reject values that are no PostgreSQL URL. An empty value counts as omitted. Messages never quote the URL."""
        if value is None or not value.get_secret_value().strip():
            return None
        try:
            url = make_url(value.get_secret_value().strip())
        except ArgumentError:
            raise ValueError("must be a URL such as postgresql://user:password@host:5432/database") from None
        if url.drivername not in ("postgresql", "postgres", "postgresql+asyncpg"):
            raise ValueError(f"must start with postgresql:// (was {url.drivername}://)")
        return value

    @model_validator(mode="after")
    def validate_trusted_documents(self) -> Self:
        """Require a file of trusted documents if only those may run."""
        if self.trusted_documents_only and self.trusted_documents is None:
            raise ValueError("SHIPMENTS_TRUSTED_DOCUMENTS_ONLY requires a file in SHIPMENTS_TRUSTED_DOCUMENTS")
        return self


def read(**options: Any) -> Settings:
    """Return the settings of this process. `options` are fields of Settings; those that are None are ignored.

    Raises:
        StartupError: a value is invalid. The message names the environment variable of the first invalid value.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if first["loc"]:
            name = str(first["loc"][0])
            variable = environment_variable(name) if name in Settings.model_fields else name
            message = f"{variable} {message[:1].lower()}{message[1:]}"
        raise startup_error.StartupError(f"{message}.") from None


def data_directory(settings: Settings) -> Path:
    """Return the directory of the embedded PostgreSQL.

    For root it is not in the home directory, which the unprivileged account that runs PostgreSQL cannot enter.
    """
    if settings.data_dir:
        return settings.data_dir
    if os.geteuid() == 0:
        return Path("/var/lib/graphql-app")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "graphql-app"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "graphql-app"


def export_to_environment(settings: Settings, **variables: str) -> None:
    """Set the environment variables of all settings, and `variables`, for the processes that this one starts."""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        os.environ.pop(environment_variable(name), None)
        if value is not None:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            os.environ[environment_variable(name)] = text
    os.environ.update(variables)


def metrics_directory() -> Path | None:
    """Return the directory in which several processes share metrics, or None. prometheus-client reads it, too."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(directory) if directory else None


def embedded_data() -> Path | None:
    """Return the data directory of the embedded PostgreSQL that the parent process started, or None."""
    data = os.environ.get(EMBEDDED_VARIABLE)
    return Path(data) if data else None


def keyless() -> bool:
    """Whether the parent process accepts requests without an API key until the first key is created."""
    return os.environ.get(KEYLESS_VARIABLE) == "yes"


def environment_variable(field: str) -> str:
    """Return the environment variable of a field of Settings."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else f"SHIPMENTS_{field.upper()}"


def asyncpg_url(postgres_url: str) -> URL:
    """Return a PostgreSQL URL for SQLAlchemy's asyncpg dialect.

    libpq's parameter `sslmode` becomes `ssl`. Of several hosts, the primary is used.
    """
    url = make_url(postgres_url.strip()).set(drivername="postgresql+asyncpg")
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    if isinstance(query.get("host"), tuple):
        query.setdefault("target_session_attrs", "primary")
    return url.set(query=query)


def display_url(url: URL) -> str:
    """Return a URL of SQLAlchemy without its password and driver, for messages."""
    return url.render_as_string(hide_password=True).replace("+asyncpg", "")


def markdown_table() -> str:
    """Return the settings as a Markdown table: variable, default, description."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{str(field.default).lower()}`"
        lines.append(f"| `{environment_variable(name)}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
