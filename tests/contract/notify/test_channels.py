"""One suite for every channel, each against a real program or a real server of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import stack_size

import pytest

from scheduler.linux import processes
from scheduler.notify.channel import Channel
from scheduler.notify.channels import email
from scheduler.notify.event import FAILURE, Event
from scheduler.notify.outbox import Outbox
from tests.contract.notify.servers import Mails, Posts, serving
from tests.users import as_root, told_by

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


def by_mail(server: Mails, security: str) -> Channel:
    """By that server, which is asked to let a user in whose password stands in SMTP_PASSWORD."""
    address = f"127.0.0.1:{server.server_address[1]}"
    return Channel("m", "email", ("me@example.org",), server=address, security=security, password_variable="SMTP_PASSWORD")  # noqa: S106


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
        to = by_mail(server, "starttls")
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


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """That of a server at 127.0.0.1, which nobody vouches for but itself; and what such a server needs."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("there is no openssl to make a certificate with")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    at = ("-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run([openssl, *asked.split(), *at, "-keyout", key, "-out", made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mail_and_its_password_go_inside_of_tls_to_a_server_that_somebody_vouches_for(
    outbox, monkeypatch, certificate, security: str
) -> None:
    trusted, context = certificate
    monkeypatch.setenv("SMTP_PASSWORD", "sesame")
    with serving(Mails("AUTH PLAIN LOGIN", "STARTTLS", tls=context, at_once=security == "tls")) as server:
        box, said = outbox(by_mail(server, security))
        box.send(EVENT)
        box.close(FOREVER)
        assert "certificate" in said[0]
        assert not any("AUTH" in line or "RCPT" in line.upper() for line in server.heard)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        box, said = outbox(by_mail(server, security))
        box.send(EVENT)
        box.close(FOREVER)
    assert said == []
    assert any(line.startswith("*AUTH ") for line in server.heard)
    assert {line.split()[0] for line in server.heard if not line.startswith("*")} <= {"ehlo", "STARTTLS"}


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


def test_nobody_is_followed_to_another_address(outbox, monkeypatch) -> None:
    """There it would be a GET without the body, with the token of the first; and it counted as delivered."""
    monkeypatch.setenv("TOKEN", "sesame")
    with serving(Posts()) as other, serving(Posts(302, {"Location": other.url})) as server:
        box, said = outbox(Channel("moved", "webhook", (server.url,), token_variable="TOKEN"))  # noqa: S106 (its name)
        box.send(EVENT)
        box.close(FOREVER)
    assert "127.0.0.1 answered 302" in said[0]
    assert other.heard == []


def test_whatever_a_channel_raises_is_told_and_noted_without_its_secrets(outbox, tmp_path: Path, monkeypatch) -> None:
    """A traceback that nobody reads: the last of its lines was told, with the password if that was in it, and nothing noted."""
    monkeypatch.setenv("SMTP_PASSWORD", "sesam\u00e9")
    with serving(Mails("AUTH PLAIN LOGIN")) as server:
        box, said = outbox(by_mail(server, "none"))
        box.send(EVENT)
        box.close(FOREVER)
    noted = (tmp_path / "notifications.log").read_text()
    assert "was not sent: UnicodeEncodeError: " in said[0]
    assert "UnicodeEncodeError: " in noted
    assert "sesam" not in said[0] + noted


@as_root
def test_a_user_whose_number_has_no_name_sends_mail_all_the_same(tmp_path: Path, monkeypatch) -> None:
    """In a container that is the usual case."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    tmp_path.chmod(0o777)
    assert told_by(54321, tmp_path, email.sender_here).startswith("uid-54321@")


def test_where_no_thread_can_watch_a_sender_none_stays(outbox, tmp_path: Path) -> None:
    """It would send what was said to be lost, and stay a zombie of a runner that lives for weeks."""
    box, said = outbox(Channel("c", "command", ("sh", "-c", f"cat > {tmp_path}/got")))
    before = stack_size(1 << 47)  # more than there are addresses: as where there is no room for a thread
    try:
        box.send(EVENT)
    finally:
        stack_size(before)
    assert "no more processes can be started" in said[0]
    assert [
        each for each in processes.descendants(os.getpid()) if "scheduler.notify.sender" in str(processes.command_line(each.pid))
    ] == []
    box.close(FOREVER)
    assert not (tmp_path / "got").exists()
