"""The command line of one job of a multirun."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.hydra_launcher.command import Place, beginning, configuration, quoted, words

PLACE = Place(3, "multirun/a", "3")


@pytest.mark.parametrize(
    ("typed", "arguments", "start"),
    [
        ("python app.py -m lr=1,2", "-m lr=1,2", "python app.py"),
        ("python -u -m lab.app -m lr=1,2", "-m lr=1,2", "python -u -m lab.app"),
        ("/venv/bin/train -m lr=1,2", "-m lr=1,2", "/venv/bin/train"),
        ("python app.py", "", "python app.py"),
        ("python app.py -m lr=1,2", "-m lr=1,2 seed=3", "python app.py"),
    ],
)
def test_a_job_is_started_as_the_multirun_was(typed: str, arguments: str, start: str) -> None:
    """A script, a module, a command that was installed, and a script that adds arguments of its own."""
    assert beginning(typed.split(), arguments.split()) == tuple(start.split())


def test_a_program_that_cannot_be_started_again_is_told_so() -> None:
    """A job that does something else than what was asked for would be worse."""
    with pytest.raises(UserError, match="has changed its arguments"):
        beginning(["python", "-m", "lab.app", "-m"], ["-m", "lr=1"])


def test_what_is_said_of_the_whole_multirun_is_not_said_of_its_jobs() -> None:
    """A job that launched a multirun of its own would never end."""
    whole = [
        "hydra/launcher=exp_queue",
        "hydra.launcher.jobs=2",
        "+hydra.launcher.x=1",
        "hydra/sweeper=optuna",
        "hydra.mode=MULTIRUN",
    ]
    whole += [
        "hydra.sweeper.max_batch_size=2",
        "hydra.sweep.dir=x",
        "hydra.run.dir=y",
        "hydra.sweep.subdir=z",
        "~hydra.sweeper.params",
    ]
    kept = ["hydra.job.chdir=True", "hydra/job_logging=none", "+hydra.job.env_set.A=b"]
    found = words(["--config-name=a"], [*whole, *kept], ["lr=1"], PLACE)
    assert found[:5] == ["--config-name=a", "lr=1", *kept]
    assert not set(whole) & set(found)
    assert "hydra.run.dir=multirun/a/3" in found
    assert "hydra.mode=RUN" in found


@given(st.text(st.sampled_from("ab'\"\\ ,=[]{}()#@:/.-_\t"), min_size=1))
def test_hydra_reads_a_directory_as_it_is_called(name: str) -> None:
    """Hydra's own parser; a directory called otherwise is one in which nobody looks."""
    parser = pytest.importorskip("hydra.core.override_parser.overrides_parser").OverridesParser.create()
    assert str(parser.parse_override(f"a={quoted(name)}").value()) == name


def test_tables_and_filters_find_what_an_override_says() -> None:
    """`optim.lr` stands within `optim`, as filters look for it, unless `optim` is the choice of a group."""
    assert configuration([("optim.lr", 0.1), ("optim.eps", 1), ("seed", 2)]) == {"optim": {"lr": 0.1, "eps": 1}, "seed": 2}
    assert configuration([("model", "big"), ("model.width", 8)]) == {"model": "big", "model.width": 8}
    assert configuration([("model.width", 8), ("model", "big")]) == {"model": "big", "model.width": 8}
