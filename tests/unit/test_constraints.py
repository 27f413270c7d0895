"""A checkout of today works next year: it installs the versions that were tested, on every Python that is promised."""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
PYTHONS = [line.split()[-1] for line in SETUP["metadata"]["classifiers"].splitlines() if ":: 3." in line]
WANTED = [
    Requirement(line)
    for lines in (SETUP["options"]["install_requires"], *SETUP["options.extras_require"].values())
    for line in lines.split("\n")
    if line and not line.startswith("exp-queue")
]
PINNED = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def pinned(name: str, python: str) -> list[str]:
    here = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    name = canonicalize_name(name)
    found = [one for one in PINNED if canonicalize_name(one.name) == name and (not one.marker or one.marker.evaluate(here))]
    return [str(one.specifier) for one in found]


@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_we_ask_for_is_pinned_once_within_its_bounds(python: str) -> None:
    """A requirement that the file does not know would be installed in its newest version, whatever that may do."""
    for wanted in [*WANTED, Requirement("setuptools>=77.0.3")]:
        (version,) = pinned(wanted.name, python)
        assert version.removeprefix("==") in wanted.specifier, f"{wanted} against {version}"


def test_every_line_is_a_version_and_nothing_else() -> None:
    """A line with a place to download from would fail for everybody behind another mirror."""
    for one in PINNED:
        assert one.url is None
        assert [each.operator for each in one.specifier] == ["=="], str(one)


@pytest.mark.slow
def test_they_can_be_installed_together_on_every_python() -> None:
    """An index may say later that a version is not for one of them: then every set-up on that Python fails. Needs a network."""
    checked = subprocess.run([ROOT / "tasks" / "check_constraints.sh"], capture_output=True, text=True, timeout=600)
    assert checked.returncode == 0, checked.stderr
    assert [f"Python {python}: they fit together" in checked.stderr for python in PYTHONS] == [True] * len(PYTHONS)


def test_the_bounds_of_the_package_are_open_upwards() -> None:
    """A user's environment has its own needs; what was tested is said in constraints.txt, and is no condition."""
    assert {each.operator for wanted in WANTED for each in wanted.specifier} == {">="}


# `-c` asks for the driver; an index is asked for its versions, then for the packages.
FAKE = """#!/bin/sh
[ "$1" = -c ] && exit "${{NO_DRIVER:-0}}"
echo {program} "$@" >> {asked}
case "$*" in
    *"index versions"*) echo "$OFFERED" ;;
    *"config list"*) echo "$CONFIGURED" ;;
    *--no-deps*) exit "${{REFUSED:-0}}" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose interpreter only writes down what it is asked for, into `asked`."""
    shutil.copytree(ROOT / "tasks", tmp_path / "tasks")
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for program in ("python", "ruff", "mypy"):
        path = tmp_path / ".venv" / "bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FAKE.format(program=program, asked=tmp_path / "asked"))
        path.chmod(0o755)
    pip = tmp_path / ".venv/lib/python3/site-packages/pip/__main__.py"
    pip.parent.mkdir(parents=True)
    pip.touch()
    return tmp_path


def asked(checkout: Path, script: str, **environment: str) -> list[str]:
    """What the script asked of its interpreter, and of the tools beside it."""
    (checkout / "asked").write_text("")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
    subprocess.run(["/bin/bash", "-ec", script], cwd=checkout, env=environment, check=True, timeout=60)
    return (checkout / "asked").read_text().splitlines()


def test_an_environment_is_made_of_the_tested_versions_and_again_when_they_change(checkout: Path) -> None:
    """Who pulls a renewed file must not go on testing with what lies in .venv."""
    script = "source tasks/environment.sh; ensure_environment all"
    calls = asked(checkout, script)
    assert len(calls) == 2
    assert all("--constraint constraints.txt" in call for call in calls)
    assert calls[-1].endswith("--no-build-isolation --editable .[all]")
    assert asked(checkout, script) == []
    with (checkout / "constraints.txt").open("a") as file:
        file.write("one==2\n")
    assert asked(checkout, script) == calls


