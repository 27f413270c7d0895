"""What a host says of an order: its files are written down here, and of the rest a runner hears as of its own launchers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scheduler.shortage import is_short
from scheduler.ssh.hosts import launcher_of
from scheduler.ssh.mirror import Mirror
from scheduler.ssh.orders import Sent

ENDS = ("ended", "dropped")  # after these nothing more is said of it
Report = dict[str, Any]


def report_of(sent: Sent, message: dict[str, Any], data: bytes) -> Report | None:
    """What is to be reported of its attempt; None: nothing. KeyError for what is no message, OSError where there is no room for
    what it brings, ValueError for a file that leads elsewhere: then it comes again over the next line."""
    return _SAYS[message["is"]](sent, message, data)


def _runs(sent: Sent, message: dict[str, Any], data: bytes) -> Report | None:
    if sent.begun:
        return None
    sent.begun = True
    told = {"is": "running", "pid": None, "birth": None, "place": _place(sent.host, message)}
    return {**told, "age": message.get("age"), "launcher": launcher_of(sent.host, sent.order)}


def _noted(sent: Sent, message: dict[str, Any], data: bytes) -> Report:
    return _note(f"{sent.host}: {message['text']}" if message.get("of_host") else message["text"])


def _file(sent: Sent, message: dict[str, Any], data: bytes) -> Report | None:
    """A piece of a file, or its size. A file that cannot be here at all is passed over: else every line would bring it again, and
    break, with all else that it carries."""
    if (path := message["path"]) in sent.passed_over:
        return None
    try:
        _write(sent.mirror, message, data)
    except OSError as error:
        if is_short(error):
            raise
        sent.passed_over.add(path)
        return _note(f"{path} of {sent.host} cannot be kept here: {error.strerror or error}")
    return None


def _is_over(sent: Sent, message: dict[str, Any], data: bytes) -> Report:
    sent.mirror.close()
    found: Report = {key: message[key] for key in ("is", "why") if key in message}
    if end := message.get("end"):
        found["end"] = {**end, "place": _place(sent.host, end)}
    return {**found, "launcher": launcher_of(sent.host, sent.order)}


def _note(text: str) -> Report:
    return {"is": "note", "about": "", "text": text}


def _place(host: str, said: dict[str, Any]) -> Report | None:
    """As `origin_rows.arrived` takes it."""
    return {**said["origin"], "host": host} if said.get("origin") else None


def _write(mirror: Mirror, message: dict[str, Any], data: bytes) -> None:
    path = message["path"]
    if message["is"] == "size":
        mirror.cut(path, message["size"])
    elif message.get("whole"):
        mirror.piece(path, message["at"], data, last=message["last"])
    else:
        mirror.append(path, message["at"], data)


_SAYS: dict[str, Callable[[Sent, dict[str, Any], bytes], Report | None]] = {
    "running": _runs,
    "note": _noted,
    "file": _file,
    "size": _file,
    "ended": _is_over,
    "dropped": _is_over,
}
