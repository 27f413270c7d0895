"""A checkout of today works next year: it installs the versions that were tested, on every Python that is promised."""

from __future__ import annotations

import configparser
import shutil
import subprocess
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
    for wanted in [*WANTED, Requirement("setuptools>=68")]:
        (version,) = pinned(wanted.name, python)
        assert version.removeprefix("==") in wanted.specifier, f"{wanted} against {version}"


def test_every_line_is_a_version_and_nothing_else() -> None:
    """A line with a place to download from would fail for everybody behind another mirror."""
    for one in PINNED:
        assert one.url is None
        assert [each.operator for each in one.specifier] == ["=="], str(one)


def test_the_bounds_of_the_package_are_open_upwards() -> None:
    """A user's environment has its own needs; what was tested is said in constraints.txt, and is no condition."""
    assert {each.operator for wanted in WANTED for each in wanted.specifier} == {">="}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose interpreter only writes down what it is asked for, into `asked`."""
    shutil.copytree(ROOT / "tasks", tmp_path / "tasks")
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for program in ("python", "ruff", "mypy"):
        path = tmp_path / ".venv" / "bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho {program} "$@" >> {tmp_path}/asked\n')
        path.chmod(0o755)
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
