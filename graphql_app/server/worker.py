"""A server process: builds the app from the environment, and ends when the parent process ends."""

import gc
import logging
import multiprocessing
import os
import shutil
import signal
import threading
from pathlib import Path

from starlette.applications import Starlette

from graphql_app import settings as settings_module
from graphql_app.observability import metrics
from graphql_app.observability.logging import configure
from graphql_app.server.app import create_app

logger = logging.getLogger(__name__)

PARENT_CHECK_SECONDS = 0.5
"""How often a worker checks that its parent process still runs."""


def app_from_environment() -> Starlette:
    """Return the app of one server process, with the settings of the environment. uvicorn calls it in each worker.

    Raises StartupError if a setting is invalid, as `settings.read` does.
    """
    settings = settings_module.read()
    configure(settings.log_level, settings.log_format)
    if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
        metrics_directory = settings_module.metrics_directory()
        metrics.remove_stale_gauges(metrics_directory)
        # Not os.getppid(): the parent process may have ended already.
        exit_with_parent(parent.pid, metrics_directory)
    app = create_app(settings, keyless=settings_module.keyless(), embedded_data=settings_module.embedded_data())
    # Exclude everything that exists now from garbage collection: it lives as long as the process.
    gc.collect()
    gc.freeze()
    return app


def exit_with_parent(parent_pid: int, leftover_directory: Path | None) -> None:
    """Start a thread that ends this worker when its parent process ends, even by SIGKILL.

    It deletes `leftover_directory`, which the parent process cannot delete in that case.
    """

    def watch_parent() -> None:
        while os.getppid() == parent_pid:
            threading.Event().wait(PARENT_CHECK_SECONDS)
        logger.warning("The parent process has ended; this worker shuts down.")
        if leftover_directory:
            shutil.rmtree(leftover_directory, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, daemon=True, name="parent").start()
