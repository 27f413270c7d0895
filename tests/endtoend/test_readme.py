"""The README's commands and its example file, run as they stand; long ones in a short form."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, CommandLine, gnu_parallel, user_environment
from tests.forked import run_to_its_end

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
CHECKS = """
import json, sys
config = json.loads(sys.argv[2])
assert sys.argv[1] == "--gpu=-1" and config["experiment_group"] == "Learning rates" and config["epochs"] == 10
"""
SWEEP = """
method: random
command: [sh, -c, "echo loss: 1", "${args}"]
metric: {name: loss}
parameters: {lr: {min: 0.0, max: 1.0}}
"""
LASTING = ("ui",)  # until a Ctrl-C: see tests/endtoend/cli/test_ui.py
SHORT = ["dataset_args.train_size=48", "dataset_args.val_size=16", "dataset_args.test_size=16", "train_args.epochs=1"]


def example() -> str:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.S)
    return text


def commands(program: str) -> list[list[str]]:
    """Every indented command line of the README that begins with `program`, without its comment."""
    lines = re.findall(rf"^    ({program} .*|{program})$", README, re.M)
    return [shlex.split(line.split("   ")[0], comments=True) for line in lines if not line.startswith(f"{program}:")]


def example_program() -> str:
    (text,) = re.findall(r"```python\n(.*?)```", README, re.S)
    return text


def write_example(line: CommandLine) -> None:
    line.write("mine.yaml", example())
    line.write("train.py", CHECKS + example_program())
    line.write("sweep.yaml", SWEEP)
    line.write("jobs.txt", "python train.py --gpu=-1 '{}' || echo $?\n")


@pytest.fixture
def with_example(command_line: CommandLine) -> CommandLine:
    write_example(command_line)
    return command_line


@pytest.fixture(scope="module")
def as_left(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Path]:
    """A queue in which the example has run and one experiment has failed, and a copy of all its files."""
    place = tmp_path_factory.mktemp("readme") / "place"
    (place / "work").mkdir(parents=True)
    line = CommandLine(place / "work", user_environment(EXP_QUEUE_HOME=str(place / "home"), CUDA_VISIBLE_DEVICES="-1"))
    write_example(line)
    line("run", "mine.yaml", "lr=0.5", "layers=1")
    line.write("bad.yaml", "command: [python, -c, 'raise SystemExit(1)', '${args}']\nbase: {}\n")
    line("run", "bad.yaml")
    shutil.copytree(place, place.with_name("copy"), symlinks=True)
    return line, place


@pytest.fixture
def with_jobs(as_left: tuple[CommandLine, Path], tmp_path: Path) -> Iterator[CommandLine]:
    """That queue, as it was: in its own place, for it holds paths. What a test before has left there is put aside."""
    line, place = as_left
    place.rename(tmp_path / "before")
    shutil.copytree(place.with_name("copy"), place, symlinks=True)
    yield line
    line("cancel", "queued", "starting", "running", "stopping")


def test_the_example_file_gives_the_line_that_the_readme_shows(with_example: CommandLine) -> None:
    """The first thing that people copy."""
    (shown,) = re.findall(r"runs `(python train.py .*?)`\n", README)
    first, *others = with_example("prepare", "mine.yaml").stdout.splitlines()
    assert shlex.split(first)[1:] == shlex.split(shown)[1:]
    assert len(others) == 3


@pytest.mark.parametrize("command", [each for each in commands("exp-queue") if each[1] not in LASTING], ids=" ".join)
def test_the_commands_of_the_readme_work(with_jobs: CommandLine, command: list[str]) -> None:
    """Each on a queue in which the example has run and one experiment has failed; a pipe needs GNU parallel."""
    if "parallel" in command and not gnu_parallel():
        pytest.skip("GNU parallel is not installed")
    result = (
        piped(command, with_jobs) if "|" in command else run_to_its_end(command[1:], with_jobs.directory, with_jobs.environment)
    )
    assert result.returncode == (1 if "retry" in command else 0), result.stderr


def piped(command: list[str], line: CommandLine) -> subprocess.CompletedProcess[str]:
    """By a shell, which knows what a pipe is."""
    words = shlex.join(command).replace("'|'", "|").replace("exp-queue", f"{sys.executable} -m scheduler.cli.main")
    return subprocess.run(
        ["/bin/sh", "-c", words], cwd=line.directory, env=line.environment, capture_output=True, text=True, timeout=60
    )


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("https://")]


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_every_link_of_the_readme_leads_somewhere(text: str) -> None:
    """A dead link on the first page is the end of trust."""
    assert links(text)
    assert [link for link in links(text) if not (ROOT / link).exists()] == []


def typed(text: str) -> list[str]:
    """All that is to be typed, or is shown as printed: indented lines and blocks, without what a comment says of them."""
    blocks = re.findall(r"```.*?```", text, re.S)
    return [line.split("  #")[0].rstrip() for line in re.findall(r"^    .+$", text, re.M)] + blocks


def test_the_chinese_readme_says_what_the_english_one_says() -> None:
    """The same commands, files, output, links and rows of the table: a translation that has fallen behind misleads."""
    assert typed(CHINESE) == typed(README)
    assert sorted({*links(CHINESE), "README.zh-CN.md"}) == sorted({*links(README), "README.md"})
    for kind in (r"^## ", r"^- \[", r"^\|"):
        assert len(re.findall(kind, CHINESE, re.M)) == len(re.findall(kind, README, re.M)), kind
    (shown,) = re.findall(r"`(python train.py --gpu=-1 .*?)`", CHINESE)
    assert f"`{shown}`" in README


@pytest.fixture
def trainings(command_line: CommandLine) -> CommandLine:
    """For real trainings, as small as they are: with the share of threads that a machine of many cores gives them they would
    only get into one another's way."""
    if not (ROOT / ".venv" / ".installed-all").exists():
        pytest.skip("the checkout's own .venv was not made by tasks/test_functionality.sh, and making it would download PyTorch")
    command_line.environment["OMP_NUM_THREADS"] = "1"
    return command_line


