"""Texts that somebody could log, and a queue that has them in every place where a text can stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.tracking.media import Histogram, Image, Table
from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.png import encoded
from tests.browser.filling import BEGUN, Left, fill, sweep_of, system, written

PWNED = "window.pwned=1"
LONG = 100_000
UGLY: Mapping[str, str] = {
    "script": f"<script>{PWNED}</script>",
    "image": f"<img src=x onerror={PWNED}>",
    "attribute": f'"><svg onload="{PWNED}">',
    "other quote": f"' onmouseover='{PWNED}' autofocus onfocus='{PWNED}' x='",
    "end of the script": f"</script><script>{PWNED}</script>",
    "end of the style": f"</style><script>{PWNED}</script><textarea>",
    "comment": f"<!--<script>{PWNED}//",
    "braces": "{{constructor.constructor('" + PWNED + "')()}} ${" + PWNED + "} {title} {0} %s %(a)s",
    "address": f"javascript:{PWNED}",
    "style": f"red;}}*{{background:url(javascript:{PWNED})}} url(https://192.0.2.1/x) expression({PWNED})",
    "markdown": f"[x](javascript:{PWNED}) ![x](https://192.0.2.1/x.png) <b>bold</b> `code`",
    "entities": "&lt;b&gt;&amp;&quot;&#x3c;b&#62;",
    "turned round": "abc\u202egnp.exe\u2066\u2067def",
    "zero": "before\0after",
    "half a letter": "half \ud83d and \udc00 other",
    "control": "\x1b[2J\x1b]0;x\x07\x08\x0b\x0c\r\n\x7f\x9b\u2028\u2029\ufeffend",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈 z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍aͫ͗̃̓l̶̢̛̟͔g͛̄o",
    "long": "x" * LONG,
    "prototype": "__proto__",
    "constructor": "constructor",
    "empty": " ",
}
_HALF = "half a letter"  # only a log in JSON can have it: neither a file in UTF-8 nor SQLite can
NOTES = f"""# {UGLY["script"]}

{UGLY["markdown"].replace("!", "")} {UGLY["image"]} {UGLY["end of the script"]} {UGLY["comment"]}

[a](data:text/html,<script>{PWNED}</script>) <javascript:{PWNED}> [b]( javascript:{PWNED} "t") [c](JaVaScRiPt:{PWNED})
[d](vbscript:x) [e](&#106;avascript:{PWNED}) [g](java\tscript:{PWNED}) [h](//192.0.2.1/x)

| a | {UGLY["attribute"]} |
|---|---|
| {UGLY["other quote"]} | {UGLY["braces"]} |

```{UGLY["attribute"]}
{UGLY["end of the style"]}
```
{UGLY["turned round"]} {UGLY["control"]} {UGLY["emoji"]} {UGLY["zero"]}
"""


def fill_with_ugly(store: Store, directory: Path) -> list[Job]:
    """One run for each of these texts, which has it in all places, the first half as trials of a sweep; the last have failed."""
    words = list(UGLY)
    numbers = written(
        directory, f'command: [python, train.py, "${{args_json}}"]\ngrid: {{at: [{", ".join(map(str, range(len(words))))}]}}\n'
    )
    jobs = fill(store, numbers, directory, lambda config: _left(words[config["at"]], config["at"] >= len(words) - 6))
    sweep_of(store, jobs[: len(jobs) // 2], "loss", [["lr", "uniform", {"min": 0, "max": 1}], *_space()])
    with store.change() as change:
        for word, job in zip(words, jobs, strict=True):
            for sql, *values in _placed(UGLY[word]):
                given = tuple(each.replace("\ud83d", "?").replace("\udc00", "?") for each in values)
                change.connection.execute(f"UPDATE {sql}", (*given, job.id))
    return jobs


def _space() -> Sequence[Any]:
    return [[UGLY[word], "categorical", {"values": [UGLY["script"], "b"]}] for word in ("image", "attribute")]


def _placed(text: str) -> list[tuple[str, ...]]:
    """What to write where, of one job."""
    config = {"lr": 0.1, "net": {text: text, "list": [text, {text: text}]}, text: text, "ugly": text}
    argv = json.dumps(["python", "train.py", text, f"--x={text}"])
    return [
        ("job SET group_name = ? WHERE id = ?", text),
        ("job SET renamed = ? WHERE id = ?", text),
        ("job SET tags = ? WHERE id = ?", text),
        ("job SET note = ? WHERE id = ?", text),
        ("job SET file = ? WHERE id = ?", f"/home/{text}.yaml"),
        ("job SET argv = ? WHERE id = ?", argv),
        ("job SET arguments = ? WHERE id = ?", json.dumps(config)),
        ("attempt SET reason = ? WHERE job = ?", text),
        ("attempt SET gpus = ? WHERE job = ?", text),
        ("event SET detail = ? WHERE job = ?", text),
        ("trial SET point = ? WHERE job = ?", json.dumps({"lr": 0.1, UGLY["image"]: text})),
        ("trial SET verdict = ? WHERE job = ?", json.dumps({"number": 0, "rows": 3, "band": 3, "value": 1, "sentence": text})),
    ]


def _left(word: str, failed: bool) -> Left:
    text = UGLY[word]
    rows = [{"_step": step, "_time": BEGUN + step, "loss": 1 / (step + 1), f"m {text}": step, "said": text} for step in range(5)]
    return Left(
        State.FAILED if failed else State.DONE,
        rows,
        [{**row, text: 1} for row in system(3)],
        f"{text}\nTraceback (most recent call last):\nValueError: {text}\n",
        text if word != _HALF else "",
        1 if failed else 0,
        lambda log, directory: _show(log, directory, text),
    )


def _show(log: MediaLog, directory: Path, text: str) -> None:
    path = directory / "drawn.png"
    path.write_bytes(encoded(bytes([200, 30, 30] * 64), 8, 8, 3))
    log.show(text, Image(path, text), 1)
    log.show(f"weights {text}", Histogram.of([1.0, 2.0, 2.0]), 1)
    log.show(f"table {text}", Table([text, f"picture {text}"], [[text, Image(path, text)], [{text: text}, None]]), 1)
    if len(text) < 200 and "\0" not in text and "/" not in text and text.isprintable():
        saved = directory / "saved" / f"{text}.txt"
        saved.parent.mkdir()
        saved.write_text(text)
        log.keep(saved, saved.name)
    log.finish()
