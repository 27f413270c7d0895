"""Everything about one job, for programs and for people."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any, TextIO

from scheduler.actions.show import Details
from scheduler.attempt_files import METRICS
from scheduler.experiments import shell_line
from scheduler.queue.code import Code
from scheduler.queue.evidence import is_elsewhere, is_on_host
from scheduler.queue.job import Attempt, where
from scheduler.queue.origins import Origin
from scheduler.queue.surroundings import KEPT
from scheduler.report import system
from scheduler.report.jobs import astray, objects
from scheduler.report.origins import as_object, pairs, seeds
from scheduler.report.text import duration, number, place, plural
from scheduler.report.wandb_runs import offline_runs, send
from scheduler.terminal import line
from scheduler.tracking.logged import Series

KINDS = {"image": "image", "histogram": "histogram", "table": "table", "file": "saved file"}


def details(found: Details) -> dict[str, Any]:
    """The job's row for programs, with its command, its attempts and all that happened to it."""
    (row,) = objects([found.line])
    job = found.line.job
    return {
        **row,
        "metrics": {**row["metrics"], **found.logged.last},
        "source": found.logged.source,
        "unread_lines": found.unread.lines if found.unread else 0,
        "first_unread_line": found.unread.first if found.unread else None,
        "steps": found.logged.step is not None,
        "series": {name: _series(each) for name, each in found.logged.series.items()},
        "argv": list(job.argv),
        "cwd": job.cwd,
        "environment": found.surroundings.as_object(),
        "code": _code(found, job.code),
        "code_now": str(found.aged) if found.aged else "",
        "system": _system(found, found.line.attempt),
        "seeds": seeds(job.config),
        "wandb_offline": [str(path) for attempt in found.attempts for path in offline_runs(job, attempt)],
        "attempts": [_attempt(attempt, found) for attempt in found.attempts],
        "events": [dict(event) for event in found.events],
    }


def _series(series: Series) -> dict[str, float | None]:
    """How many values there are and how many of them are no finite numbers, the smallest and the largest, and where these were
    reached first: at which step or, where steps are not logged, behind how many rows."""
    names = {"count": "count", "odd": "not_finite", "low": "min", "low_at": "min_at", "high": "max", "high_at": "max_at"}
    return {name: getattr(series, own) for own, name in names.items()}


def _code(found: Details, number: int | None) -> dict[str, str] | None:
    return asdict(found.codes[number]) if number is not None and number in found.codes else None


def _system(found: Details, attempt: Attempt | None) -> dict[str, Any] | None:
    return system.as_object(found.systems.get(attempt.name), found.co2_per_kwh) if attempt else None


def _attempt(attempt: Attempt, found: Details) -> dict[str, Any]:
    ending, use = attempt.ending, found.systems.get(attempt.name)
    return {
        "number": attempt.number,
        "state": ending.state.value if ending else None,
        "exit_status": ending.exit_status if ending else None,
        "reason": ending.reason if ending else "",
        "started": attempt.started,
        "ended": attempt.ended,
        "duration": attempt.duration,
        "pid": attempt.pid,
        "machine": _machine(attempt, found.origins.get(attempt.number)),
        "over_ssh": is_on_host(attempt),
        "gpus": attempt.gpus,
        "place": attempt.place,
        "slot": None if is_elsewhere(attempt) else attempt.slot,  # there its number says nothing
        "ports": [int(port) for port in attempt.ports.split(",") if port],
        "elsewhere": attempt.elsewhere,
        "energy_wh": use.energy_wh if use else None,
        "directory": attempt.directory,
        "log": str(attempt.log),
        "code": _code(found, attempt.code),
        "shown": [asdict(each) for each in found.shown[attempt.number]],
        "origin": as_object(found.origins.get(attempt.number), found.gpus[attempt.number]),
    }


def _machine(attempt: Attempt, origin: Origin | None) -> str:
    """Another machine, where one had it; "" for this one."""
    if not is_elsewhere(attempt):
        return ""
    return (origin.host if origin else "") or where(attempt.launcher)


def _unread(found: dict[str, Any]) -> str:
    count = found["unread_lines"]
    lines = f"{plural(count, 'line')} of {METRICS} {'is no JSON object' if count == 1 else 'are no JSON objects'}"
    return f"{lines} (the first: line {found['first_unread_line']})" if count else ""


