"""What is pure of the lines to hosts: their messages, the names of hosts and orders, and a job as it has to look elsewhere."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.experiments import Resources
from scheduler.gpus.packing import GpuUse, as_objects
from scheduler.hosted.courier import likely_grows, only_grows
from scheduler.hosted.visitors import at_home_here
from scheduler.launcher.spawning import Order
from scheduler.queue.asks import as_json
from scheduler.queue.guests import Guest
from scheduler.queue.surroundings import Surroundings
from scheduler.ssh.fleet import Place
from scheduler.ssh.hosts import hosts_in, launcher_of, new_order, place_of
from scheduler.ssh.kinds import kind_of
from scheduler.ssh.line import Line
from scheduler.ssh.lines import Lines, Listener
from scheduler.ssh.orders import Host, Sent
from scheduler.ssh.places import Seen
from scheduler.ssh.wire import MAGIC, Frames, frame
from tests.queued import job


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 40))
def test_messages_survive_any_cut(payloads: list[bytes], size: int) -> None:
    """A line gives bytes in pieces of its own choice, and a payload may hold whatever bounds messages."""
    whole = b"Welcome to ada\n" + MAGIC + b"".join(frame({"is": "file", "n": n}, data) for n, data in enumerate(payloads))
    frames, found = Frames(magic=True), []
    for at in range(0, len(whole), size):
        found += frames.take(whole[at : at + size])
    assert [(message["n"], data) for message, data in found] == list(enumerate(payloads))


def test_what_a_login_shell_prints_is_no_message() -> None:
    """Many a .bashrc greets; that must not end the line."""
    frames = Frames(magic=True)
    assert frames.take(b'{"is": "ended"}\nhello\n') == []
    assert frames.take(MAGIC + frame({"is": "room"})) == [({"is": "room"}, b"")]


def test_hosts_are_named_as_for_ssh() -> None:
    """The rest of what ssh knows stands in its own file."""
    assert hosts_in("ssh:ada,me@babbage.lab,ada") == ("ada", "me@babbage.lab")


@pytest.mark.parametrize(
    "word", ["ssh", "ssh:", "slurm:ada", "ssh:-oProxyCommand=evil", "ssh:a/b", "ssh:ada babbage", "ssh:ada:22"]
)
def test_what_is_no_host_is_refused(word: str) -> None:
    """A name that begins with a dash would be an option of ssh, and a slash would cut the launcher's name."""
    with pytest.raises(UserError):
        hosts_in(word)


def test_an_order_has_a_name_of_its_own_that_leads_to_its_host() -> None:
    """The same job may be sent to a host again: what is said of the one must not hit the other."""
    first, second = new_order("0123456789abcdef"), new_order("0123456789abcdef")
    assert first != second and first[:8] == second[:8] == "01234567"  # noqa: PT018
    assert place_of(launcher_of("me@ada", first)) == ("me@ada", first)
    assert place_of("slurm/b/3") is None


def guest(program: str | None) -> Guest:
    surroundings = Surroundings((("PATH", "/there/bin"), ("TOKEN", "t")), program)
    argv = ("python", "train.py", "/home/me/eq/arguments/1.json")
    return Guest(
        "e", None, argv, "{}", "/work", "{}", "{}", json.dumps({"P": "/home/me/eq/sweeps/1.yaml", "N": None}), surroundings
    )


def test_paths_of_the_queue_lead_to_the_state_directory_here() -> None:
    """The user and the home of another machine may have other names; its files of arguments are written here."""
    found = at_home_here(guest(None), "/home/me/eq", "/srv/x")
    assert found.argv == ("python", "train.py", "/srv/x/arguments/1.json")
    assert json.loads(found.environment) == {"P": "/srv/x/sweeps/1.yaml", "N": None}


def test_a_program_that_is_not_here_is_looked_for_beside_our_python() -> None:
    """A path of another machine's says nothing here; the exp-queue that was found has a Python, which is likely meant."""
    kept = at_home_here(guest(sys.executable), "/a", "/b").surroundings
    assert kept.variables[0] == ("PATH", "/there/bin")
    found = at_home_here(guest("/not/there/python"), "/a", "/b", {"PATH": "/usr/bin"}).surroundings
    assert dict(found.variables) == {"PATH": f"{Path(sys.executable).parent}:/usr/bin", "TOKEN": "t"}
    assert found.program is None


