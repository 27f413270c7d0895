"""A cluster of one node with four GPUs that are none: a real Slurm on the loopback, below a folder of its own.

    with started_or_skipped() as cluster: ...      # cluster.environment: what `sbatch` and the rest need to find it

It needs root (the daemons change users) and the programs of Debian's slurmctld, slurmd, slurm-client, munge and
slurm-wlm-basic-plugins. It starts in seconds and takes all its processes along when it goes.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
PACKAGES = "slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins"
NODE, GPUS = "n1", 4
MOST = 101  # tasks of an array: pieces are seen without ten thousand jobs

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=300
MaxArraySize={most}
MessageTimeout=10
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
GresTypes=gpu
MpiDefault=none
ReturnToService=2
KillWait=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=4000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes={node} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


def missing() -> str:
    """Why no such cluster can be had here; "" where it can."""
    gone = [name for name in PROGRAMS if _program(name) is None]
    if gone:
        return f"no {gone[0]} here: apt install {PACKAGES}"
    return "" if os.geteuid() == 0 else "a cluster of one's own needs root"


@dataclass
class Cluster:
    folder: Path
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)
    _before: set[str] = field(default_factory=set)  # what an earlier test has left in its memory

    @property
    def environment(self) -> dict[str, str]:
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def ask(self, *words: str) -> str:
        """What one of Slurm's own commands says."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=100, check=True).stdout.strip()

    def start(self, *words: str) -> None:
        name = words[0]
        out = (self.folder / f"{name}.out").open("ab")
        with out:
            self.daemons[name] = subprocess.Popen(
                [_program(name) or name, *words[1:]],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def controller(self) -> None:
        """Start the controller, and wait until it answers."""
        self.start("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        until(self._answers)

    def daemon(self) -> None:
        """Start what runs the jobs of the node."""
        self.start("slurmd", "-D", "-N", NODE, "-f", str(self.folder / "slurm.conf"))

    def restart(self, name: str, number: int = signal.SIGTERM) -> None:
        """End the controller or the node's daemon, and start it again; jobs go on meanwhile."""
        self.stop(name, number)
        self.controller() if name == "slurmctld" else self.daemon()

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _answers(self) -> bool:
        with suppress(subprocess.SubprocessError):
            return bool(self.ask("sinfo", "--noheader"))
        return False

    def is_idle(self) -> bool:
        """Whether the node is there, and nothing runs."""
        with suppress(subprocess.SubprocessError):
            return self.ask("sinfo", "--noheader", "--partition=main", "--format=%T") == "idle"
        return False

    def clear(self) -> None:
        """Nothing waits and nothing runs any more, and the node takes jobs."""
        with suppress(subprocess.SubprocessError):
            self.ask("scontrol", "update", f"nodename={NODE}", "state=resume")
        while self.ask("squeue", "--noheader"):
            self.ask("scancel", "--user=root", "--signal=KILL", "--full")
            self.ask("scancel", "--user=root")
        until(self.is_idle)
        self._before = {*self._all()}

    def arrays(self) -> list[str]:
        """The number of its array for each element that was submitted since."""
        return [each for each in self._all() if each not in self._before]

    def _all(self) -> list[str]:
        return self.ask("squeue", "--noheader", "--array", "--states=all", "--format=%F").split()


@contextmanager
def started_or_skipped() -> Iterator[Cluster]:
    """A cluster whose node is idle; the test is skipped, with the reason, where none can be had."""
    if why := missing():
        pytest.skip(why)
    with ExitStack() as held:
        try:
            cluster = held.enter_context(started())
        except NotHere as error:
            pytest.skip(f"Slurm does not come up here: {error}")
        yield cluster


class NotHere(Exception):
    """Its daemons are there and do not start; the text is their own."""


@contextmanager
def started() -> Iterator[Cluster]:
    """A cluster whose node is idle; NotHere where it does not come so far."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = Cluster(folder)
    with ExitStack() as undone:
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        undone.callback(_end, cluster)
        try:
            _start(cluster)
        except AssertionError:
            raise NotHere(_last_words(folder)) from None
        yield cluster


def _start(cluster: Cluster) -> None:
    folder = cluster.folder
    _configure(folder)
    key, munge = folder / "munge.key", folder / "munge.socket"
    cluster.start(
        *("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}", f"--seed-file={folder}/munge.seed"),
        *(f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log"),
    )
    until(munge.exists)
    cluster.controller()
    cluster.daemon()
    until(cluster.is_idle)


def _last_words(folder: Path) -> str:
    """The last line that each daemon has written."""
    texts = {path.name: path.read_text(errors="replace").split("\n") for path in sorted(folder.glob("*.[lo][ou][gt]"))}
    return "; ".join(f"{name}: {lines[-2]}" for name, lines in texts.items() if len(lines) > 1)


def _configure(folder: Path) -> None:
    folder.chmod(0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    controller, daemon = free_port(), free_port()
    filled = CONF.format(
        host=socket.gethostname().split(".")[0],
        controller=controller,
        daemon=daemon,
        folder=folder,
        node=NODE,
        gpus=GPUS,
        most=MOST,
    )
    (folder / "slurm.conf").write_text(filled, encoding="utf-8")
    (folder / "gres.conf").write_text(f"AutoDetect=off\nName=gpu File={_devices(folder)}\n", encoding="utf-8")


def _devices(folder: Path) -> str:
    """Slurm takes character devices alone for GPUs; it never opens them. Where none can be made, terminals that are there."""
    try:
        for number in range(GPUS):
            os.mknod(folder / f"gpu{number}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        return f"/dev/tty[0-{GPUS - 1}]"
    return f"{folder}/gpu[0-{GPUS - 1}]"


def _end(cluster: Cluster) -> None:
    with suppress(Exception):
        cluster.clear()
    for name in ("slurmd", "slurmctld", "munged"):
        if name in cluster.daemons:
            cluster.stop(name)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
