"""Whether a command starts a Hydra application, and a directory of its own for each of its experiments.

Hydra names its directories by the second, so that experiments which begin in one second write over one another's files. The
source of the program is read, never run. https://hydra.cc/docs/configure_hydra/workdir
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scheduler.errors import UserError
from scheduler.experiments.command.command import Launch, OwnDirectory, Slot
from scheduler.experiments.command.hydra_source import HydraMain, hydra_main
from scheduler.experiments.document.document import open_document
from scheduler.values import dataclass

TAKEN = ("args_no_hyphens", "args_append_hydra", "args_override_hydra")  # the styles of arguments that Hydra takes
RUN, SWEEP = "hydra.run.dir", "hydra.sweep.dir"
PLACES = {RUN: "outputs", SWEEP: "multirun"}  # Hydra's own, by day and second
_SUFFIXES = ("", ".yaml", ".yml")
LARGEST = 1 << 20  # bytes of a source that is read


@dataclass(frozen=True)
class Application:
    """A Hydra application that a command starts. `own` is the argument for a directory of its own; None where `set_in`, which is
    its command or a file of its config, sets `key` to `value` already: that is left as it is."""

    script: Path
    key: str
    own: OwnDirectory | None = None
    set_in: str = ""
    value: str = ""
    primaries: tuple[Path, ...] = ()  # its primary config, wherever that lies

    @property
    def remark(self) -> str:
        """What is done, for people."""
        if self.own is None:
            return ""
        return f"{self.script} is a Hydra application: {self.own.text}ID at its command's end gives each a directory of its own"

    @property
    def warning(self) -> str:
        """What they should know of a directory that is left as it is; "" where nothing speaks against it."""
        if self.own or not re.search(r"\$\{now:", self.value) or re.search("override_dirname|env:|job[.]", self.value):
            return ""
        what = f"{self.script}: {self.set_in} sets {self.key} to {self.value}, and those that begin in one second may share that"
        return f"{what}; add, for example, ${{oc.env:EXP_QUEUE_JOB}} to it"


def application(launch: Launch) -> Application | None:
    """The Hydra application that this command starts from the working directory; None where it starts none, or hands it its
    arguments in a way that Hydra does not take."""
    if any(isinstance(token, Slot) and token.name not in TAKEN for token in launch):
        return None
    found = next(((place, script) for place, script in scripts(launch) if script.is_file()), None)
    main = _main_in(found[1]) if found else None
    if found is None or main is None:
        return None
    words = [token for token in launch[found[0] + 1 :] if isinstance(token, str)]
    key = SWEEP if {"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(words) else RUN
    own = OwnDirectory(key, f"{key}={PLACES[key]}/${{now:%Y-%m-%d}}/${{now:%H-%M-%S}}_")
    files = tuple(_config_files(found[1], main, words))
    primaries = tuple(file for file in files if file.parent.name != "hydra")
    if given := own.given_by(words):
        return Application(found[1], key, set_in="its command", value=given.partition("=")[2], primaries=primaries)
    for file in files:
        if value := _directory_in(file, key):
            return Application(found[1], key, set_in=str(file), value=value, primaries=primaries)
    return Application(found[1], key, own, primaries=primaries)


def warnings(launch: Launch) -> tuple[str, ...]:
    """What the user of a file with this command should know."""
    found = application(launch)
    return (found.warning,) if found and found.warning else ()


def scripts(launch: Launch) -> Iterator[tuple[int, Path]]:
    """The Python sources that the words of a command may name, each with the place of its word."""
    for place, token in enumerate(launch):
        if not isinstance(token, str):
            continue
        if token.endswith(".py"):
            yield place, Path(token)
        elif place and launch[place - 1] == "-m" and re.fullmatch(r"[\w.]+", token):
            module = Path(*token.split("."))
            yield from ((place, each) for each in (module.with_suffix(".py"), module / "__main__.py"))


def _main_in(script: Path) -> HydraMain | None:
    with suppress(OSError), script.open("rb") as file:
        return hydra_main(file.read(LARGEST))
    return None


def _config_files(script: Path, main: HydraMain, words: Sequence[str]) -> Iterator[Path]:
    """The primary config, and the options of Hydra's own group, wherever the command and the decorator look for them."""
    given = dict(_flags(words))
    folders = [given.get("path") or main.config_path, given.get("dir")]
    name = given.get("name") or main.config_name or "config"
    for folder in (script.parent / each for each in folders if each):
        yield from (folder / f"{name}{suffix}" for suffix in _SUFFIXES if (folder / f"{name}{suffix}").is_file())
        yield from sorted((folder / "hydra").glob("*.yaml"))


def _flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    names = {"--config-path": "path", "-cp": "path", "--config-dir": "dir", "-cd": "dir", "--config-name": "name", "-cn": "name"}
    for word, after in zip(words, [*words, ""][1:], strict=True):
        flag, equals, value = word.partition("=")
        if flag in names:
            yield names[flag], value if equals else after


def _directory_in(file: Path, key: str) -> str:
    """What a config file sets the key to; "" where it says nothing, or cannot be read here."""
    found: object = None
    with suppress(UserError):
        found = open_document(str(file)).value
    for name in key.split(".")[file.parent.name == "hydra" :]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found) if found is not None else ""
