"""Which commands start a Hydra application, and what is done about its directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.experiments import read
from scheduler.experiments.command.command import Slot
from scheduler.experiments.command.hydra_program import application

APP = "import hydra\n@hydra.main(version_base=None, config_path='conf', config_name='top')\ndef main(config): ...\nmain()\n"
OVERRIDES = Slot("args_override_hydra")
OWN = "hydra.run.dir=outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}_"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with an application as a file and as a module."""
    monkeypatch.chdir(tmp_path)
    for name in ("app.py", "pkg/app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(APP)
    return tmp_path


@pytest.mark.parametrize(
    ("launch", "key"),
    [
        (("python", "app.py", OVERRIDES), "hydra.run.dir"),
        (("/usr/bin/env", "python", "app.py", Slot("args_no_hyphens")), "hydra.run.dir"),
        (("torchrun", "--nproc=2", "app.py"), "hydra.run.dir"),
        (("python", "-m", "pkg.app", OVERRIDES), "hydra.run.dir"),
        (("python", "-m", "pkg.app", "-m", OVERRIDES), "hydra.sweep.dir"),
        (("python", "app.py", "--multirun", OVERRIDES), "hydra.sweep.dir"),
        (("python", "app.py", Slot("args_json")), None),
        (("python", "app.py", Slot("args")), None),
        (("python", "gone.py", OVERRIDES), None),
        (("app", OVERRIDES), None),
    ],
)
def test_a_directory_is_given_to_hydra_applications_that_take_it(here: Path, launch: tuple, key: str | None) -> None:
    """Any other program would end at an argument that it does not know."""
    found = application(launch)
    assert (found.own.key if found and found.own else None) == key


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        (APP, True),
        ("from hydra import main as start\nstart(config_path=None)(print)()\n", True),
        ("import hydra.core\nimport warnings\n@hydra.main()\ndef f(c): ...\n", True),
        ("import hydra\nhydra.initialize('conf')\n", False),
        ("from .hydra import main\nmain()\n", False),
        ("# import hydra\n# @hydra.main()\nmain()\n", False),
        ("'''import hydra; hydra.main()'''\n", False),
        ("import hydra\nhydra.main(\n", False),
        ("import hydra\nhydra.main()\n\0", False),
    ],
)
def test_an_application_is_known_by_what_its_source_calls(here: Path, source: str, is_one: bool) -> None:
    """Read, never run; a program that only composes a config, or speaks of Hydra, takes no overrides."""
    (here / "app.py").write_text(source)
    assert bool(application(("python", "app.py", OVERRIDES))) is is_one


@pytest.mark.parametrize(
    ("file", "text", "warns"),
    [
        ("conf/top.yaml", "hydra: {run: {dir: 'logs/${now:%H%M%S}'}}", True),
        ("conf/hydra/mine.yaml", "run: {dir: 'logs/${now:%H%M%S}'}", True),
        ("conf/top.yaml", "hydra: {run: {dir: 'logs/${now:%H%M%S}_${oc.env:EXP_QUEUE_JOB}'}}", False),
        ("conf/top.yaml", "hydra: {run: {dir: 'logs/${hydra.job.override_dirname}'}}", False),
        ("conf/top.yaml", "hydra: {run: {dir: .}}", False),
    ],
)
def test_a_directory_that_the_config_names_is_left_alone(here: Path, file: str, text: str, warns: bool) -> None:
    """Its owner has chosen it, and looks for the results there; that some may share it is told."""
    (here / file).parent.mkdir(parents=True)
    (here / file).write_text(text)
    found = application(("python", "app.py", OVERRIDES))
    assert found
    assert (found.own, file in found.warning) == (None, warns)
    assert read_argv(here, "base: {lr: 1}") == ["python", "app.py", "++lr=1"]
    elsewhere = application(("python", "app.py", "--config-path=other", OVERRIDES))
    assert elsewhere
    assert elsewhere.own, "another config is read then"


def read_argv(here: Path, rest: str, command: str = "app.py") -> list[str]:
    (here / "file.yaml").write_text(f'command: [python, {command}, "${{args_override_hydra}}"]\n{rest}\n')
    return list(next(read("file.yaml").experiments()).argv)


def test_what_gives_a_directory_already_is_not_contradicted(here: Path) -> None:
    """The command, a parameter, or a whole section of Hydra's config."""
    assert read_argv(here, "base: {lr: 1}")[-1].startswith(OWN)
    for rest, command in (
        ("base: {hydra: {run: {dir: mine}}}", "app.py"),
        ("base: {lr: 1}", "app.py, hydra.run.dir=mine"),
        ("base: {lr: 1}", "app.py, hydra=mine"),
    ):
        assert not read_argv(here, rest, command)[-1].startswith(OWN)
    found = application(("python", "app.py", "hydra.run.dir=x/${now:%H%M%S}", OVERRIDES))
    assert found
    assert "its command sets hydra.run.dir to x/${now:%H%M%S}" in found.warning


def test_the_same_experiment_keeps_its_id_whatever_its_directory(here: Path) -> None:
    """What has succeeded before must not run again because its program was recognised now."""
    read_argv(here, "grid: {lr: [1, 2]}")
    own = list(read("file.yaml").experiments())
    (here / "app.py").write_text("print()\n")
    plain = list(read("file.yaml").experiments())
    assert [each.id for each in own] == [each.id for each in plain]
    assert [each.argv[:-1] for each in own] == [each.argv for each in plain]
    assert len({each.argv[-1] for each in own}) == 2
