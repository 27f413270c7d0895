"""What is said of a program that is not there, and where nothing is said since nobody can know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.experiments.command.command import Launch, Slot, Text
from scheduler.experiments.command.missing import missing
from scheduler.experiments.command_list import read_commands

PROGRAMS = ("python", "sh", "bash", "env", "node", "nice", "torchrun", "uv", "train-all")
FILES = ("train.py", "run.sh", "serve.js", "app/__main__.py", "pkg/__init__.py", "pkg/train.py", "pkg/sub/__init__.py")
ARGS = Slot("args")
UNLESS = "its jobs fail, unless something makes it before"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is said of these commands in a folder with FILES, where PROGRAMS and no others lie on the PATH; HERE is the folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)
    for name in (*FILES, "pkg/sub/__main__.py", "recognizer/__init__.py", "tool", *(f"bin/{each}" for each in PROGRAMS)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755 if "bin/" in name or name == "tool" else 0o644)

    def told(*launches: Launch) -> list[str]:
        return [str(each).replace(str(tmp_path), "HERE") for each in missing(launches)]

    return told


MISSING: dict[Launch, str] = {
    ("python", "trian.py", ARGS): 'a program is not there: no file trian.py in HERE; did you mean "train.py"?',
    ("python", "-u", "./pgk/train.py"): 'a program is not there: no file ./pgk/train.py in HERE; did you mean "./pkg/train.py"?',
    ("/bin/env", "A=1", "python", "trian.py"): 'a program is not there: no file trian.py in HERE; did you mean "train.py"?',
    ("nice", "-n", "5", "python", "trian.py"): 'a program is not there: no file trian.py in HERE; did you mean "train.py"?',
    ("torchrun", "--nproc_per_node=2", "trian.py"): 'a program is not there: no file trian.py in HERE; did you mean "train.py"?',
    ("bash", "made_later.xyz"): f"a program is not there: no file made_later.xyz in HERE; {UNLESS}",
    ("python", "/no/such/place/x.py"): f"a program is not there: no file /no/such/place/x.py; {UNLESS}",
    ("pyhton", "train.py"): 'a program is not there: no program pyhton on the PATH; did you mean "python"?',
    ("env", "pyhton", "train.py"): 'a program is not there: no program pyhton on the PATH; did you mean "python"?',
    ("train.py", ARGS): (
        'a program is not there: no program train.py on the PATH; it lies in HERE, where it is started as "./train.py"'
    ),
    ("./tol",): 'a program is not there: no file ./tol in HERE; did you mean "./tool"?',
    ("./run.sh",): "./run.sh in HERE may not be executed; chmod +x ./run.sh allows it, or name what runs it before it",
    ("python", "-m", "pkg.trian"): 'a program is not there: no module pkg.trian in HERE; did you mean "pkg.train"?',
    ("python", "-m", "pkg.sbu.x"): 'a program is not there: no module pkg.sbu.x in HERE; did you mean "pkg.sub.x"?',
    ("python", "-m", "pkg"): (
        "a program is not there: no module pkg.__main__ in HERE; pkg is a package, and has nothing that -m could run"
    ),
    ("python", "-m", "recogniser.train"): (
        'a program is not there: no module recogniser.train in HERE; did you mean "recognizer.train"? '
        "(unless one of that name is installed)"
    ),
}


@pytest.mark.parametrize(("launch", "expected"), MISSING.items(), ids=lambda each: " ".join(map(str, each[:3])))
def test_what_is_not_there_is_named_with_where_it_was_looked_for_and_what_is_near(
    said: Callable[..., list[str]], launch: Launch, expected: str
) -> None:
    """Before the night, and not after it: all jobs of a file with a slip in its program end at once."""
    assert said(launch) == [expected]


SILENT: list[Launch] = [
    ("python", "train.py", "trian.py"),
    ("python", "-W", "ignore", "train.py"),
    ("python", ARGS, "trian.py"),
    ("python", "app"),
    ("python", "-c", "import trian", "trian.py"),
    ("python", "-m", "pkg.train"),
    ("python", "-m", "pkg.sub"),
    ("python", "-m", "json.tool"),
    ("python", "-m", "installed.somewhere"),
    ("python", "-m", "app.anything"),  # a folder without __init__.py may be one of several
    ("python", "-I", "-m", "pkg.trian"),  # the working directory is not looked at
    ("bash", "run.sh"),
    ("bash", "train-all"),  # a shell looks on the PATH as well
    ("bash", "-lc", "trian.py"),
    ("node", "serve"),
    ("./tool", "trian.py"),
    ("train-all", "trian.py"),
    ("env", "-i", "pyhton"),
    ("env", "PATH=/else/where", "pyhton"),
    ("uv", "--directory", "sub", "run", "trian.py"),
    (Text(("models/", ARGS)),),
    (ARGS,),
    ("python", "my trian.py"),  # of words that were to be several, whoever reads a sweep file says so
]


@pytest.mark.parametrize("launch", SILENT, ids=lambda each: " ".join(map(str, each))[:40])
def test_of_what_is_there_and_of_what_nobody_can_know_nothing_is_said(said: Callable[..., list[str]], launch: Launch) -> None:
    """A warning that is often wrong is not read the day it is right."""
    assert said(launch) == []


TRIAN = ['a program is not there: no file trian.py in HERE; did you mean "train.py"?']
LINES = {
    "python trian.py --lr=1 > log 2>&1": TRIAN,
    "A=1 B=2 python trian.py": TRIAN,
    "exec python trian.py | tee log": TRIAN,
    "python trian.py; echo done": TRIAN,
    "python trian.py>log": TRIAN,
    "pyhton train.py": ['a program is not there: no program pyhton on the PATH; did you mean "python"?'],
    "python train.py --name='a b' && python trian.py": [],  # what comes first may make what comes next
    "cd sub && python trian.py": [],
    ". venv/activate; python trian.py": [],
    "PATH=/else/where pyhton trian.py": [],
    "$PYTHON trian.py": [],
    "~/bin/python trian.py": [],
    "'my python' trian.py": [],
    "python $FLAGS trian.py": [],
    "for x in 1 2; do python trian.py; done": [],
    "(cd sub; python trian.py)": [],
    "f() { pyhton; }; f": [],
    "# pyhton": [],
    "A=1": [],
    "time -p pyhton": [],
}


@pytest.mark.parametrize(("line", "expected"), LINES.items())
def test_of_a_line_for_a_shell_the_first_command_is_looked_at(
    said: Callable[..., list[str]], line: str, expected: list[str]
) -> None:
    """The shell itself is not asked: to know what a line does, it would have to do it."""
    assert said(("sh", "-c", line)) == expected


def test_a_function_that_the_environment_hands_to_shells_is_no_missing_program(
    said: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ml load cuda`, or `module load cuda`, begins many lines on machines of universities."""
    line = ("bash", "-c", "ml load cuda && python train.py")
    assert said(line) == [f"a program is not there: no program ml on the PATH; {UNLESS}"]
    monkeypatch.setenv("BASH_FUNC_ml%%", "() { :; }")
    assert said(line) == []


def test_a_line_with_arguments_is_known_up_to_these(said: Callable[..., list[str]]) -> None:
    """A word whose end is filled in later is no name yet."""
    assert said(("sh", "-c", Text(("python trian.py ", ARGS, " | tee log"), quoted=True))) == TRIAN
    assert said(("sh", "-c", Text(("python trian_", ARGS, ".py"), quoted=True))) == []
    assert said(("sh", "-c", Text((ARGS,), quoted=True))) == []


def test_each_is_said_once_however_many_jobs_start_it(said: Callable[..., list[str]]) -> None:
    """A list of a thousand lines has one program, and one warning."""
    listed = read_commands([f"python trian.py --seed {seed}" for seed in range(1000)] + ["./tol"])
    assert said(*listed.launches) == [*TRIAN, 'a program is not there: no file ./tol in HERE; did you mean "./tool"?']


def test_a_module_of_another_folder_that_is_searched_is_there(
    said: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHONPATH is looked at, before a name that is merely like it is proposed."""
    (tmp_path / "more" / "recogniser").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "more"))
    assert said(("python", "-m", "recogniser.train")) == []
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    assert said(("python", "-m", "pkg.trian")) == []
