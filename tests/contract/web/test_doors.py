"""What gets through to the queue over a socket, and what does not."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.tracking.png import encoded
from scheduler.web.live import served
from tests.browser.filling import Left, curve
from tests.contract.web.conftest import PATIENCE, Visitor, done, visited

PNG = encoded(bytes(3 * 4 * 4), 4, 4, 3)
OTHERS = "the secret of somebody else"


@pytest.fixture
def job(filled: Callable[..., list[Job]]) -> Job:
    return filled([0.1], done)[0]


@pytest.fixture
def visitor(home: Home, job: Job) -> Iterator[Visitor]:
    """Of a queue with a job that is over."""
    with visited(home) as found:
        yield found


def raw(visitor: Visitor, request: bytes) -> bytes:
    """What comes back for these very bytes, until the line is closed."""
    with socket.create_connection(("127.0.0.1", visitor.page.port), timeout=PATIENCE) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


def test_the_page_comes_without_a_key_and_with_a_policy(visitor: Visitor) -> None:
    """It holds nothing of anybody; what it may do is drawn narrowly."""
    page = visitor.ask("/", Authorization=None)
    policy = page.headers["content-security-policy"]
    assert page.status == 200
    assert b"/app.js" in page.body
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in page.headers


def test_the_script_is_loaded_once(visitor: Visitor) -> None:
    """Over a slow line a reload must not bring it again."""
    script = visitor.ask("/app.js")
    again = visitor.ask("/app.js", If_None_Match=script.headers["etag"])
    assert (script.status, again.status, again.body) == (200, 304, b"")


def test_what_is_the_same_is_not_sent_again(visitor: Visitor, job: Job, store: Store) -> None:
    """The pictures of a run that logs a number each second are not loaded each second."""
    for path in (f"/api/details?run={job.id}", "/api/sweeps"):
        tag = visitor.ask(path).headers["etag"]
        again = visitor.ask(path, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")
    path = f"/api/logs?run={job.id}"
    tag = visitor.ask(path).headers["etag"]
    store.attempts(job.id)[-1].log.write_bytes(b"epoch 1\n")
    assert visitor.ask(path, If_None_Match=tag).status == 200


def test_the_key_opens_and_nothing_else_does(visitor: Visitor) -> None:
    """Whoever can reach the port, such as another user of the machine, has not been told the key."""
    assert visitor.ask("/api/runs").status == 200
    for wrong in (None, "Bearer ", "Bearer " + "x" * len(visitor.key)):
        told = visitor.ask("/api/runs", Authorization=wrong)
        assert told.status == 401
        assert "exp-queue ui" in told.json["error"]
    assert visitor.ask(f"/api/runs?token={visitor.key}", Authorization=None, Cookie=f"token={visitor.key}").status == 401


def test_a_name_that_was_pointed_here_opens_nothing(visitor: Visitor) -> None:
    """DNS rebinding: a page that anybody has made calls us by its own name."""
    assert visitor.ask("/api/runs", Host="evil.example").status == 421
    assert visitor.ask("/", Host=f"evil.example:{visitor.page.port}").status == 421
    assert visitor.ask("/", Host="localhost").status == 200


def test_another_page_can_do_nothing(visitor: Visitor, store: Store, filled: Callable[..., list[Job]]) -> None:
    """Also where it knew the key, a browser says whose page it is."""
    (queued,) = filled([0.7], lambda _: Left(State.QUEUED))
    body = json.dumps({"jobs": [queued.id]}).encode()
    own = {"Content_Type": "application/json"}
    for foreign in (
        {**own, "Origin": "http://evil.example"},
        {**own, "Sec_Fetch_Site": "cross-site"},
        {"Content_Type": "text/plain"},
        {**own, "Authorization": None},
    ):
        assert visitor.ask("/do/cancel", "POST", body, **foreign).status in (401, 403, 415)
    assert store.job(queued.id).state is State.QUEUED
    assert visitor.ask("/do/cancel", "POST", body, **own, Origin=f"http://127.0.0.1:{visitor.page.port}").status == 200
    assert store.job(queued.id).state is State.CANCELLED


def test_only_a_server_with_the_key_can_prove_that_it_has_it(visitor: Visitor) -> None:
    """A page whose server has gone asks for this before it gives its key to whoever has taken the port."""
    found = [visitor.ask(f"/proof?nonce={nonce}", Authorization=None).json["proof"] for nonce in ("a", "b", "a")]
    assert found[0] == found[2] != found[1]
    assert visitor.key not in str(found)


def pictured(store: Store, job: Job, *rows: dict[str, str]) -> Path:
    """The directory of its attempt, with an index of these rows, and a picture."""
    place = Path(store.attempts(job.id)[-1].directory)
    (place / "media").mkdir()
    (place / "media" / "a b.png").write_bytes(PNG)
    (place / "media.jsonl").write_text("".join(json.dumps({"name": "x", "kind": "image", **row}) + "\n" for row in rows))
    return place


def test_a_picture_is_shown_as_what_it_is(visitor: Visitor, store: Store, job: Job) -> None:
    """Its type is that of its content, and nothing in it runs."""
    pictured(store, job, {"file": "media/a b.png"})
    told = visitor.ask(f"/media/{job.id}/media/a%20b.png")
    assert (told.status, told.headers["content-type"], told.body) == (200, "image/png", PNG)
    assert "sandbox" in told.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "media/../../secret.png",
        "%2e%2e/secret.png",
        "..%2fsecret.png",
        "media%2f..%2f..%2fsecret.png",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "media//a b.png",
        "./media/a b.png",
        "media/a b.png%00.png",
        "media",
        "",
        "link.png",
        "folder/secret.png",
        "metrics.jsonl",
        "media/drawn.svg",
        "media/pipe.png",
    ],
)
def test_no_path_leads_out_of_a_run(visitor: Visitor, store: Store, job: Job, path: str) -> None:
    """A script can write what it likes into its directory and its index: links, folders that are links, names of other places."""
    names = [path, path.replace("%2e", ".").replace("%2f", "/").replace("%00", "\0"), "media/drawn.svg", "metrics.jsonl"]
    place = pictured(store, job, *({"file": name} for name in names))
    secret = place.parent / "secret.png"
    secret.write_bytes(PNG + OTHERS.encode())
    (place / "link.png").symlink_to(secret)
    (place / "folder").symlink_to(place.parent)
    (place / "media" / "drawn.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    os.mkfifo(place / "media" / "pipe.png")
    told = visitor.ask(f"/media/{job.id}/{path.replace(' ', '%20')}")
    assert told.status in (400, 404)
    assert OTHERS.encode() not in told.body


def test_a_picture_that_the_index_does_not_name_is_not_shown(visitor: Visitor, store: Store, job: Job) -> None:
    """A directory holds checkpoints and whatever else a script keeps there."""
    pictured(store, job, {"file": "media/other.png"})
    assert visitor.ask(f"/media/{job.id}/media/a%20b.png").status == 404


def test_what_a_run_has_printed_comes_in_pieces(visitor: Visitor, store: Store, job: Job) -> None:
    """A log of gigabytes is followed from where one is, and a letter that is half written is not broken."""
    log = store.attempts(job.id)[-1].log
    log.write_bytes("epoch 1\nfür".encode()[:-2])
    first = visitor.ask(f"/api/output?run={job.id}").json
    assert (first["from"], first["text"]) == (0, "epoch 1\nf")
    log.write_bytes("epoch 1\nfür alle\n".encode())
    second = visitor.ask(f"/api/output?run={job.id}&from={first['next']}").json
    assert second["text"] == "ür alle\n"
    assert visitor.ask(f"/api/output?run={job.id}&from={second['next']}").json["text"] == ""
    log.write_bytes(b"x" * 3_000_000)
    assert len(visitor.ask(f"/api/output?run={job.id}&from=0").body) < 1_000_000


@pytest.mark.parametrize("path", ["/api/nothing", "/x", "/api/", "/api", "/do", "/media/x", "/api/output?run=x", "/app.js/x"])
def test_what_is_not_there_is_said(visitor: Visitor, path: str) -> None:
    """With a sentence, and no trace of Python."""
    told = visitor.ask(path)
    assert told.status in (404, 405)
    assert set(told.json) == {"error"}


def test_a_request_that_is_none_is_answered_or_the_line_closed(visitor: Visitor) -> None:
    """Whatever is sent, others are served."""
    for sent in (
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", visitor.page.port), timeout=PATIENCE) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(1 << 16)
            assert b"200 OK" not in answer
            assert b"Traceback" not in answer
    assert visitor.ask("/api/runs").status == 200


def test_a_second_request_cannot_hide_in_the_first(visitor: Visitor) -> None:
    """A body that nobody has read would be read as a request."""
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {visitor.key}\r\n".encode()
    hidden = b"GET /api/runs HTTP/1.1\r\n" + head + b"\r\n"
    for line in (b"GET /app.css HTTP/1.1\r\n", b"POST /do/cancel HTTP/1.1\r\nContent-Type: text/plain\r\n"):
        answer = raw(visitor, line + head + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden)
        assert answer.count(b"HTTP/1.1") == 1
    answer = raw(visitor, b"POST /do/cancel HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_page_that_only_shows_does_nothing(home: Home, store: Store, filled: Callable[..., list[Job]]) -> None:
    """--read-only is for somebody who shall look."""
    (queued,) = filled([0.7], lambda _: Left(State.QUEUED))
    with visited(home, read_only=True) as visitor:
        assert visitor.ask("/api/runs").json["read_only"] is True
        assert visitor.act("cancel", queued.id).status == 403
    assert store.job(queued.id).state is State.QUEUED


def test_the_key_is_a_file_that_its_user_alone_can_read(visitor: Visitor, home: Home) -> None:
    """Another user who could read it could cancel our jobs."""
    path = home.root / "ui.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["key"] == visitor.key
    assert len(visitor.key) >= 43


def test_a_number_that_json_does_not_know_comes_as_a_text(home: Home, filled: Callable[..., list[Job]]) -> None:
    """A browser cannot read NaN in JSON, and the whole list would be lost for one run."""
    rows = [*curve({"lr": 0.1}, 3), {"_step": 3, "loss": float("nan"), "acc": float("inf")}]
    (job,) = filled([0.1], lambda _: Left(State.DONE, rows))
    with visited(home) as visitor:
        (row,) = visitor.ask("/api/runs").json["runs"]
        assert row["last"] == {"loss": "NaN", "acc": "Infinity"}
        assert visitor.ask("/api/curves?metric=loss").json["curves"][job.id]["odd"] == 1


def test_a_host_without_a_name_opens_the_page_to_nobody(home: Home) -> None:
    """`--host "$HOST"` with nothing in it would be every network that this machine is in."""
    with pytest.raises(UserError, match=r"--host has no name; leave it out for 127\.0\.0\.1"), served(home, [""], say=print):
        pass
