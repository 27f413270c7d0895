"""A copy of the tree in which one mutant at a time is tried. The tree itself is never touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scheduler.linux import processes
from tests.mutation.mutants import Mutant

LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "wandb", "runs", "weights")
# Of the plugins that are installed a tier needs one: to load all of them takes ten times as long as most tiers.
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_timeout")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Copy:
    """`tiers` are lists of tests: a mutant meets the next only if the one before has not noticed it."""

    def __init__(self, root: Path, tree: Path, tiers: Sequence[Sequence[str]], patience: float = 60) -> None:
        """`patience` in seconds, beyond ten times what the tests take without a mutant. RuntimeError if they
        fail without one: nothing could be learned from them then.
        """
        self.tree, self.patience = tree, patience
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
        self.tiers = [(tier, self._seconds(tier)) for tier in tiers]

    def notices(self, module: str, mutant: Mutant) -> bool:
        """Whether some test fails, or never ends, with this mutant in place of the module."""
        path = self.tree / module
        original = path.read_bytes()
        path.write_text(mutant.source, encoding="utf-8")
        try:
            return not all(self._pass(tier, limit=self.patience + 10 * seconds) for tier, seconds in self.tiers)
        finally:
            path.write_bytes(original)

    def _seconds(self, tier: Sequence[str]) -> float:
        begun = time.monotonic()
        if not self._pass(tier, limit=3600):
            raise RuntimeError(f"these tests fail without a mutant; mend them first: {' '.join(tier)}")
        return time.monotonic() - begun

    def _pass(self, tier: Sequence[str], limit: float) -> bool:
        # Without bytecode: a mutant may have the size of the original and be written in the same second.
        environment = {**os.environ, **ALONE, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.tree)}
        process = subprocess.Popen(
            [*PYTEST, f"--timeout={limit / 2}", *tier],
            cwd=self.tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end_all_of(self.tree)
            process.wait()


def _end_all_of(copy: Path) -> None:
    """Kill whatever runs from this copy. A mutant of a launcher may outlive its tests, and turn in its loop without a rest."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            process = processes.look_up(int(entry.name))
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if process and str(copy).encode() in told:
                processes.send([process], signal.SIGKILL)


@contextmanager
def copied(root: Path, tiers: Sequence[Sequence[str]]) -> Iterator[Copy]:
    """A Copy in a temporary directory. It ends with the context."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as directory:
        yield Copy(root, Path(directory) / "tree", tiers)
