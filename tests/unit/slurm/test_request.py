"""What Slurm is asked for, from what a job asks for."""

from __future__ import annotations

import shlex

import pytest

from scheduler.errors import UserError
from scheduler.experiments import Policy, Resources, SlurmWishes
from scheduler.experiments.slurm import read_wishes, wishes_of
from scheduler.slurm.request import script, spans, submission, wanted

NOTHING = SlurmWishes()


def test_a_job_that_names_no_number_of_gpus_gets_one_where_there_are_any() -> None:
    """So it is on a machine with GPUs, and the same file must do the same."""
    assert wanted(Resources(), Policy(), NOTHING, has_gpus=True) == ("--gres=gpu:1",)
    assert wanted(Resources(), Policy(), NOTHING, has_gpus=False) == ()
    assert wanted(Resources(gpus=0), Policy(), NOTHING, has_gpus=True) == ()


def test_the_time_limit_leaves_room_for_our_own_time_out() -> None:
    """The launcher stops the job in its own way, and must live to write that down; Slurm counts minutes."""
    assert wanted(Resources(gpus=0), Policy(timeout=3600.0), NOTHING, has_gpus=True) == ("--time=62",)
    assert wanted(Resources(gpus=0), Policy(timeout=60.0), SlurmWishes(time=7200.0), has_gpus=True) == ("--time=3",)
    assert wanted(Resources(gpus=0), Policy(), SlurmWishes(time=7200.0), has_gpus=True) == ("--time=120",)


def test_every_wish_is_a_word_of_its_own() -> None:
    """A name with a blank or a dash at its beginning is still a name."""
    words = wanted(Resources(cpus=4), Policy(), SlurmWishes("a b", account="-x", memory=100), has_gpus=False)
    assert words == ("--partition=a b", "--account=-x", "--cpus-per-task=4", "--mem=100M")


def test_wishes_of_the_command_line_come_before_those_of_the_file() -> None:
    """The same file serves two clusters; and a slip of the fingers must not become a job without a partition."""
    said = wishes_of(("partition=small", "time=2h", "partition=big"))
    assert SlurmWishes("main", qos="low").but(said) == SlurmWishes("big", qos="low", time=7200.0)
    for wrong in ("partitoin=big", "partition", "memory=much"):
        with pytest.raises(UserError, match=r"^--slurm"):
            wishes_of((wrong,))


def test_wishes_of_a_program_are_values_as_in_a_file() -> None:
    """A number of seconds, or a text; what nobody can understand is named as it was written."""
    assert read_wishes({"time": 90, "memory": "1GiB", "qos": None}, "slurm") == SlurmWishes(memory=1024, time=90.0)
    wrongs = {'slurm: "nodes" is not known': {"nodes": 2}, "slurm memory: ": {"memory": "much"}, "slurm qos: ": {"qos": 3}}
    for said, wrong in wrongs.items():
        with pytest.raises(UserError, match=said):
            read_wishes(wrong, "slurm")


def test_an_array_names_only_the_orders_that_are_wanted() -> None:
    """A number of which somebody else has taken the job has no order."""
    assert spans([5, 0, 1, 2]) == "0-2,5"
    words = submission("x", ("--qos=low",), [0, 1, 3], 4, "/shared/100%")
    assert "--array=0-1,3%4" in words
    assert "--output=/shared/100%%/%a.out" in words, "Slurm reads a % in a path as a sign of its own"
    assert words[-1] == "--qos=low"
    assert "--no-requeue" in words, "whether it runs again is for us to say"


def test_the_script_survives_any_path() -> None:
    """A shell reads it on the node."""
    command = ["/opt/my python", "-c", "print('$HOME `x`')", "a\nb"]
    assert shlex.split(script(command).removeprefix("#!/bin/sh\nexec ")) == command
