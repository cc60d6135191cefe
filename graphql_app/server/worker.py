"""TODO docstring."""

import gc
import multiprocessing
import os
import shutil
import signal
import threading
from pathlib import Path

from starlette.applications import Starlette

from graphql_app import settings
from graphql_app.observability import metrics
from graphql_app.observability.logging import configure
from graphql_app.server import worker
from graphql_app.server.app import create_app
from graphql_app.server.health import logger


def app_from_environment() -> Starlette:
    """The app of one server process, which was started for nothing else."""
    known = settings.read()
    configure(known.log_level, known.log_format)
    if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
        shared = settings.shared_metrics()
        metrics.forget_dead(shared)
        worker.exit_with_parent(parent.pid, shared)  # not os.getppid(): the parent may be gone already
    made = create_app(known, keyless=settings.keyless())
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not look at it again
    return made


def exit_with_parent(parent: int, left_behind: Path | None) -> None:
    """End this worker when the process that started it is gone, `kill -9` included, and clear away what that left."""

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(0.5)
        logger.warning("The parent process is gone: this worker ends.")
        if left_behind:
            shutil.rmtree(left_behind, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()
