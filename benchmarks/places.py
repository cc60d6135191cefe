"""Where things are: folders, databases, programs. Everything that is built lies in `results/`, which git ignores."""

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = HERE / "results"
PEERS, OWN = "peers", "project"
"""The peers' tables, and the same data in the project's own."""
PEERS_WRITE, OWN_WRITE = "peers_write", "project_write"
"""Copies of the two that mutations may change, made anew for every round."""
WORKLOADS = ("Q1", "Q2", "Q3", "M1")


def program(name: str) -> str | None:
    """Where a program is; None when it is not installed."""
    return shutil.which(name)


def node() -> str | None:
    """Node 22 or newer: the one that the peers' packages brought, or the machine's own."""
    own = BUILD / "node" / "node_modules" / "node" / "bin" / "node"
    return str(own) if own.exists() else program("node")
