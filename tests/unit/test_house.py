"""The rules of the house that a machine can check: who imports whom, what the command loads, what is packaged."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.conftest import ROOT
from tests.imports import circles, graph, imports, modules

# Lowest first. An import may point to the same room or to a lower floor.
FLOORS = [
    {"errors", "goals", "shortage", "terminal", "values"},
    {"linux"},
    {"attempt_files", "failpoints", "home"},
    {"experiments"},
    {"gpus"},
    {"tracking"},
    {"wandb", "swanlab"},
    {"launcher"},
    {"warm", "pacing"},
    {"queue"},
    {"slurm", "ssh"},
    {"runner"},
    {"notify"},
    {"sweeps"},
    {"wandb_agent"},
    {"actions"},
    {"hosted"},
    {"report"},
    {"top", "web"},
    {"wandb_server", "mcp_server"},
    {"cli", "api", "__main__"},
    {"hydra_launcher"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# All that the workload may know of the scheduler.
DOORS = ("scheduler.tracking", "scheduler.gpus.lone")
HEAVY = ("torch", "torchvision", "optuna", "wandb", "numpy", "omegaconf", "yaml", "sqlite3", "pynvml", "rich", "textual")

VIEW = ("rich", "textual", "scheduler.top", "scheduler.report.live", "scheduler.report.painter", "scheduler.report.job_cells")
PLUGIN = "hydra_plugins.exp_queue_launcher"  # in a namespace of Hydra's, which has no `__init__`
OURS = modules(ROOT, "scheduler", "text_recognizer")
READERS = ("scheduler.experiments.experiment_file", "scheduler.tracking.readers.follower", "scheduler.tracking.opening")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@cache
def names_in(path: Path) -> list[str]:
    return list(imports(path.read_text(encoding="utf-8")))


def room(name: str) -> str:
    return name.split(".")[1]


def upward(here: str, there: str) -> bool:
    """Whether a module of the scheduler imports a name from a higher floor."""
    return there.startswith("scheduler.") and FLOOR.get(room(there), -1) > FLOOR[room(here)]


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("scheduler.")])
def test_imports_point_down_and_never_to_the_workload(name: str) -> None:
    """A decision that imports an effect, or a queue that knows its jobs, is the beginning of a tangle."""
    names = names_in(OURS[name])
    assert [each for each in names if upward(name, each)] == []
    assert [each for each in names if each.split(".")[0] in ("text_recognizer", "torch", "torchvision", "tests")] == []


def test_the_check_of_imports_sees_an_import_that_points_up() -> None:
    """A checker is trusted after it has caught a planted bug."""
    assert upward("scheduler.runner.plan", "scheduler.report.tables")
    assert upward("scheduler.errors", "scheduler.experiments")
    assert not upward("scheduler.runner.plan", "scheduler.gpus.admission")
    assert not upward("scheduler.cli.run", "scheduler.report.tables")


def asks_the_root(source: str) -> list[int]:
    """The lines that look for something in the package `scheduler` itself, by that name, when they are run."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Import) and any(each.name.split(".")[0] == "scheduler" for each in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "scheduler" and [n.name for n in node.names] != ["__version__"])
    ]


