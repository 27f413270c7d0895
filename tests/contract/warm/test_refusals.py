"""Where a forked job would not be the same as a new one, it begins from nothing, in the same launcher."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.warm.client import Mother, Ready, Refused
from tests.contract.warm.warming import ended, warm_slot, wish

FORKED = """
import os, sys
print(b"launcher of" in open(f"/proc/{os.getppid()}/cmdline", "rb").read() and "kept" in sys.modules)
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of installed packages with the module `kept`."""
    found = tmp_path / "venv" / "site-packages"
    found.mkdir(parents=True)
    (found / "kept.py").write_text("")
    os.utime(found, ns=(1, 1))
    (tmp_path / "script.py").write_text(FORKED)
    return found


@pytest.fixture
def forked(packages: Path, tmp_path: Path, home: Home) -> Iterator:
    """Whether a job of the script is forked now."""
    argv = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    with warm_slot(home, wish(argv, tmp_path, ("kept",), environment)) as slot:
        count = iter(range(100))

        def asked(argv: list[str] = argv, **changes: str) -> str:
            end, text = ended(slot, tmp_path, argv, **changes)
            (tmp_path / "attempt").rename(tmp_path / f"attempt-{next(count)}")
            assert end["state"] == "done", text
            return text.strip()

        yield asked


def test_what_was_installed_meanwhile_is_what_a_job_finds(forked, packages: Path) -> None:
    """Nobody expects of a job that begins now the packages of an hour ago."""
    assert forked() == "True"
    (packages / "another.py").write_text("")
    assert forked() == "False"


def test_a_module_beside_the_program_that_hides_one_that_is_loaded_counts(forked, tmp_path: Path) -> None:
    """A new interpreter would load that one."""
    assert forked() == "True"
    (tmp_path / "kept.py").write_text("")
    assert forked() == "False"
    (tmp_path / "kept.py").unlink()
    assert forked() == "True"
    (tmp_path / "kept").mkdir()  # no package: the installed module stands before it
    assert forked() == "True"
    (tmp_path / "kept" / "__init__.py").write_text("")
    assert forked() == "False"


def test_other_programs_begin_from_nothing_with_the_environment_of_the_runner(forked, tmp_path: Path) -> None:
    """The variables of the interpreter that is kept are those of one program."""
    assert forked(["sh", "-c", "echo ${PYTHONPATH:-none}"]) == os.environ.get("PYTHONPATH", "none")
    assert forked([sys.executable, "-X", "utf8", "script.py"]) == "False"
    assert forked(warm="another interpreter") == "False"


def state(mother: Mother) -> Ready | Refused | None:
    while mother.state is None and mother.hear():
        pass
    mother.close()
    return mother.state


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True, name='pump').start()", "(pump)"),
        ("import _thread, time\n_thread.start_new_thread(time.sleep, (60,))", "a thread has been started"),
        ("import os, sys\nsys.path.insert(0, os.environ['BESIDE'])\nimport mine", "may be edited"),
        ("import os\nos._exit(4)", "exit status 4"),
    ],
)
def test_an_interpreter_that_must_not_be_forked_says_why(packages: Path, tmp_path: Path, text: str, why: str) -> None:
    """A thread would be lost, and a module that a person edits would be old."""
    (packages / "kept.py").write_text(text)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "mine.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(packages), "BESIDE": str(tmp_path / "beside")}
    found = state(Mother(wish([sys.executable, "script.py"], tmp_path, ("kept",), environment), os.environ))
    assert isinstance(found, Refused)
    assert why in found.why


def test_a_module_that_cannot_be_imported_is_no_reason_to_refuse(packages: Path, tmp_path: Path) -> None:
    """The program may have a way to do without it; if not, its job says so."""
    (packages / "broken.py").write_text("1 / 0")
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    found = state(Mother(wish([sys.executable, "script.py"], tmp_path, ("broken", "absent", "kept"), environment), os.environ))
    assert isinstance(found, Ready)
    assert found.modules == ("kept",)


def test_what_imports_have_opened_stays_open_in_the_jobs(packages: Path, tmp_path: Path, home: Home) -> None:
    """A library that holds a file from its import on goes on reading it."""
    (tmp_path / "data").write_text("held")
    (packages / "kept.py").write_text(f"file = open({str(tmp_path / 'data')!r})")
    (tmp_path / "script.py").write_text("import kept\nprint(kept.file.read())")
    argv, environment = [sys.executable, "script.py"], {**os.environ, "PYTHONPATH": str(packages)}
    with warm_slot(home, wish(argv, tmp_path, ("kept",), environment)) as slot:
        assert ended(slot, tmp_path, argv)[1] == "held\n"


def test_a_job_has_its_own_folder_for_temporary_files(packages: Path, tmp_path: Path, home: Home) -> None:
    """An import that has asked for one has settled it for its own process alone."""
    (packages / "kept.py").write_text("import tempfile\ntempfile.gettempdir()")
    (tmp_path / "script.py").write_text("import kept, tempfile\nprint(tempfile.gettempdir())")
    (tmp_path / "own").mkdir()
    argv, environment = [sys.executable, "script.py"], {**os.environ, "PYTHONPATH": str(packages)}
    with warm_slot(home, wish(argv, tmp_path, ("kept",), environment)) as slot:
        assert ended(slot, tmp_path, argv, environment={"TMPDIR": str(tmp_path / "own")})[1] == f"{tmp_path / 'own'}\n"


def test_what_an_import_has_made_for_itself_outlives_the_first_job(packages: Path, tmp_path: Path, home: Home) -> None:
    """All jobs share it: the end of one must not remove it for the others."""
    (packages / "kept.py").write_text("import tempfile\nfolder = tempfile.TemporaryDirectory()")
    (tmp_path / "script.py").write_text("import kept, os\nprint(os.path.isdir(kept.folder.name))")
    argv, environment = [sys.executable, "script.py"], {**os.environ, "PYTHONPATH": str(packages), "TMPDIR": str(tmp_path)}
    with warm_slot(home, wish(argv, tmp_path, ("kept",), environment)) as slot:
        for number in range(2):
            assert ended(slot, tmp_path, argv)[1] == "True\n"
            (tmp_path / "attempt").rename(tmp_path / f"attempt-{number}")


def test_an_interpreter_that_begins_with_a_thread_is_not_forked(packages: Path, tmp_path: Path) -> None:
    """Also where nothing is to be imported: what starts with every interpreter would be lost in a fork."""
    (packages / "sitecustomize.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True, name='pump').start()"
    )
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    found = state(Mother(wish([sys.executable, "script.py"], tmp_path, (), environment), os.environ))
    assert isinstance(found, Refused)
    assert "(pump)" in found.why
