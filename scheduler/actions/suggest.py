"""What somebody who has typed the beginning of a word may mean: jobs, files, keys of a file. Reads, and never for long."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scheduler.home import Home, default_root
from scheduler.queue.names import PAUSED, name_of
from scheduler.queue.states import State
from scheduler.values import dataclass

NEWEST = 200  # jobs that are looked at
NAMED = 20  # of them by name, where nothing has been typed yet
EXPERIMENTS = 50  # of a file that are looked at
LARGEST = 1 << 20  # bytes of a file that is looked at
LONGEST = 60  # characters of a value
PATIENCE = 0.05  # seconds for a queue that somebody writes to
MOMENT = 0.5  # seconds for a server on this machine
FILES = (".yaml", ".yml", ".json")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class Suggestion:
    """A word, and what it is. `goes_on`: more is to be typed right behind it."""

    word: str
    about: str = ""
    goes_on: bool = False


def jobs(begun: str) -> list[Suggestion]:
    """What names jobs and begins so, the most likely first: words, groups, tags, names, and numbers and ids once a digit or a
    letter of one is there. Nothing where the queue cannot be read at once."""
    rows = _newest()
    found = [*_words(rows), *_called(rows, "group", "group:"), *_called(rows, "tags", "tag:")]
    named = [Suggestion(row["name"], _about(row)) for row in rows]
    found += named if begun else named[:NAMED]
    found += [
        Suggestion(file, "the jobs of a file") for file in dict.fromkeys(Path(row["file"]).name for row in rows if row["file"])
    ]
    if begun[:1].isdecimal():
        found += [Suggestion(str(row["number"]), _about(row)) for row in rows]
    if _HEX.fullmatch(begun):
        found += [Suggestion(row["id"][:8], _about(row)) for row in rows]
    return _beginning(begun, found)


def agents(begun: str) -> list[Suggestion]:
    """The agents of W&B that are there, for a word that begins as theirs do: their server is asked."""
    from scheduler.actions import agents as known
    from scheduler.errors import UserError

    if not (begun.startswith(known.PREFIX) or known.PREFIX.startswith(begun or " ")):
        return []
    with suppress(UserError):
        there = known.agents(default_root(), MOMENT)
        return _beginning(begun, [Suggestion(each.name, f"of sweep {each.sweep}") for each in there])
    return []


def sweeps(begun: str) -> list[Suggestion]:
    """What names sweeps and begins so: `last`, their files, where a server has them, and their ids."""
    rows = _read("SELECT id, file, config FROM sweep ORDER BY number DESC LIMIT ?")
    words = [Suggestion("last", "the newest sweep")] if rows else []
    words += [Suggestion(_address(row) or Path(row["file"]).name, f"sweep {row['id'][:8]}") for row in rows]
    return _beginning(begun, [*words, *(Suggestion(row["id"][:8], row["file"]) for row in rows)])


def sweeps_at_servers(begun: str) -> list[Suggestion]:
    """ENTITY/PROJECT/ID of the sweeps of W&B's servers that were computed here."""
    rows = _read("SELECT id, file, config FROM sweep ORDER BY number DESC LIMIT ?")
    return _beginning(begun, [Suggestion(_address(row), f"sweep {row['id'][:8]}") for row in rows if _address(row)])


def _address(sweep: dict[str, Any]) -> str:
    server = json.loads(sweep["config"]).get("server")
    return str(server["address"]) if server else ""


def files(begun: str, endings: Sequence[str] = FILES) -> list[Suggestion]:
    """Files with these endings, and directories, whose paths begin so."""
    directory, _, name = begun.rpartition("/")
    place = Path(f"{directory}/").expanduser() if "/" in begun else Path()
    try:
        with os.scandir(place) as entries:
            seen = sorted((each.name, each.is_dir()) for each in entries if each.name.startswith(name))
    except OSError:
        return []
    before = f"{directory}/" if "/" in begun else ""
    shown = [(each, is_dir) for each, is_dir in seen if is_dir or each.endswith(tuple(endings))]
    visible = [each for each in shown if name.startswith(".") or not each[0].startswith(".")]
    return [Suggestion(f"{before}{each}{'/' * is_dir}", goes_on=is_dir) for each, is_dir in visible[:NEWEST]]


