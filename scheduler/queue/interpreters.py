"""Which Python a command runs, and the packages that lie beside it, without starting it where its place tells."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scheduler.launcher.spawning import find_program
from scheduler.queue.surroundings import Surroundings
from scheduler.values import dataclass

_PYTHON = re.compile(r"(?:^|[\s;&|(])((?:[^\s;&|()'\"=]*/)?(?:python|pypy)[0-9.]*)(?=$|[\s;&|)])")
_DISTRIBUTION = re.compile(r"(.+?)-([^-]+)(?:-py[0-9.]+)?\.(?:dist|egg)-info")
_SHEBANG = re.compile(rb"#!\s*(/\S*(?:python|pypy)[0-9.]*)\s")
_PACKAGES = ("site-packages", "dist-packages")
_FAR = 16  # words of a command in which its Python is looked for
_PATIENCE = 5.0  # seconds for an interpreter whose place tells nothing
_ASK = "import json, sys; print(json.dumps([sys.executable, sys.version.split()[0], sys.path]))"


@dataclass(frozen=True)
class Interpreter:
    """A Python by its path. `version` "": not known. `packages`: `name==version`, sorted."""

    path: str
    version: str
    packages: tuple[str, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """For programs."""
        return {"path": self.path, "version": self.version, "packages": list(self.packages)}


@dataclass(frozen=True)
class _Place:
    """Where an interpreter is, really, its version, and the folders in which its packages lie."""

    path: str
    version: str
    folders: tuple[str, ...]


class Interpreters:
    """Looks at interpreters; a folder of packages is listed again only where something in it was added or taken away."""

    def __init__(self, *, asks: bool = True) -> None:
        """`asks`: whether an interpreter is started whose place does not tell what it is; else its path alone is known."""
        self._asks = asks
        self._places: dict[tuple[str, str, str], _Place | None] = {}
        self._found: dict[_Place, tuple[tuple[int, ...], Interpreter]] = {}

    def of(self, argv: Sequence[str], cwd: str, kept: Surroundings) -> Interpreter | None:
        """The Python that this command starts there: its first word, one that is named in it, or the one that a script is written
        for. None where there is none. `kept`: what its job keeps of the environment."""
        word = python_in(argv)
        key = (word or f"#!{kept.program or argv[0]}", kept.path, cwd)
        if key not in self._places:
            found = _found(word, kept.path, cwd) if word else _written_for(kept.program or argv[0], cwd)
            self._places[key] = _place(found, cwd, kept, asks=self._asks) if found else None
        place = self._places[key]
        return self._at(place) if place else None

    def _at(self, place: _Place) -> Interpreter:
        state = tuple(map(_changed, place.folders))
        if place not in self._found or self._found[place][0] != state:
            names = sorted({name for folder in place.folders for name in _packages(folder)}, key=str.lower)
            self._found[place] = (state, Interpreter(place.path, place.version, tuple(names)))
        return self._found[place][1]


def python_in(argv: Sequence[str]) -> str | None:
    """The first Python that a command names, also within a text for a shell.

    >>> python_in(["python3", "a.py"]), python_in(["nice", "/v/bin/python", "a.py"]), python_in(["sh", "-c", "cd x; python a.py"])
    ('python3', '/v/bin/python', 'python')
    """
    for word in argv[:_FAR]:
        if ("python" in word or "pypy" in word) and (found := _PYTHON.search(word)):
            return found[1]
    return None


def _found(word: str, path: str, cwd: str) -> str | None:
    if "/" in word:
        return os.path.join(cwd, word)  # noqa: PTH118
    try:
        return find_program(word, path, cwd)
    except FileNotFoundError:
        return None


def _written_for(program: str, cwd: str) -> str | None:
    """`torchrun` and its like are scripts that name their Python in the first line."""
    with contextlib.suppress(OSError, ValueError):
        path = Path(cwd, program)
        if path.is_file():
            with path.open("rb") as file:
                found = _SHEBANG.match(file.read(256))
            return os.fsdecode(found[1]) if found else None
    return None


def _place(path: str, cwd: str, kept: Surroundings, *, asks: bool) -> _Place | None:
    """By the files around it; where these tell nothing (a script that chooses among several), it is asked."""
    if not os.access(path, os.X_OK):
        return None
    prefix = Path(path).parent.parent
    if (prefix / "pyvenv.cfg").is_file():
        return _of_a_venv(path, prefix)
    real = Path(path).resolve()
    version = re.fullmatch(r"python(3\.[0-9]+)", real.name)
    folders = _folders(real.parent.parent, version[1]) if version else ()
    if version and folders:
        return _Place(path, version[1], folders)
    return _asked(path, cwd, kept) if asks else _Place(path, "", ())


def _of_a_venv(path: str, prefix: Path) -> _Place:
    lines = (line.partition("=") for line in (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines())
    said = {name.strip(): value.strip() for name, _, value in lines}
    version = said.get("version_info") or said.get("version") or ""
    own = tuple(str(each) for each in sorted(prefix.glob("lib/python3*/site-packages")))
    short = ".".join(version.split(".")[:2])
    shares = said.get("include-system-site-packages") == "true"
    beyond = _folders(Path(said.get("home", "/usr/bin")).parent, short) if shares else ()
    return _Place(path, ".".join(version.split(".")[:3]), _with_linked((*own, *beyond)))


def _folders(prefix: Path, version: str) -> tuple[str, ...]:
    """Those of an interpreter that is installed below `prefix`; Debian has others for it in addition."""
    places = [prefix / f"lib/python{version}/site-packages", Path.home() / f".local/lib/python{version}/site-packages"]
    if str(prefix) == "/usr":
        places += [Path(f"/usr/local/lib/python{version}/dist-packages"), Path("/usr/lib/python3/dist-packages")]
    return _with_linked(tuple(str(place) for place in places if place.is_dir()))


def _with_linked(folders: tuple[str, ...]) -> tuple[str, ...]:
    """With the folders of packages that files in these name. https://docs.python.org/3/library/site.html"""
    found = list(folders)
    for path in (each for folder in folders for each in sorted(Path(folder).glob("*.pth"))):
        with contextlib.suppress(OSError):
            lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
            found += [line for line in lines if line.endswith(_PACKAGES) and Path(line).is_dir()]
    return tuple(dict.fromkeys(found))


def _asked(path: str, cwd: str, kept: Surroundings) -> _Place | None:
    try:
        said = subprocess.run(
            [path, "-c", _ASK],
            cwd=cwd,
            env={**os.environ, **{name: value for name, value in kept.variables if value is not None}},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            start_new_session=True,
        )
        executable, version, folders = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return _Place(path, "", ())
    return _Place(executable, version, tuple(each for each in folders if each.endswith(_PACKAGES)))


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def _packages(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return [f"{found[1]}=={found[2]}" for name in names if (found := _DISTRIBUTION.fullmatch(name))]