@pytest.mark.parametrize("path", sources("scheduler"), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_asks_for_the_package_by_its_name(path: Path) -> None:
    """People have a scheduler.py of their own. Beside it `import exp_queue` works, and then the name `scheduler` is theirs: a
    module of ours may ask for `scheduler.home`, which stays ours, but not for `home` in `scheduler`."""
    assert asks_the_root(path.read_text(encoding="utf-8")) == []


def test_the_check_of_the_name_sees_every_way_to_ask_for_it() -> None:
    """A checker is trusted after it has caught a planted bug."""
    assert asks_the_root("import scheduler") == [1]
    assert asks_the_root("def f():\n    import scheduler.home as home") == [2]
    assert asks_the_root("from scheduler import home") == [1]
    assert asks_the_root("from scheduler.home import Home\nfrom scheduler import __version__") == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Two modules in a circle are one, cut where nobody can think about half of it."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in OURS.items()}
    assert circles(graph(texts)) == []


def test_the_check_of_circles_sees_them_also_where_a_module_is_named_in_a_text() -> None:
    """What is loaded by its name when used is imported all the same; what a docstring mentions is not."""
    texts = {
        "scheduler": "from scheduler.a import one",
        "scheduler.a": "def f():\n    from scheduler import b\n",
        "scheduler.b": "import scheduler.c\n",
        "scheduler.c": 'LATER = "scheduler.a:one"\n',
        "scheduler.d": '"""scheduler.e"""\nfrom scheduler.c import LATER\n',
        "scheduler.e": "from scheduler.d import LATER\n",
    }
    assert circles(graph(texts)) == [["scheduler.a", "scheduler.b", "scheduler.c"]]
    assert circles(graph({**texts, "scheduler.b": ""})) == []


def test_every_room_has_a_floor() -> None:
    """A new folder must say where it stands."""
    rooms = {path.name for path in (ROOT / "scheduler").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms <= set(FLOOR)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda p: p.name)
def test_the_benchmarks_import_modules_that_are_there(path: Path) -> None:
    """Tests run few of them; whoever moves a module hears of it here."""
    ours = [name for name in names_in(path) if name.split(".")[0] in ("scheduler", "text_recognizer")]
    assert [name for name in ours if name not in OURS and name.rpartition(".")[0] not in OURS] == []


@pytest.mark.parametrize("path", sources("text_recognizer"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_workload_knows_only_the_claim_and_the_metric_log(path: Path) -> None:
    """The boundary between queue and job is the process: arguments in, metric log and exit status out."""
    ours = [name for name in names_in(path) if name.startswith("scheduler.")]
    assert [name for name in ours if not name.startswith(DOORS)] == []


def test_help_loads_nothing_heavy() -> None:
    """`--help` under 150 ms, and nobody pays for torch who does not train."""
    code = "import sys; from scheduler.cli.main import commands; commands.main(['--help'], standalone_mode=False); " + (
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


@pytest.mark.parametrize("arguments", [["status"], ["prepare", "experiments/sample.json"]])
def test_commands_that_do_not_train_never_load_torch_optuna_or_wandb(tmp_path: Path, arguments: list[str]) -> None:
    """`import torch` takes seconds."""
    code = f"import sys; from scheduler.cli.main import _status; _status({arguments!r}); " + (
        "print([m for m in ('torch', 'optuna', 'wandb', 'numpy') if m in sys.modules], file=sys.stderr)"
    )
    environment = {"EXP_QUEUE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60)
    assert result.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["status", "compare"])
def test_whoever_looks_at_a_queue_loads_no_readers_of_files_or_logs(tmp_path: Path, command: str) -> None:
    """What is typed most often answers at once: a third of its time went into modules of which it used nothing."""
    code = f"import sys; from scheduler.cli.main import _status; _status([{command!r}]); " + (
        f"print([m for m in {READERS!r} if m in sys.modules], file=sys.stderr)"
    )
    environment = {"EXP_QUEUE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60)
    assert result.stderr.splitlines()[-1] == "[]"


def test_a_run_without_a_terminal_loads_nothing_of_the_live_view(tmp_path: Path) -> None:
    """Most long runs write to a file: what draws on a terminal would cost them time and memory."""
    (tmp_path / "jobs.yaml").write_text("command: ['true', '${args}']\ngrid: {x: [1]}\nresources: {gpus: 0}\n")
    run = f"sys.path.insert(0, {str(ROOT)!r}); from scheduler.cli.main import _status; _status(['run', 'jobs.yaml'])"
    code = f"import sys; {run}; print([m for m in {VIEW!r} if m in sys.modules])"
    environment = {"EXP_QUEUE_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "TERM": "xterm"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=60)
    assert " done " in result.stdout, result.stderr
    assert result.stdout.splitlines()[-1] == "[]"


def test_every_folder_of_modules_is_found_for_installation() -> None:
    """A package without its `__init__` is there in a checkout, and missing from `pip install .` alone."""
    listed = configparser.ConfigParser()
    listed.read(ROOT / "setup.cfg")
    assert listed["options"]["packages"] == "find_namespace:"
    names = ["scheduler*", "text_recognizer*", "exp_queue", PLUGIN.partition(".")[0], PLUGIN]
    assert listed["options.packages.find"]["include"].split() == names
    folders = {path.parent for package in ("scheduler", "text_recognizer") for path in sources(package)}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_command_is_found_and_explains_itself() -> None:
    """A name in the table of commands that leads nowhere would be found only when used."""
    from click import Context, Option

    from scheduler.cli.main import COMMANDS, commands

    for name in COMMANDS:
        command = commands.get_command(Context(commands), name)
        assert command is not None
        assert command.help
        options = [each for each in command.params if isinstance(each, Option)]
        assert all(option.help for option in options), f"an option of {name} has no help"


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*")), ids=lambda p: p.name)
def test_every_file_in_experiments_can_be_read(path: Path) -> None:
    """Files that users run are parsed by a test."""
    from scheduler.experiments import read

    assert list(read(str(path)).experiments())


def test_no_property_test_has_a_time_limit_per_case() -> None:
    """Hypothesis allows 200 ms unless told otherwise; a case that starts a process takes longer on a busy machine."""
    assert settings.default is not None
    assert settings.default.deadline is None
