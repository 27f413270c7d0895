"""A job that is forked from an interpreter with imports loaded finds everything as one that was begun from nothing."""

from __future__ import annotations

import gzip
import json
import py_compile
import sys
import zipapp
from pathlib import Path

import pytest

from scheduler.home import Home
from tests.contract.warm.scripts import DRAWN, IN_PROC, PROBE, SCRIPTS, UNCLOSED
from tests.contract.warm.warming import both_ways, ended, warm_slot, wish


def different(tmp_path: Path, home: Home, argv: list[str]) -> dict[str, object]:
    """What a job finds otherwise when it is forked."""
    changes = {"environment": {"TZ": "Asia/Tokyo", "ADDED": "it's", "LANG": None}}
    cold, warm = (flat(json.loads(text)) for _, text in both_ways(home, tmp_path, argv, **changes))
    assert cold["$ADDED"] == "it's"
    return {name: (cold.get(name), warm.get(name)) for name in {*cold, *warm} if cold.get(name) != warm.get(name)}


def flat(found: dict) -> dict:
    """With a name for each variable, without those that readline gives to the process of the tests behind Python's back."""
    environment = found.pop("environment")
    return found | {f"${name}": text for name, text in environment.items() if name not in ("LINES", "COLUMNS")}


def test_a_script_finds_its_process_and_its_interpreter_as_after_a_new_start(tmp_path: Path, home: Home) -> None:
    """Arguments, paths, variables, streams, signals, descriptors: whatever a program may depend on."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "probe.py").write_text(PROBE)
    assert different(tmp_path, home, [sys.executable, "-u", "-B", "folder/probe.py", "--lr", "0.1", "a b"]) == {}


def test_a_link_to_a_script_searches_where_the_script_lies(tmp_path: Path, home: Home) -> None:
    """As the interpreter does, so that the modules beside the script are found."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "probe.py").write_text(PROBE)
    (tmp_path / "link.py").symlink_to("real/probe.py")
    assert different(tmp_path, home, [sys.executable, "link.py"]) == {}


@pytest.mark.parametrize("way", [["-m", "probe"], ["-c", PROBE], ["-Icprint;" + PROBE]])
def test_a_module_and_code_find_theirs(tmp_path: Path, home: Home, way: list[str]) -> None:
    """`-m` and `-c` begin in ways of their own, and an isolated interpreter searches nothing of the user's."""
    (tmp_path / "probe.py").write_text(PROBE)
    assert different(tmp_path, home, [sys.executable, *way, "x"]) == {}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_ends_and_prints_as_after_a_new_start(tmp_path: Path, home: Home, name: str) -> None:
    """Status, traceback, what is done at the end: neither the log nor the record tells how it was begun."""
    (tmp_path / "script.py").write_bytes(SCRIPTS[name].encode("latin-1"))
    (cold, said_cold), (warm, said_warm) = both_ways(
        home, tmp_path, [sys.executable, "script.py"], ("multiprocessing.pool", "logging")
    )
    assert said_warm == said_cold
    assert {**warm, "duration": 0} == {**cold, "duration": 0}


@pytest.mark.parametrize("name", ["folder", "archive.pyz", "compiled.pyc"])
def test_what_is_no_text_is_begun_as_the_interpreter_begins_it(tmp_path: Path, home: Home, name: str) -> None:
    """A folder or an archive with a `__main__.py`, and compiled code: the first job ran, and those behind it failed."""
    main = tmp_path / "folder" / "__main__.py"
    main.parent.mkdir()
    main.write_text("import sys\nprint('hello', *sys.argv)\n")
    zipapp.create_archive(main.parent, tmp_path / "archive.pyz", interpreter="/usr/bin/env python3")
    py_compile.compile(str(main), str(tmp_path / "compiled.pyc"), doraise=True)
    cold, warm = both_ways(home, tmp_path, [sys.executable, name, "x"])
    assert (warm[0]["exit_status"], warm[1]) == (cold[0]["exit_status"], cold[1]) == (0, f"hello {name} x\n")


def test_a_program_behind_env_is_begun_as_env_begins_it(tmp_path: Path, home: Home) -> None:
    """That is how W&B's sweeps start theirs."""
    (tmp_path / "probe.py").write_text(PROBE)
    assert different(tmp_path, home, ["/usr/bin/env", sys.executable, "probe.py"]) == {}


def test_a_script_that_is_not_there_ends_as_after_a_new_start(tmp_path: Path, home: Home) -> None:
    """The words and the status are the interpreter's."""
    cold, warm = both_ways(home, tmp_path, [sys.executable, "nowhere.py"])
    assert (warm[0]["exit_status"], warm[1]) == (cold[0]["exit_status"], cold[1]) == (2, cold[1])


def test_what_nobody_has_closed_is_in_the_file_at_the_end(tmp_path: Path, home: Home) -> None:
    """A new interpreter writes it when it is taken apart; a lost last line would be a wrong result in silence."""
    (tmp_path / "script.py").write_text(UNCLOSED)
    argv = [sys.executable, "script.py"]
    with warm_slot(home, wish(argv, tmp_path)) as slot:
        _, said = ended(slot, tmp_path, argv)
    assert [(tmp_path / name).read_text() for name in "abd"] == ["text", "bytes", "in a cycle"]
    assert (gzip.decompress((tmp_path / "c").read_bytes()), said) == (b"zipped", "from C")


def test_two_jobs_draw_other_numbers_and_have_other_places(tmp_path: Path, home: Home) -> None:
    """A fork would go on with the state of its parent: every trial of a sweep would draw the same."""
    pytest.importorskip("numpy")
    (tmp_path / "script.py").write_text(DRAWN)
    argv, words = [sys.executable, "script.py"], []
    with warm_slot(home, wish(argv, tmp_path, ("numpy.random", "tempfile", "multiprocessing", "uuid", "secrets"))) as slot:
        for number in range(2):
            (tmp_path / f"tmp{number}").mkdir()
            _, text = ended(slot, tmp_path, argv, environment={"TMPDIR": str(tmp_path / f"tmp{number}")})
            (tmp_path / "attempt").rename(tmp_path / f"attempt-{number}")
            words.append(text.split())
    assert len(words[0]) == 7, words
    assert all(one != other for one, other in zip(*words, strict=True)), words


def test_proc_shows_the_command_and_the_environment_of_the_job(tmp_path: Path, home: Home) -> None:
    """`ps`, `nvidia-smi` and who looks for the holder of a claim read them."""
    (tmp_path / "script.py").write_text(IN_PROC)
    argv = [sys.executable, "script.py", "--lr=0.1"]
    with warm_slot(home, wish(argv, tmp_path)) as slot:
        _, text = ended(slot, tmp_path, argv, environment={"A": "b"})
    assert text.splitlines() == [" ".join(argv), "True"]
