"""Which answer belongs to which request: the page itself, what it asks for, and what it does."""

from __future__ import annotations

import codecs
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from scheduler.actions.logs import pieces
from scheduler.errors import StateError, UserError
from scheduler.home import Home
from scheduler.queue.store import Store
from scheduler.values import dataclass
from scheduler.web import assets
from scheduler.web.answer import EVENTS, Answer, fixed, tagged, told, wrong
from scheduler.web.documents.questions import OF_ALL, OF_NOW, OF_ONE
from scheduler.web.feed import Feed
from scheduler.web.guard import Asked, Rules, proof, refusal
from scheduler.web.packed import MOST, Packed
from scheduler.web.page import asking
from scheduler.web.run_pictures import picture
from scheduler.web.verbs import VERBS, act

PIECE = 256 << 10  # bytes of an output in one answer
THRIFT, LONGEST_REST = 20, 10.0  # an answer that took a second is made again after so many; at most
LAST = 64 << 10  # and where nobody says from where on
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Query = Mapping[str, list[str]]
_OF_ALL = {**OF_ALL, **OF_NOW}


@dataclass(frozen=True)
class _Made:
    """An answer as JSON, from which place in the news it is, when it was made and how many seconds that took."""

    place: str
    body: bytes
    at: float
    cost: float

    def rest(self, now: float) -> float:
        """Seconds until it is made anew: what is slow to make, and asked for at every change, must not take a core."""
        return min(max(0.0, self.at + THRIFT * self.cost - now), LONGEST_REST)


