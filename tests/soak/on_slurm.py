"""The soak on a cluster: the same jobs and the same rules, but Slurm starts them, and its daemons are ended too.

Whoever computes on after its launcher was killed is left to Slurm, which ends what belongs to an element of an array. That of the
tests knows it by its parents alone, and gives its GPU to the next one while it is there.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from tests.slurm_cluster import Cluster
from tests.soak.checker import AttemptSeen
from tests.soak.soak import Soak


class SoakOnSlurm(Soak):
    """`cluster`: one with nothing in it."""

    kinds: ClassVar[dict[str, int]] = {"runner": 3, "launcher": 3, "job": 4, "slurmctld": 1, "slurmd": 1}
    options: ClassVar[tuple[str, ...]] = ("--on", "slurm")

    def __init__(self, folder: Path, library: Path, seed: int, cluster: Cluster) -> None:
        super().__init__(folder, library, seed)
        self.environment |= cluster.environment
        self._cluster, self.troubles = cluster, None

    def _asked(self) -> tuple[dict, dict]:
        """A whole GPU each: jobs in Slurm have no shares."""
        return {}, {"gpus": 1}

    def _back_up(self) -> bool:
        """A queue is put back while nothing runs; here the troubles are others."""
        return False

    def _pause_for_a_while(self) -> None:
        """Jobs in Slurm are not paused."""

    def _unowned(self, attempts: Iterable[AttemptSeen]) -> frozenset[str]:
        return frozenset(each.token for each in attempts if each.launcher in self.launchers)

    def _kill(self, kind: str) -> None:
        if kind in self._cluster.daemons:
            self._cluster.restart(kind, self.dice.choice([signal.SIGTERM, signal.SIGKILL]))
            self.kills[kind] += 1
        else:
            super()._kill(kind)
