"""The live page from a notebook or a program."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from scheduler import api
from scheduler.errors import UserError
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "home"))


def told(page: api.Ui, method: str = "GET", path: str = "/api/runs", **headers: str) -> http.client.HTTPResponse:
    """The answer to somebody with the key."""
    line = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
    key: Mapping[str, str] = {"Authorization": f"Bearer {page.url.partition('token=')[2]}", **headers}
    line.request(method, path, b"{}" if method == "POST" else None, key)
    return line.getresponse()


def listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_the_page_is_there_when_the_call_returns_and_gone_when_it_is_stopped() -> None:
    """The cell that starts it must not keep the notebook busy, and what somebody has started can be ended."""
    with api.ui() as page:
        assert told(page).status == 200
        assert str(page) == page.url
        assert page.url.startswith(f"http://127.0.0.1:{page.port}/#token=")
    assert not listens(page.port)
    page.stop()


def test_a_second_page_finds_a_port_of_its_own_and_one_that_is_named_is_taken_or_refused() -> None:
    """A cell that is run twice is no error; a port that was asked for and is not given would be another page."""
    with api.ui() as first, api.ui() as second:
        assert first.port != second.port
        assert {told(page).status for page in (first, second)} == {200}
        with pytest.raises(UserError, match=f"port {first.port} is taken"):
            api.ui(port=first.port)


def test_a_page_to_look_at_changes_nothing() -> None:
    """As `exp-queue ui --read-only`."""
    with api.ui(read_only=True) as page:
        assert told(page, "POST", "/do/cancel", **{"Content-Type": "application/json"}).status == 403
        assert "to look at" in page._repr_html_()


def test_in_a_notebook_it_is_a_link_and_its_key_stands_in_no_other_text() -> None:
    """What a log or a traceback prints of a value must not give the queue away."""
    with api.ui() as page:
        assert re.findall(r'href="([^"]+)"', page._repr_html_()) == [page.url]
        assert page.url.partition("token=")[2] not in repr(page)


def test_it_ends_with_the_program_that_has_started_it() -> None:
    """Nothing is left behind by a notebook whose kernel is restarted, nor does a script wait for it at its end."""
    program = "import exp_queue; print(exp_queue.ui().port)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    assert not listens(int(done.stdout))