class Site:
    """`answer` may be called by any thread."""

    def __init__(self, home: Home, feed: Feed, rules: Rules) -> None:
        self._home, self.feed, self._rules = home, feed, rules
        self._asked: dict[str, _Made] = {}  # the answers of all runs
        self._asking = threading.Lock()
        self._packed = Packed(self._made_curves, lambda: feed.news.place)
        self._fixed: dict[str, Callable[[], Answer]] = {
            "/": lambda: fixed(asking(), "text/html", {"Content-Security-Policy": POLICY}),
            "/app.js": lambda: fixed(assets.script(), "text/javascript"),
            "/app.css": lambda: fixed(assets.style(), "text/css"),
        }
        self.port = 0  # where it is served
        self._questions: dict[str, Callable[[Query, Asked], Answer]] = {
            "runs": lambda query, asked: Answer(200, feed.index()),
            "curves": self._curves,
            "events": self._events,
            "output": self._output,
        }

    def refused(self, asked: Asked) -> Answer | None:
        """Before anything of its body is read; None: it is to be answered."""
        why = refusal(replace(asked, path=urlsplit(asked.path).path if asked.path.startswith("/") else asked.path), self._rules)
        if why is None:
            return None
        more = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "GET, HEAD, POST"}}.get(why.status, {})
        return replace(wrong(why.status, why.what), headers=more)

    def answer(self, asked: Asked, body: bytes) -> Answer:
        """Of one that is not refused."""
        found = urlsplit(asked.path)
        try:
            if found.path in self._fixed:
                return self._unless_known(self._fixed[found.path](), asked)
            return self._answer(found.path, parse_qs(found.query, keep_blank_values=True), asked, body)
        except UserError as error:
            return wrong(503 if isinstance(error, StateError) else 409, str(error))
        except TimeoutError as error:
            return wrong(503, str(error))

    def _unless_known(self, answer: Answer, asked: Asked) -> Answer:
        tag = answer.headers.get("ETag")
        if tag and tag in asked.header("if-none-match"):
            return replace(answer, status=304, body=b"")
        return answer

    def _answer(self, path: str, query: Query, asked: Asked, body: bytes) -> Answer:
        if path == "/proof":
            return told({"proof": proof(self._rules.key, self.port, _one(query, "nonce")[:64])})
        _, kind, name = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        if kind == "do" and name in VERBS:
            return self._do(name, body)
        if kind == "media":
            return self._picture(name)
        if kind == "api" and name in self._questions:
            return self._questions[name](query, asked)
        if kind == "api" and (name in _OF_ALL or name in OF_ONE):
            return self._unless_known(self._question(name, query), asked)
        return wrong(404, "there is nothing here")

    # What the page asks for.

    def prepare(self) -> None:
        """Make the curves of the first metrics before somebody asks for them."""
        with suppress(UserError, OSError):
            for metric in json.loads(self.feed.index())["metrics"][:MOST]:
                self._packed.of(metric)

    def _curves(self, query: Query, asked: Asked) -> Answer:
        metric, only = _one(query, "metric"), query.get("run")
        if only is None and "gzip" in asked.header("accept-encoding"):
            return Answer(200, self._packed.of(metric), headers={"Content-Encoding": "gzip"})
        with Store(self._home) as store:
            return Answer(200, self.feed.curves(store, metric, only))

    def _made_curves(self, metric: str) -> bytes:
        with Store(self._home) as store:
            return self.feed.curves(store, metric)

    def _events(self, query: Query, asked: Asked) -> Answer:
        place = asked.header("last-event-id") or _one(query, "after")
        return Answer(200, b"", EVENTS, {"Cache-Control": "no-store"}, news=place)

    def _question(self, name: str, query: Query) -> Answer:
        if "run" not in query or name not in OF_ONE:
            return tagged(self._of_all(name)) if name in _OF_ALL else wrong(400, "this is asked of one run: ?run=ID")
        found = self.feed.run(_one(query, "run"))
        if found is None:
            return wrong(404, "there is no such run")
        with Store(self._home) as store:
            return tagged(told(OF_ONE[name](store, found)).body)

    def _of_all(self, name: str) -> bytes:
        """Made once for all who ask, as long as nothing is new."""
        with self._asking:
            before = self._asked.get(name)
            if before is None or before.place != self.feed.news.place:
                time.sleep(before.rest(time.monotonic()) if before else 0.0)
                begun, place = time.monotonic(), self.feed.news.place
                with Store(self._home) as store:
                    made = told(_OF_ALL[name](store, self.feed.everyone())).body
                self._asked[name] = _Made(place, made, time.monotonic(), time.monotonic() - begun)
            return self._asked[name].body

    def _output(self, query: Query, asked: Asked) -> Answer:
        """A piece of what a run has printed: `{"from": BYTES, "next": BYTES, "size": BYTES, "text": ...}`."""
        found = self.feed.run(_one(query, "run"))
        if found is None or found.attempt is None:
            return wrong(404, "this run has printed nothing")
        try:
            return told(_piece(found.attempt.log, _one(query, "from")))
        except (FileNotFoundError, ValueError):
            return wrong(404, "this run has printed nothing")

    def _picture(self, path: str) -> Answer:
        run, _, name = path.partition("/")
        found = self.feed.run(unquote(run))
        made = picture(found.attempt, unquote(name)) if found and found.attempt else None
        if made is None:
            return wrong(404, "there is no such picture")
        return Answer(
            200, made[0], made[1], {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-cache"}
        )

    def _do(self, verb: str, body: bytes) -> Answer:
        try:
            asked: Any = json.loads(body)
        except (ValueError, RecursionError):
            return wrong(400, "what is to be done is asked for in JSON")
        with Store(self._home) as store:
            return told({"done": act(store, verb, asked)})


def _one(query: Query, name: str) -> str:
    return query.get(name, [""])[0]


def _piece(log: Path, begin: str) -> dict[str, Any]:
    with log.open("rb") as file:
        size = file.seek(0, 2)
        place = max(0, min(int(begin or max(0, size - LAST)), size))
        first, text = place, b""
        for after, piece in pieces(file.fileno(), place):
            text += piece if isinstance(piece, bytes) else f"\n[... {piece:,} bytes were left out here ...]\n".encode()
            place = after
            if len(text) >= PIECE:
                break
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    shown = decoder.decode(text)
    rest = len(decoder.getstate()[0])  # of a letter that is not whole yet: it is sent with the next piece
    return {"from": first, "next": place - rest, "size": size, "text": shown}
