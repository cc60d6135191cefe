"""Paths, database names and programs. Everything that is built is in `results/`, which git ignores."""

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = HERE / "results"
PEERS = "peers"
"""Database with the peers' tables."""
OWN = "project"
"""Database with the same data in the project's tables."""
PEERS_WRITE = "peers_write"
"""Copy of PEERS for mutations, created again for each round."""
OWN_WRITE = "project_write"
"""Copy of OWN for mutations, created again for each round."""
WORKLOADS = ("Q1", "Q2", "Q3", "M1")


def program(name: str) -> str | None:
    """The path of a program, or None if it is not installed."""
    return shutil.which(name)


def node() -> str | None:
    """Node 22 or newer: the one installed with the peers' packages, or the system's."""
    installed = BUILD / "node" / "node_modules" / "node" / "bin" / "node"
    return str(installed) if installed.exists() else program("node")
