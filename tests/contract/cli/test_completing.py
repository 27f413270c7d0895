"""What is offered for the beginning of a word, in the protocol in which a shell asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.cli.completing import VARIABLE, _as_bash_has_it
from scheduler.cli.main import COMMANDS, main
from scheduler.home import open_home
from scheduler.queue import trials as records
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.queue.trials import SweepRecord

FILE = "experiment_group: Line CNN\ncommand: ['true', '${args}']\ngrid: {lr: [0.1, 0.01], net: [{width: 3}]}\n"
SWEEP = "method: random\nmetric: {name: loss}\ncommand: ['true', '${args}']\nparameters: {lr: {min: 0.0, max: 1.0}}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiments) -> Path:
    """A directory with files, and a queue with two jobs, one of which has a tag."""
    root, directory = tmp_path / "state", tmp_path / "here"
    (directory / "more").mkdir(parents=True)
    (directory / "e.yaml").write_text(FILE, encoding="utf-8")
    (directory / "more" / "f.json").write_text("{}", encoding="utf-8")
    (directory / "notes.txt").touch()
    (directory / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    with Store(open_home(root)) as store:
        submit(store, experiments(FILE), str(directory), file="e.yaml")
        with store.change() as change:
            records.add_sweep(change, SweepRecord("5a" * 16, "a", str(directory / "s.yaml"), 1, "{}", 1.0))
            server = json.dumps({"server": {"address": "me/digits/k3v0x1ab"}})
            records.add_sweep(change, SweepRecord("5e" + "4e" * 15, "b", "me/digits/k3v0x1ab", 2, server, 2.0))
            change.connection.execute("UPDATE job SET tags = 'base', renamed = 'first-try' WHERE number = 1")
            change.connection.execute("UPDATE job SET renamed = 'other-try' WHERE number = 2")
    monkeypatch.setenv("EXP_QUEUE_HOME", str(root))
    monkeypatch.chdir(directory)
    return directory


def offered(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str | None = None) -> list[str]:
    """The words that bash gets; `word`: what it takes for the present one."""
    monkeypatch.setenv(VARIABLE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CUR", line.rpartition(" ")[2] if word is None else word)
    with pytest.raises(SystemExit) as left:
        main([])
    out, error = capsys.readouterr()
    assert (left.value.code, error) == (0, "")
    return [answer.partition(",")[2] for answer in out.splitlines()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("exp-queue stat", ["status"]),
        ("exp-queue help show", ["show"]),
        ("exp-queue status --lim", ["--limit"]),
        ("exp-queue status --format j", ["json"]),
        ("exp-queue status que", ["queued"]),
        ("exp-queue status first", ["first-try"]),
        ("exp-queue ls que", ["queued"]),
        ("exp-queue cancel tag:", ["tag:base"]),
        ("exp-queue show group", ["group:Line\\ CNN"]),
        ("exp-queue logs 1", ["1"]),
        ("exp-queue move first-try fi", ["first", "first-try"]),
        ("exp-queue submit e.yaml --after la", ["last"]),
        ("exp-queue run ", ["e.yaml", "more/", "sweep.yaml"]),
        ("exp-queue check more/", ["more/f.json"]),
        ("exp-queue run e.yaml ", ["lr=", "net.width="]),
        ("exp-queue run e.yaml -j 2 lr=0.1 net", ["net.width="]),
        ("exp-queue run missing.yaml l", []),
        ("exp-queue sweep --method ra", ["random"]),
        ("exp-queue sweep l", ["lr="]),
        ("exp-queue sweep sweep.yaml ", ["lr="]),
        ("exp-queue sweep m", ["more/", "me/digits/k3v0x1ab"]),
        ("exp-queue trials ", ["last", "me/digits/k3v0x1ab", "s.yaml", "5e4e4e4e", "5a5a5a5a"]),
        ("exp-queue trials 5", ["5e4e4e4e", "5a5a5a5a"]),
        ("exp-queue sweep --from me", ["me/digits/k3v0x1ab"]),
        ("exp-queue no-such-command x", []),
        ("exp-queue kill x", []),
        ("exp-queue completion z", ["zsh"]),
    ],
)
def test_the_words_that_may_be_meant_are_offered(
    here: Path, line: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, options and their choices, jobs by whatever names them, files, and what a file says."""
    found = offered(line, monkeypatch, capsys)
    assert [word for word in found if not (line.endswith(" 1") and len(word) > 1)] == words


@pytest.mark.parametrize(
    ("line", "word", "words"),
    [
        ("exp-queue run e.yaml lr=", "=", ["0.1", "0.01"]),
        ("exp-queue run e.yaml lr=0.0", "0.0", ["0.01"]),
        ("exp-queue status group:", ":", ["Line\\ CNN"]),
        ("exp-queue status 'group:Li", "'group:Li", ["group:Line CNN"]),
        ("exp-queue status group:Line\\ C", "Line\\ C", ["Line\\ CNN"]),
        ("exp-queue status --format=js", "js", ["json"]),
    ],
)
def test_bash_gets_what_stands_behind_its_own_borders_of_words(
    here: Path, line: str, word: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It breaks words at `:` and `=`, and `lr=lr=0.1` is no change of anything."""
    assert offered(line, monkeypatch, capsys, word) == words


def test_every_command_is_offered_without_being_imported(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first Tab of all must not load the whole program."""
    assert offered("exp-queue ", monkeypatch, capsys) == list(COMMANDS)


def test_an_empty_line_offers_words_groups_tags_and_names_but_no_ids(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids are offered once somebody has begun one: nobody chooses among them."""
    found = offered("exp-queue status ", monkeypatch, capsys)
    assert found[:6] == ["last", "all", "paused", "queued", "group:Line\\ CNN", "tag:base"]
    assert "first-try" in found
    with Store(open_home(here.parent / "state")) as store:
        short = store.jobs()[0].short_id
    assert short not in found
    assert short in offered(f"exp-queue status {short[:3]}", monkeypatch, capsys)


def test_without_a_queue_nothing_is_offered_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Tab only looks."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "none"))
    assert offered("exp-queue status l", monkeypatch, capsys) == []
    assert not (tmp_path / "none").exists()


def test_a_name_with_control_characters_is_not_offered(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group may be called anything, and a shell shows what it is offered."""
    with Store(open_home(here.parent / "state")) as store, store.change() as change:
        change.connection.execute("UPDATE job SET group_name = ? WHERE number = 2", ("bad\x1b[2J\nplain,evil",))
    found = offered("exp-queue status group:", monkeypatch, capsys, ":")
    assert found == ["Line\\ CNN"]


def test_the_part_of_a_word_that_bash_replaces_is_quoted_where_no_quote_is_open() -> None:
    """Whatever a group is called, the completed line names it."""
    assert _as_bash_has_it("group:a$(x)&", "exp-queue status group:a", "a") == "a\\$\\(x\\)\\&"
    assert _as_bash_has_it("group:a b", 'exp-queue status "group:a', '"group:a') == "group:a b"
