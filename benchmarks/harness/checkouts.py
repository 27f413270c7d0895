"""Where the package lies that is measured: this checkout, or what another revision of it had."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("scheduler", "text_recognizer", "exp_queue", "hydra_plugins")
SITE = Path(__file__).resolve().parent / "site"
COMMAND = [sys.executable, "-m", "scheduler.cli.main"]


class UnknownRevision(Exception):
    """No such revision; says what to do."""


def package() -> Path:
    """The folder from which this process imports `scheduler`."""
    found = find_spec("scheduler")
    assert found
    assert found.origin
    return Path(found.origin).resolve().parent.parent


def path_of(folder: Path, *more: Path) -> str:
    """A PYTHONPATH with which the package in that folder is imported, and no module of another one."""
    return os.pathsep.join(map(str, (folder, SITE, *more)))


def environment(directory: Path, **changes: str) -> dict[str, str]:
    """For commands of the package that is measured: with their home in `directory`, and byte-compiled, as people have them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": path_of(package()), **changes}


def cache() -> Path:
    """A folder of the benchmarks' own."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "exp-queue-benchmarks"


def commit_of(revision: str, root: Path = ROOT) -> str:
    if not (root / ".git").exists():
        raise UnknownRevision(f"--against {revision}: {root} is no checkout of git; clone the repository to compare revisions")
    wanted = f"{revision}^{{commit}}"
    line = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "--end-of-options", wanted]
    found = subprocess.run(line, capture_output=True, text=True, check=False)
    if found.returncode:
        raise UnknownRevision(
            f"--against {revision}: no such revision here; give a commit, a branch or a tag (`git log --oneline` shows commits), "
            "or `git fetch` it first"
        )
    return found.stdout.strip()


def tree_of(commit: str, folder: Path, root: Path = ROOT) -> Path:
    """The packages as they were then, below `folder`; made once. What is interrupted leaves nothing."""
    target = folder / commit
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="part-") as part:
            _unpack(commit, Path(part) / "tree", root)
            (Path(part) / "tree").rename(target)
    return target


def _unpack(commit: str, folder: Path, root: Path) -> None:
    git = ["git", "-C", str(root)]
    listed = subprocess.run([*git, "ls-tree", "--name-only", commit], capture_output=True, text=True, check=True)
    names = [name for name in PACKAGES if name in listed.stdout.split()]
    if "scheduler" not in names:
        raise UnknownRevision(f"--against {commit[:12]}: it has no package `scheduler`; give a later one")
    packed = subprocess.run([*git, "archive", commit, *names], stdout=subprocess.PIPE, check=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
