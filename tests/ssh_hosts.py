"""Machines that one can log in to, which are this one: a real sshd for each on the loopback, with keys of its own and below a
folder of its own.

    with started(folder, "ada", "babbage") as hosts: ...      # hosts.environment: what the client needs to find them

With `over` each host has a folder of its own at that path, `hosts["ada"].work` seen from here: all others they share.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port
from tests.waiting import until

PACKAGES = "openssh-server openssh-client"
PRIVILEGES = Path("/run/sshd")  # where root's sshd locks in the part that strangers speak with

SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {key}.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
LogLevel ERROR
SetEnv {variables}
"""
CLIENT = """
Host {name}
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {key}
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile none
"""


APART = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'  # in a mount namespace of its own, see mount_namespaces(7)


def cannot_be_brought_code() -> str:
    """Why no host can have a folder of its own that files are brought to; "" where they can."""
    if _program("rsync") is None:
        return "no rsync here: apt install rsync"
    tried = subprocess.run(["unshare", "-m", "mount", "--bind", "/", "/"], capture_output=True, check=False)
    return "this user may not mount what a host alone is to see" if tried.returncode else ""


def missing() -> str:
    """Why there can be no such hosts here; "" where they can."""
    gone = [name for name in ("sshd", "ssh", "ssh-keygen") if _program(name) is None]
    if gone:
        return f"no {gone[0]} here: apt install {PACKAGES}"
    if os.geteuid() == 0 and not PRIVILEGES.exists():
        with suppress(OSError):
            PRIVILEGES.mkdir(0o755)
    return "" if os.geteuid() or PRIVILEGES.exists() else f"root's sshd wants {PRIVILEGES}"


@dataclass
class Host:
    name: str
    folder: Path
    port: int
    over: Path | None = None
    daemon: subprocess.Popen | None = None

    @property
    def home(self) -> Path:
        """Its state directory."""
        return self.folder / "home"

    @property
    def work(self) -> Path:
        """What it has at `over`."""
        return self.folder / "work"

    def start(self) -> None:
        with (self.folder / "sshd.log").open("ab") as log:
            words = [_program("sshd") or "sshd", "-D", "-e", "-f", str(self.folder / "sshd_config")]
            if self.over:
                words = ["unshare", "-m", "sh", "-c", APART, "sh", str(self.work), str(self.over), *words]
            self.daemon = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until(self._answers)

    def stop(self) -> None:
        """Nobody answers any more, and whoever is logged in is thrown out. What they have left running goes on."""
        if self.daemon is None:
            return
        for session in reversed(_below(self.daemon.pid)):
            if (Path("/proc") / str(session) / "comm").exists() and _is_sshd(session):
                with suppress(ProcessLookupError):
                    os.kill(session, signal.SIGKILL)
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None

    def crash(self) -> None:
        """All that runs there ends at once, as when the power goes. Its disk keeps what was written."""
        self.stop()
        while found := [int(each.name) for each in Path("/proc").glob("[0-9]*") if self._has(each)]:
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _has(self, process: Path) -> bool:
        """Whether it was started from a login there, and still runs."""
        with suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            return b"EXP_QUEUE_HOME=" + os.fsencode(self.home) in variables
        return False

    def _answers(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 5)) as line:
            return line.recv(4) == b"SSH-"
        return False


@dataclass
class Hosts:
    folder: Path
    named: dict[str, Host] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"EXP_QUEUE_SSH": f"ssh -F {self.folder}/ssh_config"}

    def __getitem__(self, name: str) -> Host:
        return self.named[name]


@contextmanager
def started(folder: Path, variables: Mapping[str, Mapping[str, str]], over: Path | None = None) -> Iterator[Hosts]:
    """Hosts with these names that answer; `variables`: what each has in the environment of a login; `over`: see above."""
    folder.mkdir(parents=True)
    key = folder / "key"
    _make_key(key)
    hosts, user = Hosts(folder), pwd.getpwuid(os.geteuid()).pw_name
    with ExitStack() as undone, (folder / "ssh_config").open("w", encoding="utf-8") as client:
        for name, own in variables.items():
            host = Host(name, folder / name, free_port(), over)
            host.work.mkdir(parents=True)
            _make_key(host.folder / "host_key")
            public = (host.folder / "host_key.pub").read_text(encoding="utf-8")
            (host.folder / "known_hosts").write_text(f"[127.0.0.1]:{host.port} {public}", encoding="utf-8")
            _configure(host, key, own)
            client.write(CLIENT.format(name=name, port=host.port, user=user, key=key, folder=host.folder))
            hosts.named[name] = host
            undone.callback(host.crash)  # also what a broken program has left running there
            host.start()
        client.flush()
        yield hosts


def _configure(host: Host, key: Path, own: Mapping[str, str]) -> None:
    found = {"EXP_QUEUE_HOME": str(host.home), **own}
    variables = " ".join(f'"{name}={text}"' for name, text in found.items())
    text = SERVER.format(port=host.port, folder=host.folder, key=key, variables=variables)
    (host.folder / "sshd_config").write_text(text, encoding="utf-8")


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, stdin=subprocess.DEVNULL)


def _below(pid: int) -> list[int]:
    """Its descendants, the nearest first."""
    with suppress(OSError):
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [*children, *(each for child in children for each in _below(child))]
    return []


def _is_sshd(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    return False


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