def changes(file: str, begun: str) -> list[Suggestion]:
    """The keys of a file of experiments or of a sweep as `KEY=`, and behind a `=` the values that the file has for that key."""
    known = _values(file)
    key, equals, _ = begun.partition("=")
    if not equals:
        return _beginning(begun, [Suggestion(f"{name}=", _listed(values), goes_on=True) for name, values in known.items()])
    return _beginning(begun, [Suggestion(f"{key}={value}") for value in known.get(key, ()) if len(value) <= LONGEST])


def _beginning(begun: str, found: Iterable[Suggestion]) -> list[Suggestion]:
    """Those that begin so, each once, a bounded number of them."""
    fitting = {each.word: each for each in reversed([each for each in found if each.word.startswith(begun)])}
    return list(fitting.values())[::-1][: 2 * NEWEST]


def _newest() -> list[dict[str, Any]]:
    """The newest jobs."""
    with suppress(KeyError):  # of a queue that is not up to date
        return [_row(each) for each in _read("SELECT * FROM job ORDER BY number DESC LIMIT ?")]
    return []


def _read(sql: str) -> list[dict[str, Any]]:
    """The newest rows, straight from the file: to open the queue may bring it up to date, which takes long and writes."""
    import sqlite3

    path = Home(default_root()).database
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(each) for each in connection.execute(sql, (NEWEST,))]
    except (sqlite3.Error, OSError):
        return []


def _row(job: dict[str, Any]) -> dict[str, Any]:
    own = name_of(job["id"], job["number"])
    return {
        **job,
        "name": job.get("renamed") or own,
        "group": job["group_name"],
        "tags": job.get("tags", ""),
        "file": job["file"],
    }


def _about(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (f"#{row['number']}", row["state"], row["group"])))


def _words(rows: Sequence[dict[str, Any]]) -> Iterator[Suggestion]:
    if rows:
        yield Suggestion("last", "the newest of what was asked last in this directory")
        yield Suggestion("all", "all jobs")
        yield Suggestion(PAUSED, "jobs that are paused")
    there = {row["state"] for row in rows}
    yield from (Suggestion(state.value, "jobs in this state") for state in State if state.value in there)


def _called(rows: Sequence[dict[str, Any]], field: str, before: str) -> list[Suggestion]:
    """The groups or tags of these jobs, behind the word for it."""
    names = dict.fromkeys(name for row in rows for name in ([row["group"]] if field == "group" else row["tags"].split()) if name)
    return [Suggestion(f"{before}{name}") for name in names]


def _values(file: str) -> dict[str, list[str]]:
    """By key, what a file has for it; nothing where it cannot be read."""
    from scheduler.errors import UserError

    try:
        if not Path(file).is_file() or Path(file).stat().st_size > LARGEST:
            return {}
        return _of_file(file)
    except (UserError, OSError, ValueError, RecursionError):
        return {}


def _of_file(file: str) -> dict[str, list[str]]:
    from scheduler.experiments.command.launch import ASKED
    from scheduler.experiments.configurations.configurations import flat
    from scheduler.experiments.document.document import open_document
    from scheduler.sweeps.files.either import file_of
    from scheduler.sweeps.files.kinds import is_list, is_sweep

    document = open_document(file)
    found: dict[str, dict[str, None]] = {}
    if is_sweep(document) and not is_list(document):
        from scheduler.sweeps.sweep import read_plan

        return {parameter.name: [] for parameter in read_plan(file).parameters}
    for experiment in islice(file_of(document, (), ASKED).experiments(), EXPERIMENTS):
        for name, value in flat(experiment.config).items():
            found.setdefault(name, {}).setdefault(_as_typed(value))
    return {name: list(values) for name, values in found.items()}


def _as_typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _listed(values: Sequence[str]) -> str:
    text = ", ".join(values)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
