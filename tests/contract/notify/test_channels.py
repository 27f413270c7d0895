"""One suite for every channel, each against a real program or a real server of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scheduler.notify.channel import Channel
from scheduler.notify.event import FAILURE, Event
from scheduler.notify.outbox import Outbox
from tests.contract.notify.servers import Mails, Posts, serving

EVENT = Event(FAILURE, "grid.yaml: the first job has failed ü ä", "ab12 failed\nits last words", {"job": {"id": "ab12"}})
FOREVER = 100.0


@dataclass(frozen=True)
class Way:
    """A channel that works, what has arrived by it, and one that leads nowhere."""

    channel: Channel
    arrived: Callable[[], str]
    broken: Channel


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, to: tuple[str, ...]) -> Way:
    """A program of that name is the first on the PATH; where a file `fail` is, it complains and fails."""
    folder.mkdir()
    program(folder / name, f'[ -e {folder}/fail ] && exit 3; printf "%s\\n" "$@" > {folder}/got; cat >> {folder}/got')
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Way(Channel(kind, kind, to), lambda: (folder / "got").read_text(), Channel(kind, kind, to))


@pytest.fixture(params=["command", "desktop", "sendmail", "smtp", "webhook", "slack", "ntfy"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    folder, kind = tmp_path / "bin", request.param
    if kind == "command":
        made = programs(folder, monkeypatch, "tell", "command", ("tell", "me"))
        yield replace(made, broken=Channel("command", "command", ("sh", "-c", "echo no >&2; exit 3")))
    elif kind == "desktop":
        made = programs(folder, monkeypatch, "notify-send", "desktop", ())
        yield replace(made, broken=Channel("gone", "command", (str(tmp_path / "missing"),)))
    elif kind == "sendmail":
        made = programs(folder, monkeypatch, "sendmail", "email", ("me@example.org",))
        yield replace(made, broken=Channel("email", "email", ("me@example.org",), server="127.0.0.1:1", security="none"))
    elif kind == "smtp":
        with serving(Mails()) as server:
            to = Channel("email", "email", ("me@example.org",), server=f"127.0.0.1:{server.server_address[1]}", security="none")
            yield Way(to, lambda: "\n".join(server.heard), replace(to, security="tls"))
    else:
        with serving(Posts()) as server, serving(Posts(404)) as refusing:
            to = Channel(kind, "webhook", (server.url,), format=kind if kind != "webhook" else "json")
            yield Way(to, lambda: json.dumps(server.posts, ensure_ascii=False), replace(to, to=(refusing.url,)))


@pytest.fixture
def outbox(tmp_path: Path) -> Callable[[Channel], tuple[Outbox, list[str]]]:
    def made(channel: Channel) -> tuple[Outbox, list[str]]:
        said: list[str] = []
        return Outbox([channel], tmp_path / "notifications.log", said.append), said

    return made


def test_what_is_sent_arrives_with_its_title_and_its_text(way: Way, outbox) -> None:
    """By each way: in the subject, in a header, in JSON, as an argument."""
    box, said = outbox(way.channel)
    box.send(EVENT)
    box.close(FOREVER)
    assert said == []
    assert "the first job has failed" in way.arrived()
    assert "its last words" in way.arrived()


def test_a_failure_is_said_once_and_noted_each_time(way: Way, outbox, tmp_path: Path) -> None:
    """Whoever counts on a notification must know that it will not come; one line of it is enough. It names no secret."""
    box, said = outbox(way.broken)
    for _ in range(2):
        box.send(EVENT)
        box.close(FOREVER)
    assert len(said) == 1
    assert said[0].startswith(f'the notification by "{way.broken.name}" was not sent: ')
    noted = (tmp_path / "notifications.log").read_text()
    assert noted.count("the first job has failed") == 2
    assert "geheim" not in noted + said[0]


def test_json_is_for_programs(outbox, tmp_path: Path) -> None:
    """A command reads one object from its standard input."""
    box, said = outbox(Channel("c", "command", ("sh", "-c", f"cat > {tmp_path}/got")))
    box.send(EVENT)
    box.close(FOREVER)
    found = json.loads((tmp_path / "got").read_text())
    assert (said, found["event"], found["title"], found["text"], found["job"]) == (
        [],
        FAILURE,
        EVENT.title,
        EVENT.text,
        {"id": "ab12"},
    )


def test_each_kind_of_webhook_gets_what_it_takes(outbox) -> None:
    """Slack takes `text`, ntfy the text itself with its title in a header."""
    with serving(Posts()) as server:
        for form in ("json", "slack", "ntfy"):
            box, said = outbox(Channel(form, "webhook", (server.url,), format=form))
            box.send(EVENT)
            box.close(FOREVER)
            assert said == []
    (_, _, ours), (_, _, slack), (_, headers, ntfy) = server.posts
    assert json.loads(ours)["title"] == EVENT.title
    assert json.loads(slack) == {"text": f"*{EVENT.title}*\n{EVENT.text}"}
    assert (ntfy, headers["Title"], headers["Priority"]) == (EVENT.text, "grid.yaml: the first job has failed ? ?", "high")


def test_secrets_come_from_the_environment_and_are_never_told(outbox, tmp_path: Path, monkeypatch) -> None:
    """A token, the URL of a webhook, a password: the file has their names alone."""
    with serving(Posts(500)) as server:
        monkeypatch.setenv("HOOK", server.url)
        monkeypatch.setenv("TOKEN", "sesame")
        box, said = outbox(Channel("hook", "webhook", url_variable="HOOK", token_variable="TOKEN"))  # noqa: S106 (its name)
        box.send(EVENT)
        box.close(FOREVER)
    ((path, headers, _),) = server.posts
    assert (path, headers["Authorization"]) == ("/geheim", "Bearer sesame")
    assert "answered 500" in said[0]
    assert not any(secret in said[0] + (tmp_path / "notifications.log").read_text() for secret in ("geheim", "sesame"))


def test_a_secret_that_is_not_set_is_named(outbox, monkeypatch) -> None:
    """By the name of its variable."""
    monkeypatch.delenv("HOOK", raising=False)
    box, said = outbox(Channel("hook", "webhook", url_variable="HOOK"))
    box.send(EVENT)
    box.close(FOREVER)
    assert "the environment variable HOOK is not set" in said[0]


def test_a_password_is_sent_over_tls_or_not_at_all(outbox, monkeypatch) -> None:
    """A server that offers no STARTTLS, or somebody in between who takes the offer away, gets none."""
    monkeypatch.setenv("SMTP_PASSWORD", "sesame")
    with serving(Mails("AUTH PLAIN LOGIN")) as server:
        address = f"127.0.0.1:{server.server_address[1]}"
        to = Channel("m", "email", ("me@example.org",), server=address, security="starttls", password_variable="SMTP_PASSWORD")  # noqa: S106
        box, said = outbox(to)
        box.send(EVENT)
        box.close(FOREVER)
        assert "STARTTLS" in said[0]
        assert not any("AUTH" in line for line in server.heard)
        box, said = outbox(replace(to, security="none"))
        box.send(EVENT)
        box.close(FOREVER)
    assert said == []
    assert any(line.startswith("AUTH ") for line in server.heard)


def test_whoever_does_not_answer_is_waited_for_by_the_sender_alone(outbox) -> None:
    """The command that is over goes; what becomes of the notification is in a file."""
    with serving(Posts()) as server:
        server.open.clear()
        box, said = outbox(Channel("slow", "webhook", (server.url,)))
        box.send(EVENT)
        assert server.asked.wait(100)
        box.close(0.0)
        assert said[0].startswith('the notification by "slow" is still on its way; if it fails, ')
        server.open.set()