@pytest.mark.timeout(600)
def test_the_sample_script_trains_all_four_and_shows_a_table(trainings: CommandLine) -> None:
    """The README's first command, with little data: real training, two at a time, through the queue."""
    script = str(ROOT / "tasks" / "run_sample_experiments.sh")
    result = subprocess.run(
        [script, *SHORT], cwd=trainings.directory, env=trainings.environment, capture_output=True, text=True, timeout=500
    )
    assert result.returncode == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.split()[:6] == ["id", "state", "group", "experiment", "test_accuracy", "test_cer"]
    assert len(rows) == 4
    assert "4 jobs: 4 done" in result.stderr


@pytest.mark.timeout(600)
def test_the_sample_sweep_tries_three_points_and_names_the_best(trainings: CommandLine) -> None:
    """The second thing to try, with little data, from a shell that has not activated the environment."""
    bare = {**trainings.environment, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    script = str(ROOT / "tasks" / "run_sample_sweep.sh")
    short = ["train_size=96", "val_size=16", "test_size=16", "epochs=2"]
    result = subprocess.run(
        [script, "--count", "3", *short],
        cwd=trainings.directory,
        env=bare,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 4
    assert "best: trial" in result.stderr
    assert "best.pt" in result.stderr


@pytest.mark.timeout(600)
def test_the_samples_lines_run_in_a_shell_that_knows_no_environment(trainings: CommandLine, tmp_path: Path) -> None:
    """`tasks/prepare_sample_experiments.sh | parallel -j2` works as it stands: the lines name the environment's interpreter."""
    script = str(ROOT / "tasks" / "prepare_sample_experiments.sh")
    bare = {**trainings.environment, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    printed = subprocess.run([script, *SHORT], cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=200)
    assert printed.returncode == 0, printed.stderr
    lines = printed.stdout.splitlines()
    assert len(lines) == 4
    result = subprocess.run(["/bin/sh", "-c", lines[0]], cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert list((tmp_path / "runs").iterdir())
