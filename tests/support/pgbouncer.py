"""PgBouncer in front of the test run's PostgreSQL. Tests that use it are skipped where it is not installed."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
IGNORED = (
    "role,jit,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,enable_seqscan,"
    "app.bypass_account_scope,synchronous_commit,intervalstyle,extra_float_digits,search_path"
)
"""Value of `ignore_startup_parameters` with which PgBouncer accepts the connections of the server, and drops these."""
APPLIED = (
    "SET role graphql_app_api; SET jit = off; SET statement_timeout = 5000; SET lock_timeout = 3000; "
    "SET idle_in_transaction_session_timeout = 10000; SET enable_seqscan = off; SET app.bypass_account_scope = on; "
    "SET intervalstyle = iso_8601"
)
"""Value of `connect_query` with which every connection of PgBouncer has the settings that it dropped."""


@contextmanager
def running(postgres_url: str, folder: Path, *, mode: str, ignored: str = "", connect_query: str = "") -> Iterator[str]:
    """Run PgBouncer in front of a database; yield the URL of the database through it.

    Args:
        postgres_url: URL of the database on a Unix socket.
        folder: new folder for the configuration, the log and the socket.
        mode: `session` or `transaction`.
        ignored: names of the parameters that it accepts and drops.
        connect_query: statements that it sends on each new connection to PostgreSQL.
    """
    if PROGRAM is None:
        pytest.skip("needs PgBouncer")
    url = make_url(postgres_url)
    folder.mkdir()
    folder.chmod(0o777)
    query = f" connect_query='{connect_query}'" if connect_query else ""
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{url.database} = host={url.query['host']} user={url.username}{query}\n"
        f"[pgbouncer]\nlisten_port = 5432\nunix_socket_dir = {folder}\nauth_type = any\npool_mode = {mode}\n"
        f"logfile = {folder}/log\nignore_startup_parameters = {ignored}\n"
    )
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [PROGRAM, "-q", *user, str(folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while not (folder / ".s.PGSQL.5432").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield url.set(username=url.username, query={"host": str(folder)}).render_as_string(hide_password=False)
    finally:
        process.kill()
        process.wait()
