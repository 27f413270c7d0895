"""From the records that W&B's client has written offline to the posts that it would have sent. Pure.

Field numbers are those of `wandb/proto/wandb_internal.proto` in wandb 0.31; 0.18 to 0.30 use a subset of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.tracking.readers import wandb_records
from scheduler.tracking.readers.wandb_records import fields
from scheduler.wandb_server.posts import EVENTS, HISTORY, OUTPUT, SUMMARY

STATS, OUTPUT_RAW = 7, 13  # fields of Record
_ID, _ENTITY, _PROJECT, _CONFIG, _SUMMARY, _TAG, _START, _GIT = 1, 2, 3, 4, 5, 10, 17, 21  # RunRecord
_TEXTS = {6: "groupName", 7: "jobType", 8: "displayName", 9: "notes", 12: "sweep", 13: "host"}  # RunRecord -> UpsertBucket
_TIME, _TEXT = 2, 3  # StatsRecord, OutputRawRecord; the items of the one, the text of the other
_PROGRAM = 6  # EnvironmentRecord
_RUNTIME = 2  # RunExitRecord
ROWS = 1000  # in one post


@dataclass
class OfflineRun:
    """What one file says. `began`, `ended`: seconds since 1970, 0.0 where it does not say; `exit_status`: None where it has no
    end, since the run was killed or goes on."""

    run: str = ""
    entity: str = ""
    project: str = ""
    about: dict[str, Any] = field(default_factory=dict)  # as the variables of UpsertBucket
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)  # in pieces, as they came
    began: float = 0.0
    ended: float = 0.0
    exit_status: int | None = None

    def take(self, record: bytes) -> None:
        """One more record; one that cannot be understood is passed over."""
        try:
            for number, value in fields(record):
                if take := _TAKERS.get(number):
                    take(self, value)
        except wandb_records.UNKNOWN:
            return

    def take_run(self, message: bytes) -> None:
        tags = []
        for number, value in fields(message):
            if number in _TEXTS:
                self.about[_TEXTS[number]] = value.decode(errors="replace")
            elif number == _TAG:
                tags.append(value.decode(errors="replace"))
            elif number in (_CONFIG, _SUMMARY):
                wandb_records.update_summary(self.config if number == _CONFIG else self.summary, value)
            elif number in (_ID, _ENTITY, _PROJECT):
                setattr(self, {_ID: "run", _ENTITY: "entity", _PROJECT: "project"}[number], value.decode(errors="replace"))
            elif number == _START:
                self.began = self.began or _seconds(value)
            elif number == _GIT:
                self.about["commit"] = dict(fields(value)).get(2, b"").decode(errors="replace")
        self.about["tags"] = tags

    def take_config(self, message: bytes) -> None:
        wandb_records.update_summary(self.config, message)

    def take_summary(self, message: bytes) -> None:
        wandb_records.update_summary(self.summary, message)

    def take_history(self, message: bytes) -> None:
        row = wandb_records.history(message)
        self.rows.append({**row.values, **({} if row.step is None else {"_step": row.step})})
        self._seen(row.time)

    def take_stats(self, message: bytes) -> None:
        found: dict[str, Any] = {}
        for number, value in fields(message):
            if number == _TIME:
                found["_timestamp"] = _seconds(value)
            elif number == _TEXT:
                path, measured = wandb_records.item(value)
                found[".".join(("system", *path))] = measured
        self.events.append(found)
        self._seen(found.get("_timestamp"))

    def take_output(self, message: bytes) -> None:
        for number, value in fields(message):
            if number == _TEXT:
                self.printed.append(value.decode(errors="replace"))
            elif number == _TIME:
                self._seen(_seconds(value))

    def take_environment(self, message: bytes) -> None:
        for number, value in fields(message):
            if number == _PROGRAM and isinstance(value, bytes):
                self.about["program"] = value.decode(errors="replace")

    def take_exit(self, message: bytes) -> None:
        self.exit_status = wandb_records.exit_code(message)
        runtime = dict(fields(message)).get(_RUNTIME, 0)
        self._seen(self.began + runtime if self.began and isinstance(runtime, int) else None)

    def _seen(self, time: object) -> None:
        if isinstance(time, (int, float)):
            self.ended = max(self.ended, float(time))


_TAKERS = {
    wandb_records.HISTORY: OfflineRun.take_history,
    wandb_records.SUMMARY: OfflineRun.take_summary,
    wandb_records.CONFIG: OfflineRun.take_config,
    STATS: OfflineRun.take_stats,
    OUTPUT_RAW: OfflineRun.take_output,
    wandb_records.RUN: OfflineRun.take_run,
    wandb_records.EXIT: OfflineRun.take_exit,
    wandb_records.ENVIRONMENT: OfflineRun.take_environment,
}


def read(records: Iterable[bytes]) -> OfflineRun:
    """All that the records of one file say."""
    found = OfflineRun()
    for record in records:
        found.take(record)
    return found


def posts(parts: Iterable[OfflineRun]) -> Iterator[dict[str, Any]]:
    """What the client would have sent of one run. `parts`: its files, the oldest first; a run that was resumed has several."""
    counts: dict[str, int] = {}
    last: OfflineRun | None = None
    for last in parts:
        config = json.dumps({name: {"value": value} for name, value in last.config.items()})
        yield {"bucket": {**last.about, "name": last.run, "config": config}}
        for name, lines in (
            (HISTORY, [json.dumps(row) for row in last.rows]),
            (EVENTS, [json.dumps(event) for event in last.events]),
            (OUTPUT, printed_lines("".join(last.printed))),
        ):
            yield from _pieces(name, lines, counts)
        yield {"stream": {"files": {SUMMARY: {"offset": 0, "content": [json.dumps(last.summary)]}}}}
    if last is None:
        return
    if last.exit_status is None:
        yield {"gone": NO_END}
    else:
        yield {"stream": {"complete": True, "exitcode": last.exit_status}}


NO_END = "its log has no end: it was killed, or goes on"


def _pieces(name: str, lines: list[str], counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(lines), ROWS):
        some = lines[first : first + ROWS]
        yield {"stream": {"files": {name: {"offset": counts.get(name, 0), "content": some}}}}
        counts[name] = counts.get(name, 0) + len(some)


def printed_lines(text: str) -> list[str]:
    """Lines as a terminal shows them at last: of a bar that grows, what it has become.

    >>> printed_lines("a\\n 10%\\r 20%\\rdone\\nrest"), printed_lines("")
    (['a', 'done', 'rest'], [])
    """
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.rstrip("\r").rpartition("\r")[2] for line in lines]


def _seconds(message: bytes) -> float:
    """Of a google.protobuf.Timestamp."""
    found = dict(fields(message))
    return float(found.get(1, 0)) + found.get(2, 0) / 1e9
