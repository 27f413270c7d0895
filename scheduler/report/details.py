"""Everything about one job, for programs and for people."""

from __future__ import annotations

import json
from typing import Any, TextIO

from scheduler.actions.show import Details
from scheduler.experiments import shell_line
from scheduler.queue.job import Attempt
from scheduler.report.jobs import astray, objects
from scheduler.report.text import duration, number
from scheduler.terminal import line


def details(found: Details) -> dict[str, Any]:
    """The job's row for programs, with its command, its attempts and all that happened to it."""
    (row,) = objects([found.line])
    job = found.line.job
    return {
        **row,
        "argv": list(job.argv),
        "cwd": job.cwd,
        "environment": found.surroundings.as_object(),
        "attempts": [_attempt(attempt) for attempt in found.attempts],
        "events": [dict(event) for event in found.events],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    ending = attempt.ending
    return {
        "number": attempt.number,
        "state": ending.state.value if ending else None,
        "exit_status": ending.exit_status if ending else None,
        "reason": ending.reason if ending else "",
        "started": attempt.started,
        "ended": attempt.ended,
        "duration": attempt.duration,
        "pid": attempt.pid,
        "gpus": attempt.gpus,
        "place": attempt.place,
        "slot": attempt.slot,
        "ports": [int(port) for port in attempt.ports.split(",") if port],
        "elsewhere": attempt.elsewhere,
        "directory": attempt.directory,
        "log": str(attempt.log),
    }


def print_details(found: dict[str, Any], file: TextIO) -> None:
    """The same for people. The command can be pasted into a shell."""
    pairs = [
        ("job", found["id"]),
        ("state", found["state"] + (f": {found['reason']}" if found["reason"] else "")),
        ("now", found["note"]),
        ("group", found["group"] or ""),
        ("config", json.dumps(found["config"])),
        ("command", shell_line(found["argv"])),
        ("directory", found["cwd"]),
        ("program", found["environment"]["program"] or ""),
        *((name, value) for name, value in found["environment"]["variables"].items() if value is not None),
        *((name, number(value)) for name, value in found["metrics"].items()),
        *((f"attempt {each['number']}", _attempt_line(each)) for each in found["attempts"]),
    ]
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        if value:
            line(f"{name:<{width}}  {value}", file)


def _attempt_line(attempt: dict[str, Any]) -> str:
    took = f" after {duration(attempt['duration'])}" if attempt["duration"] is not None else ""
    status = f"exit status {attempt['exit_status']}" if attempt["exit_status"] is not None else ""
    said = status and f"{attempt['reason']};".startswith(f"{status};")
    told = "".join(f", {part}" for part in ("" if said else status, attempt["reason"]) if part)
    where = f", {astray(attempt['gpus'], attempt['elsewhere'])}" if attempt["elsewhere"] else ""
    return f"{attempt['state'] or 'open'}{took}{told}{where}{_given(attempt)}, {attempt['log']}"


def _given(attempt: dict[str, Any]) -> str:
    """What it was given and tells it from those beside it."""
    ports = ", ".join(map(str, attempt["ports"]))
    told = (
        attempt["place"],
        "" if attempt["slot"] is None else f"slot {attempt['slot']}",
        ports and f"port{'s' * (',' in ports)} {ports}",
    )
    return "".join(f", {part}" for part in told if part)
