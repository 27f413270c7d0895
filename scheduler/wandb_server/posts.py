"""What a W&B client has told of one run, folded from the posts that it sent, in their order. Pure.

A post is a mapping with one of these keys:
    at       when the first one came, in seconds since 1970; beside `run`, the names of the run
    bucket   the variables of an UpsertBucket: name, config, group, tags, notes, ...; with `again`, of a run that stays over
    of       the run id of the attempt of ours that logs it, beside `bucket`
    reopened a run that was over is sent again, and more of it
    stream   the body of a POST to file_stream: pieces of files with the number of their first line; at the end the exit status
    taken    the id of the agent that runs it
    missed   the id of the agent that was to run it, and has not heard of it
    gone     why nobody runs it any more, although it has not said that it is over
A client that has heard no answer sends a piece again: lines that are there already are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from scheduler.values import dataclass

HISTORY, EVENTS, SUMMARY, OUTPUT = "wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json", "output.log"
_STAMP = 26  # characters of the time before a line of output, as `2026-11-29T07:18:27.018634`


@dataclass(frozen=True)
class News:
    """What one post has brought. `rows` and `events` as the client has sent them; `output`: lines as they were printed."""

    rows: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    output: tuple[str, ...] = ()
    about: bool = False  # whether something of all else is new


@dataclass
class Told:
    """What is known of a run by now. `exit_status`: None until it has said that it is over."""

    began: float = 0.0  # when it was first heard of, in seconds since 1970; 0: a run of an earlier version does not say it
    name: str = ""
    display_name: str = ""
    group: str | None = None
    job_type: str | None = None
    notes: str = ""
    tags: tuple[str, ...] = ()
    sweep: str | None = None
    program: str | None = None
    host: str | None = None
    commit: str | None = None
    config: dict[str, Any] = field(default_factory=dict)  # without what begins with `_wandb`
    written: dict[str, Any] = field(default_factory=dict)  # as the client writes it, `{"lr": {"value": 0.1}}`, whole
    summary: dict[str, Any] = field(default_factory=dict)
    last_row: Mapping[str, Any] = field(default_factory=dict)
    last_event: Mapping[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # lines by the name of the file
    attempt: str = ""  # of ours, that logs it
    agent: str = ""
    misses: int = 0
    gone: str = ""
    exit_status: int | None = None

    def take(self, post: Mapping[str, Any]) -> News:
        """One more post."""
        if isinstance(bucket := post.get("bucket"), dict):
            self._describe(bucket)
            self.attempt = _text(post, "of")
            if not post.get("again"):  # a run that is resumed goes on where it was
                self.exit_status, self.gone = None, ""
            return News(about=True)
        if isinstance(stream := post.get("stream"), dict):
            return self._stream(stream)
        if isinstance(at := post.get("at"), float):
            self.began = at
        if post.get("reopened"):
            self.exit_status = None
        if isinstance(taken := post.get("taken"), str):
            self.agent, self.gone = taken, ""
        if "missed" in post:
            self.agent, self.misses = "", self.misses + 1
        if isinstance(gone := post.get("gone"), str):
            self.gone = gone
        return News()

    @property
    def is_over(self) -> bool:
        return self.exit_status is not None

    def brings(self, stream: Mapping[str, Any]) -> bool:
        """Whether a piece of a run that is over says more than is known: another row, or another status."""
        files = stream.get("files")
        piece = files.get(HISTORY) if isinstance(files, dict) else None
        offset, lines = (piece.get("offset"), piece.get("content")) if isinstance(piece, dict) else (None, None)
        is_longer = isinstance(offset, int) and isinstance(lines, list) and offset + len(lines) > self.counts.get(HISTORY, 0)
        return is_longer or (bool(stream.get("complete")) and stream.get("exitcode") not in (None, self.exit_status))

    @property
    def machine(self) -> Mapping[str, Any]:
        """What the client says of where it runs: `program`, `args`, `root`, `executable`, ...; of its last start."""
        about = _value(self.written.get("_wandb"))
        starts = about.get("e") if isinstance(about, dict) else None
        found = list(starts.values())[-1] if isinstance(starts, dict) and starts else {}
        return found if isinstance(found, dict) else {}

    def _describe(self, bucket: Mapping[str, Any]) -> None:
        self.name = _text(bucket, "name") or self.name
        self.display_name = _text(bucket, "displayName") or self.display_name
        self.group = _text(bucket, "groupName") or self.group
        self.job_type = _text(bucket, "jobType") or self.job_type
        self.notes = _text(bucket, "notes") or self.notes
        self.sweep = _text(bucket, "sweep") or self.sweep
        self.program = _text(bucket, "program") or self.program
        self.host = _text(bucket, "host") or self.host
        self.commit = _text(bucket, "commit") or self.commit
        if isinstance(tags := bucket.get("tags"), list):
            self.tags = tuple(str(tag) for tag in tags)
        if isinstance(config := _parsed(bucket.get("config")), dict):
            self.written = config
            self.config = {name: _value(each) for name, each in config.items() if not name.startswith("_wandb")}
        if isinstance(summary := _parsed(bucket.get("summaryMetrics")), dict):
            self.summary = summary

    def _stream(self, stream: Mapping[str, Any]) -> News:
        files = stream.get("files")
        new = {name: self._new_lines(name, piece) for name, piece in (files if isinstance(files, dict) else {}).items()}
        rows, events = tuple(_objects(new.get(HISTORY, ()))), tuple(_objects(new.get(EVENTS, ())))
        self.last_row, self.last_event = (rows or (self.last_row,))[-1], (events or (self.last_event,))[-1]
        for summary in _objects(self._all_lines(files, SUMMARY)):
            self.summary = dict(summary)
        status = stream.get("exitcode")
        if stream.get("complete") and isinstance(status, int):
            self.exit_status = status
        return News(rows, events, tuple(_without_stamp(line) for line in new.get(OUTPUT, ())), about=SUMMARY in new)

    def _new_lines(self, name: str, piece: object) -> list[str]:
        content = piece.get("content") if isinstance(piece, dict) else None
        offset = piece.get("offset") if isinstance(piece, dict) else None
        if not isinstance(content, list) or not isinstance(offset, int):
            return []
        there = self.counts.get(name, 0)
        self.counts[name] = max(there, offset + len(content))
        lines = [line for line in content if isinstance(line, str)]
        # A line of output may be written over, as that of a bar that grows; all else never changes.
        return lines if name == OUTPUT else lines[max(0, there - offset) :]

    @staticmethod
    def _all_lines(files: object, name: str) -> list[str]:
        piece = files.get(name) if isinstance(files, dict) else None
        content = piece.get("content") if isinstance(piece, dict) else None
        return [line for line in content if isinstance(line, str)] if isinstance(content, list) else []


def _text(bucket: Mapping[str, Any], name: str) -> str:
    found = bucket.get(name)
    return found if isinstance(found, str) else ""


def _parsed(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _value(written: object) -> Any:
    return written.get("value") if isinstance(written, dict) and "value" in written else written


def _objects(lines: list[str] | tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if isinstance(found := _parsed(line), dict):
            yield found


def _without_stamp(line: str) -> str:
    """A line of output without the time, and the word for standard error, that the client puts before it.

    >>> _without_stamp("ERROR 2026-11-29T07:18:27.608873 Traceback"), _without_stamp("2026-11-29T07:18:27.018634 hello")
    ('Traceback', 'hello')
    >>> _without_stamp("as it is")
    'as it is'
    """
    rest = line.removeprefix("ERROR ")
    is_stamped = len(rest) > _STAMP and rest[4:5] == "-" and rest[10:11] == "T" and rest[_STAMP : _STAMP + 1] == " "
    return rest[_STAMP + 1 :] if is_stamped else line