def print_details(found: dict[str, Any], file: TextIO) -> None:
    """The same for people. The command can be pasted into a shell."""
    rows = [
        ("job", found["id"]),
        ("name", found["nickname"]),
        ("tags", " ".join(found["tags"])),
        *(("note", each) for each in found["notes"].splitlines()),
        ("state", ("paused" if found["paused"] else found["state"]) + (f": {found['reason']}" if found["reason"] else "")),
        ("now", found["note"]),
        ("goes to", " or ".join(f"{each['on']} (by the runner with pid {each['pid']})" for each in found["goes_to"])),
        ("group", found["group"] or ""),
        ("priority", str(found["priority"] or "")),
        ("config", json.dumps(found["config"], ensure_ascii=False)),
        ("command", shell_line(found["argv"])),
        ("directory", found["cwd"]),
        *(pairs(found["attempts"][-1]["origin"]) if found["attempts"] else ()),
        ("program", _kept(found).get("program") or ""),
        ("code", _code_line(found["code"]) + (f"; now there is {found['code_now']}" if found["code_now"] else "")),
        *((name, value) for name, value in _kept(found)["variables"].items() if value is not None),
        ("logged in", found["source"]),
        ("not read", _unread(found)),
        *((name, number(value) + _extremes(found, name)) for name, value in found["metrics"].items()),
        ("used", system.used(found["system"])),
        ("energy", system.energy(found["system"])),
        ("W&B, offline", send(found["wandb_offline"]) if found["wandb_offline"] else ""),
        *(pair for each in found["attempts"] for pair in _attempt_lines(each, found["code"])),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        if value:
            line(f"{name:<{width}}  {value}", file)


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    """What the job keeps of the environment here, as far as its latest attempt had it for certain: a host that has not this
    program takes another, with its own folders."""
    kept, attempts = found["environment"], found["attempts"]
    if not attempts or not attempts[-1]["over_ssh"]:
        return kept
    return {"variables": {name: value for name, value in kept["variables"].items() if name not in KEPT}}


def _extremes(found: dict[str, Any], name: str) -> str:
    """The smallest and the largest value, and where they were reached first."""
    series = found["series"].get(name)
    if not series or series["min"] is None or series["min"] == series["max"]:
        return ""
    where = "step" if found["steps"] else "row"
    return "   " + ", ".join(f"{what} {number(series[what])} at {where} {place(series[f'{what}_at'])}" for what in ("min", "max"))


def _code_line(code: dict[str, str] | None) -> str:
    return str(Code(**code)) if code else ""


def _attempt_lines(attempt: dict[str, Any], asked: dict[str, str] | None) -> list[tuple[str, str]]:
    kinds = Counter(each["kind"] for each in attempt["shown"])
    counted = [plural(kinds[kind], noun) for kind, noun in KINDS.items() if kinds[kind]]
    found = [(f"attempt {attempt['number']}", _attempt_line(attempt, asked))]
    return [*found, ("  it shows", f"{', '.join(counted)}, in {attempt['directory']}")] if counted else found


def _attempt_line(attempt: dict[str, Any], asked: dict[str, str] | None) -> str:
    took = f" after {duration(attempt['duration'])}" if attempt["duration"] is not None else ""
    status = f"exit status {attempt['exit_status']}" if attempt["exit_status"] is not None else ""
    said = status and f"{attempt['reason']};".startswith(f"{status};")
    told = "".join(f", {part}" for part in ("" if said else status, attempt["reason"]) if part)
    strayed = f", {astray(attempt['gpus'], attempt['elsewhere'])}" if attempt["elsewhere"] else ""
    other = f", with {_code_line(attempt['code'])}" if asked and attempt["code"] not in (None, asked) else ""
    return f"{attempt['state'] or 'open'}{took}{told}{strayed}{other}{_given(attempt)}, {attempt['log']}"


def _given(attempt: dict[str, Any]) -> str:
    """What it was given and tells it from those beside it."""
    ports = ", ".join(map(str, attempt["ports"]))
    told = (
        attempt["machine"] and f"on {attempt['machine']}",
        attempt["place"],
        "" if attempt["slot"] is None else f"slot {attempt['slot']}",
        ports and f"port{'s' * (',' in ports)} {ports}",
    )
    return "".join(f", {part}" for part in told if part)