def test_upgrade_renews_the_versions_before_they_are_installed(checkout: Path) -> None:
    """The one command that says whether the newest of everything still works, and leaves the file to be committed if so."""
    renew = checkout / "tasks" / "renew_constraints.sh"
    renew.write_text(f"#!/bin/sh\necho renewed >> {checkout}/asked\n")
    calls = asked(checkout, "tasks/test_functionality.sh tests/unit", UPGRADE="1")
    assert calls[0] == "renewed"
    assert calls[-1].startswith("python -m pytest ")
    assert calls[-1].endswith(" tests/unit")
    assert "renewed" not in asked(checkout, "tasks/test_functionality.sh")


CPU = {"NO_DRIVER": "1", "OFFERED": "Available versions: 2.14.1+cpu"}
INSTALL = "source tasks/environment.sh; ensure_environment recognizer"


def test_without_a_driver_pytorch_comes_without_cuda_in_the_tested_versions(checkout: Path) -> None:
    """Three gigabytes of CUDA are of no use to a machine that has no GPU."""
    calls = asked(checkout, INSTALL, **CPU)
    (chosen,) = [call for call in calls if call.endswith(" torch torchvision")]
    assert "--constraint constraints.txt" in chosen
    assert "--no-deps" in chosen
    assert calls[-1].endswith("--editable .[recognizer]")


@pytest.mark.parametrize(
    ("extra", "changes"),
    [
        ("recognizer", {"NO_DRIVER": "0"}),
        ("recognizer", {"OFFERED": "Available versions: 2.14.1"}),
        ("recognizer", {"PYTORCH_CPU_INDEX": ""}),
        ("recognizer", {"CONFIGURED": "global.index-url='https://mirror.example/simple'"}),
        ("test", {}),
    ],
)
def test_otherwise_the_usual_builds_are_installed(checkout: Path, extra: str, changes: dict[str, str]) -> None:
    """With a driver, where the index cannot be had or has no such builds, where pip has a place of its own, without PyTorch."""
    calls = asked(checkout, INSTALL.replace("recognizer", extra), **{**CPU, **changes})
    assert not [call for call in calls if call.endswith(" torch torchvision")]
    assert calls[-1].endswith(f"--editable .[{extra}]")


def test_an_index_that_fails_half_way_does_not_fail_the_set_up(checkout: Path) -> None:
    """It is a saving, not a condition."""
    assert asked(checkout, INSTALL, **CPU, REFUSED="1")[-1].endswith("--editable .[recognizer]")


def test_builds_without_cuda_make_room_when_there_is_a_driver(checkout: Path) -> None:
    """An environment made before the driver was installed, or in a container without GPUs, would train on the CPU for ever."""
    asked(checkout, INSTALL, **CPU)
    (checkout / ".venv/lib/python3/site-packages/torch-2.14.1+cpu.dist-info").mkdir()
    assert asked(checkout, INSTALL, **CPU) == []
    assert "uninstall --quiet --yes torch torchvision" in " ".join(asked(checkout, INSTALL))