def test_a_host_takes_no_more_than_it_has_room_for() -> None:
    """One that does not answer, or has other code, gets nothing; but what it has counts."""
    host = Host("ada", up=True, slots=2, offers={"differs": ""})
    host.busy = {"x": None}
    assert (host.room, host.takes) == (2, True)
    host.offers = {"differs": "other code"}
    assert (host.room, host.takes) == (1, False)
    host.offers, host.up = {"differs": ""}, False
    assert (host.room, host.takes) == (1, False)


def test_a_host_is_seen_as_it_has_said() -> None:
    """What it asks back for once is remembered: it gets such jobs one by one from then on."""
    host = Host("ada", up=True, offers={"differs": "", "cores": 4})
    more = {"driver": True, "gpus": 1, "memory": 24000}
    wanted, kind = Resources(gpus=1), kind_of(Resources(gpus=1))
    host.hear_room({"slots": 3, "taken": 1, "not_now": {kind: "GPU 0 is in use"}, "never": {}, "closed": "", **more})
    host.busy = {"x": kind_of(Resources()), "y": None}
    asked = ({kind: "GPU 0 is in use"}, {}, "", frozenset({kind}), frozenset({kind_of(Resources())}))
    seen = Seen("ada", 3, 1, 2, True, 1, 24000, 4, *asked)
    assert host.seen() == seen
    host.hear_room({"slots": 2, "taken": 0, "not_now": {}, "never": {as_json(wanted): "no"}, "closed": "full", **more})
    assert host.seen() == replace(seen, slots=2, taken=0, not_now={}, never={wanted: "no"}, closed="full")


def test_only_files_that_never_change_are_sent_in_pieces_to_the_end() -> None:
    """What was written anew in the meantime would be put together from two versions."""
    assert all(map(only_grows, ["log.txt", "metrics.jsonl", "wandb/run-1.wandb", "tb/events.out.tfevents.1"]))
    assert likely_grows("results.csv")
    assert not any(map(only_grows, ["results.csv", "model.pt", "sub/metrics.jsonl"]))


def test_a_host_that_is_asked_for_disturbs_nobody_who_goes_through_the_others() -> None:
    """One thread asks for it, another one calls them all, and ended for ever when the number of them changed meanwhile."""
    lines = Lines(cast("Listener", None))
    first, going_through = lines.host("ada"), iter(lines.hosts.values())
    second = lines.host("babbage")
    assert list(going_through) == [first]
    assert lines.host("ada") is first
    assert list(lines.hosts.values()) == [first, second]


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("exit 127", "log in to it and `pip install exp-queue`"),
        ("echo Host key verification failed. >&2; exit 255", "Host key verification failed"),
        ("exit 3", "ssh ended with exit status 3"),
    ],
)
def test_why_there_is_no_line_is_said_by_whoever_knows(monkeypatch: pytest.MonkeyPatch, client: str, expected: str) -> None:
    """ssh's own words are what people find when they look for them; where there is no exp-queue, ssh has nothing to say."""
    monkeypatch.setenv("EXP_QUEUE_SSH", f"sh -c {shlex.quote(client)}")
    line = Line("ada")
    said = line.last_words()
    assert expected in said
    assert not said.endswith("."), "more follows in the sentence that it is told in"
    line.close()


def test_an_order_says_of_which_kind_it_is() -> None:
    """The host says by that word what it has no room for, and knows no other for it."""
    wanted, uses, sent = Resources(gpus=1), [GpuUse("earlier", 1, "GPU-0", "A", peak=2_000, succeeded=True)], list[Sent]()
    clerk: Any = SimpleNamespace(send=sent.append)
    place = Place("ssh/ada/order", Host("ada"), clerk, job(1, resources=wanted), uses)
    place.start(Order("job/1", ["true"], "/", "/nowhere"), [])
    (start,) = sent[0].words("/home")
    assert (start["kind"], start["uses"]) == (kind_of(wanted, uses), as_objects(uses))
