"""The state directory: private, owned by its user, on a local file system."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from scheduler.errors import StateError
from scheduler.linux.file_systems import file_system
from scheduler.values import dataclass

# flock and SQLite's WAL are not dependable on these.
NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "afs",
        "ceph",
        "fuse.ceph",
        "9p",
    ]
)


@dataclass(frozen=True)
class Home:
    """Where everything that must outlive a command is kept."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "queue.db"

    @property
    def write_lock(self) -> Path:
        return self.root / "write.lock"

    @property
    def launchers(self) -> Path:
        return self.root / "launchers"

    @property
    def words(self) -> Iterator[Path]:
        """Files in which runners say more of their jobs than which these are."""
        return self.launchers.glob("*.bound")

    def attempt(self, job: str, number: int) -> str:
        """The private directory of one attempt: its log, metric log, checkpoints."""
        return f"{self.root}/attempts/{job}/{number}"

    def free_attempt(self, job: str, number: int) -> int:
        """The first number from `number` on whose directory is not there."""
        while os.path.lexists(self.attempt(job, number)):
            number += 1
        return number

    def sweep(self, sweep: str) -> Path:
        """The private directory of a sweep: the points of its trials, as files for the W&B client."""
        return self.root / "sweeps" / sweep


def default_root() -> Path:
    """$EXP_QUEUE_HOME, else exp-queue in the XDG state directory."""
    given = os.environ.get("EXP_QUEUE_HOME")
    if given:
        return Path(given).absolute()
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state).absolute() / "exp-queue"


def open_home(root: Path | None = None) -> Home:
    """The state directory, made if missing (mode 0700); StateError where it is not safe to use."""
    root = root or default_root()
    _refuse_to_make_it_for_another(root)
    _make(root)
    _check_owner(root)
    _check_file_system(root)
    home = Home(root.resolve())
    for folder in (home.launchers, home.root / "attempts"):
        folder.mkdir(mode=0o700, exist_ok=True)
    return home


def _refuse_to_make_it_for_another(root: Path) -> None:
    """With sudo HOME is often still that of the user: a directory that root makes there would shut its owner out."""
    if "SUDO_UID" not in os.environ or root.exists():
        return
    owner = _existing(root)[0].stat().st_uid
    if owner != os.geteuid():
        raise StateError(
            f"the state directory {root} would be made by user {os.geteuid()} in a directory of {_user(owner)}",
            next_step="run the command without sudo, or set EXP_QUEUE_HOME to a directory of its own",
        )


def _user(uid: int) -> str:
    import pwd

    try:
        return f"user {pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return f"user {uid}"


def _make(root: Path) -> None:
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the state directory {root} cannot be made ({error.strerror})",
            next_step=_to_a_directory_of_ones_own(root),
        ) from error


def _check_owner(root: Path) -> None:
    info = root.stat()
    if info.st_uid != os.geteuid():
        raise StateError(
            f"the state directory {root} belongs to user {info.st_uid}, not to you ({os.geteuid()})",
            next_step=_to_a_directory_of_ones_own(root),
        )
    if stat.S_IMODE(info.st_mode) & 0o077:
        root.chmod(0o700)


def _to_a_directory_of_ones_own(root: Path) -> str:
    """What to do about a directory that is not ours, or that cannot be made."""
    below = _left_by_root(root)
    if below:
        import shlex

        return (
            f"a command with sudo has made {below}: `sudo chown -R {os.geteuid()} {shlex.quote(str(below))}` gives it back to you"
        )
    if "SUDO_UID" in os.environ:
        return "run the command without sudo, or set EXP_QUEUE_HOME to a directory of its own"
    return "set EXP_QUEUE_HOME to a directory of yours"


def _existing(root: Path) -> list[Path]:
    """The folders on the way up from `root` that there are and that we can see."""
    return [folder for folder in (root, *root.parents) if os.path.exists(folder)]  # noqa: PTH110 (a Path raises at a closed folder)


def _left_by_root(root: Path) -> Path | None:
    """The topmost of the folders of root's that lie, in a line down to `root`, in a folder of ours; None where there are none."""
    path = _existing(root)
    roots = list(itertools.takewhile(lambda folder: folder.stat().st_uid == 0, path))
    ours = len(roots) < len(path) and path[len(roots)].stat().st_uid == os.geteuid()
    return roots[-1] if roots and ours else None


def _check_file_system(root: Path) -> None:
    kind = file_system(root)
    if kind in NETWORK_FILE_SYSTEMS and not os.environ.get("EXP_QUEUE_ALLOW_NETWORK_HOME"):
        raise StateError(
            f"the state directory {root} is on a network file system ({kind}), where locks are not dependable",
            next_step="set EXP_QUEUE_HOME to a local directory, or EXP_QUEUE_ALLOW_NETWORK_HOME=1 to try all the same",
        )