def told(checkout: Path, directory: Path, **environment: str) -> str:
    """What `tasks/test_functionality.sh`, which ends like all the others, says last, started in `directory`."""
    asked(checkout, "source tasks/environment.sh; ensure_environment all")
    result = subprocess.run(
        [checkout / "tasks/test_functionality.sh"],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    return result.stderr


def test_a_script_ends_with_the_line_that_makes_the_command_known(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After the first command of the README its every other one was not found."""
    elsewhere = tmp_path_factory.mktemp("else where")
    assert told(checkout, checkout).splitlines()[-1].endswith(": source .venv/bin/activate")
    assert told(checkout, elsewhere).endswith(f": source {checkout}/.venv/bin/activate\n")
    assert told(checkout, checkout, SHELL="/usr/bin/fish").endswith("/activate.fish\n")


def test_a_shell_that_finds_the_command_is_told_nothing(checkout: Path) -> None:
    """Only the command of this very checkout counts: that of another environment is another version."""
    for place, silent in ((checkout / ".venv/bin", True), (checkout / "other/bin", False)):
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout / ".venv/bin/python", place / "exp-queue")
        assert (told(checkout, checkout, PATH=f"{place}:/usr/bin:/bin") == "") is silent


def test_a_script_keeps_the_exit_status_of_its_command(checkout: Path) -> None:
    """What CI and `&&` go by."""
    script = "source tasks/environment.sh; run_and_tell sh -c 'exit 7'"
    result = subprocess.run(
        ["/bin/bash", "-ec", script], cwd=checkout, env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=60
    )
    assert result.returncode == 7
    assert b"source .venv/bin/activate" in result.stderr


WAITS = """
import os, signal, sys, time
# Not by print: the first one may not be over when the signal comes, and two at once are refused.
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"saving\\n"), sys.exit(5)))
try:
    print("read", sys.stdin.readline().strip(), flush=True)
    while True:
        time.sleep(0.05)  # a signal that comes just before a sleep does not end it
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(6)
"""


@pytest.mark.parametrize(
    ("send", "number", "said", "status"),
    [(os.kill, signal.SIGTERM, "saving\n", 5), (os.killpg, signal.SIGINT, "interrupted\n", 6)],
    ids=["SIGTERM to the script", "Ctrl-C"],
)
def test_a_signal_to_a_script_is_one_to_what_it_runs(checkout: Path, send, number: int, said: str, status: int) -> None:
    """A training that goes on after its script was stopped keeps its GPU, and nobody knows of it. A Ctrl-C comes to both."""
    command = shlex.join([sys.executable, "-c", WAITS])
    process = subprocess.Popen(
        ["/bin/bash", "-ec", f"source tasks/environment.sh; run_and_tell {command}"],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write("what is typed\n")
        process.stdin.flush()
        assert process.stdout.readline() == "read what is typed\n"
        send(process.pid, number)
        assert process.wait(60) == status
        assert process.communicate(timeout=60) == (
            said,
            "to have the command exp-queue in this shell: source .venv/bin/activate\n",
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages")
@pytest.mark.parametrize("refused", ["0", "100"])
def test_programs_for_tests_are_installed_where_that_is_possible_and_hinder_nobody(checkout: Path, refused: str) -> None:
    """A machine that cannot have Chromium or Slurm goes on without their tests."""
    apt = checkout / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text(f'#!/bin/sh\necho "$@" >> {checkout}/asked\nexit {refused}\n')
    apt.chmod(0o755)
    path = {"PATH": f"{apt.parent}:/usr/bin:/bin"}
    wanted = "source tasks/environment.sh; ensure_programs no-such-program 'what it is for' one two"
    calls = asked(checkout, wanted, **path)
    assert [call.split()[-1] for call in calls] == (["update", "two"] if refused == "0" else ["update"])
    assert asked(checkout, wanted.replace("no-such-program", "sh"), **path) == []


@pytest.mark.parametrize(("with_cluster", "expected"), [("", []), ("1", ["sshd", "rsync", "slurmctld"])])
def test_services_are_installed_only_where_somebody_asks_for_them(checkout: Path, with_cluster: str, expected: list[str]) -> None:
    """Who runs the tests as root on a machine of his own gets no daemons along with them."""
    script = f"source tasks/environment.sh; ensure_programs() {{ echo $1 >> {checkout}/asked; }}; ensure_cluster"
    assert asked(checkout, script, WITH_CLUSTER=with_cluster) == expected


def test_every_script_that_runs_something_ends_so() -> None:
    """One that is added later as well."""
    texts = {path.name: path.read_text() for path in (ROOT / "tasks").glob("*.sh") if "ensure_environment " in path.read_text()}
    texts.pop("environment.sh")
    assert len(texts) >= 8
    assert [name for name, text in texts.items() if "\nrun_and_tell " not in text] == []
