"""What people install: the archive of sources and the wheel, away from any checkout."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from scheduler import __version__
from tests.conftest import ROOT, user_environment

PACKAGES = ("scheduler", "text_recognizer", "exp_queue")
PLUGIN = "hydra_plugins"  # a namespace of Hydra's, in which others have plugins too
FILES = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
NEEDED = ("click", "filelock", "pynvml", "omegaconf", "antlr4", "yaml", "_yaml")  # what `pip install` would bring


def built(folder: Path, kind: str, out: Path) -> Path:
    """What setuptools makes of the sources in `folder`, without a network."""
    done = subprocess.run([sys.executable, "-c", BUILD, kind, str(out)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packed: a build leaves its traces behind."""
    pytest.importorskip("setuptools", minversion="77.0.3", reason="an older setuptools knows no licence expressions")
    copy = tmp_path_factory.mktemp("copy")
    for name in (*PACKAGES, PLUGIN):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*FILES, "constraints.txt"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def archive(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of sources."""
    return built(copy, "build_sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the archive: what that lacks is missed here."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as file:
        file.extractall(unpacked, filter="data")
    return built(next(unpacked.iterdir()), "build_wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and with what it needs, but without this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=100)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "bin" / "python"),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    without_checkout = {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH"
    }  # pip would call that installed
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], env=without_checkout, check=True, timeout=300)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in NEEDED:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            place = Path(found.origin)
            place = place.parent if place.name == "__init__.py" else place
            (site / place.name).symlink_to(place)
    return folder


class Shell:
    """A shell in a folder of its own, in which the environment is activated."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        path = f"{environment / 'bin'}:{os.environ['PATH']}"
        self._environment = user_environment(EXP_QUEUE_HOME=str(folder / "home"), CUDA_VISIBLE_DEVICES="-1", PATH=path)
        del self._environment["PYTHONPATH"]

    def __call__(self, line: str) -> str:
        """What a line prints on standard output; it succeeds."""
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(installed: Path, tmp_path: Path) -> Shell:
    return Shell(installed, tmp_path)


def test_all_files_of_the_packages_are_in_the_wheel(wheel: Path) -> None:
    """A page without its script, or an `init` without its samples, is found out by whoever installs it."""
    with zipfile.ZipFile(wheel) as file:
        there = set(file.namelist())
    ours = [path for name in (*PACKAGES, PLUGIN) for path in (ROOT / name).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [str(path.relative_to(ROOT)) for path in ours if str(path.relative_to(ROOT)) not in there] == []
    assert {f"{name}/py.typed" for name in PACKAGES} <= there
    assert f"{PLUGIN}/__init__.py" not in there
    assert {name.split("/")[0] for name in there} <= {*PACKAGES, PLUGIN, f"exp_queue-{__version__}.dist-info"}


def test_a_checkout_that_is_installed_where_it_lies_gives_hydra_its_launcher(copy: Path, tmp_path: Path) -> None:
    """That is what `tasks/` makes. Hydra looks through the places of its namespace alone, from whatever directory."""
    shutil.unpack_archive(built(copy, "build_editable", tmp_path), tmp_path / "site", "zip")
    looks = (
        "import pkgutil, site, sys; site.addsitedir(sys.argv[1]); import hydra_plugins;"
        "print([found.name for found in pkgutil.iter_modules(hydra_plugins.__path__)])"
    )
    python = [sys.executable, "-I", "-S", "-c", looks, str(tmp_path / "site")]
    done = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.stdout == "['exp_queue_launcher']\n", done.stderr


def test_the_archive_says_what_has_changed_and_whom_to_tell(archive: Path) -> None:
    """Whoever packs it for others has nothing else."""
    with tarfile.open(archive) as file:
        there = {name.partition("/")[2] for name in file.getnames()}
    assert {*FILES, "constraints.txt"} - {"MANIFEST.in"} <= there


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    """What an index shows, and what programs that check licences read."""
    with zipfile.ZipFile(wheel) as file:
        about = HeaderParser().parsestr(file.read(f"exp_queue-{__version__}.dist-info/METADATA").decode())
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.10"
    assert about["Keywords"]
    assert about["Summary"]
    assert "Typing :: Typed" in about.get_all("Classifier", [])
    assert not [each for each in about.get_all("Classifier", []) if each.startswith("License ::")], "PEP 639 has one or the other"


def test_what_is_installed_is_the_wheel_and_says_its_version(shell: Shell, installed: Path) -> None:
    """Otherwise everything below would prove something about the checkout."""
    assert shell("exp-queue --version") == f"exp-queue, version {__version__}\n"
    assert shell("python -c 'import scheduler, exp_queue; print(scheduler.__file__)'").startswith(str(installed))


def test_init_and_its_sample_work_from_the_wheel(shell: Shell) -> None:
    """The first minute of everybody who has typed `pip install`."""
    assert len(shell("exp-queue init first").splitlines()) == 4
    first, *rows = shell("first/tasks/run_sample.sh epochs=2").splitlines()
    assert "val_loss" in first
    assert [row.split()[1] for row in rows] == ["done"] * 6
    assert "done" in shell("cd first && exp-queue sweep --count 1 epochs=2")


def test_the_example_of_the_readme_works_from_the_wheel(shell: Shell) -> None:
    """Its file and its training, as they stand there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, language in (("mine.yaml", "yaml"), ("train.py", "python")):
        (shell.folder / name).write_text(text.partition(f"```{language}\n")[2].partition("```")[0], encoding="utf-8")
    _, *rows = shell("exp-queue run mine.yaml").splitlines()
    assert [row.split()[1] for row in rows] == ["done"] * 4
