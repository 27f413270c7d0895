"""A sweep of a server as a plan of ours: what of its configuration counts here, and which points fit it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.plan import ServerPlan, at_server, plan_from_config

HERE = Address("me", "digits", "x1")
PLAIN: dict[str, Any] = {
    "program": "train.py",
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"depth": {"values": [1, 2]}}}},
}


def plan(url: str = "https://api.wandb.ai", asked: Asked | None = None, **changes: Any) -> ServerPlan:
    return plan_from_config(yaml.safe_dump({**PLAIN, **changes}), url, HERE, asked or Asked())


def test_its_command_and_its_parameters_are_the_servers() -> None:
    """The default command of W&B, and a point at its places."""
    found = plan()
    point = found.point_of({"lr": 0.5, "net": {"depth": 2}})
    experiment = found.experiment(point)
    assert experiment.argv[-2:] == ("--lr=0.5", "--net={'depth': 2}")
    assert json.loads(experiment.arguments) == {"lr": 0.5, "net": {"depth": 2}}


def test_a_program_of_the_command_line_takes_the_place_of_its_own() -> None:
    """Its file may lie elsewhere here."""
    found = plan(asked=Asked(program="other/train.py"))
    assert "other/train.py" in found.command


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "custom"},
        {"method": "a way of next year"},
        {"a key of next year": [1]},
        {"early_terminate": {"type": "of next year"}},
        {"run_cap": 10_000_000_000, "controller": {"type": "local"}},
        {"metric": {"goal": "minimize"}},
    ],
)
def test_what_only_the_server_follows_hinders_nobody_here(changes: dict[str, Any]) -> None:
    """It may be newer than we are."""
    found = plan(**changes)
    assert (found.sweep.early_terminate, found.sweep.run_cap) == (None, None)
    assert found.metric == (None if "metric" in changes else "loss")
    assert found.sweep.method == changes.get("method", "bayes")


def test_without_a_program_there_is_nothing_to_run() -> None:
    """Said before an agent is registered."""
    with pytest.raises(UserError, match='names no "program"'):
        plan(program="", command=["python", "${program}"])


@pytest.mark.parametrize(
    "values", [{"lr": 0.5, "net": {"depth": 2}, "momentum": 0.9}, {"lr": 0.5, "net": 3}, {"net": {"depth": 1, "width": 2}}]
)
def test_a_point_with_something_else_in_it_is_refused(values: dict[str, Any]) -> None:
    """A training with other parameters than the server believes is worse than none."""
    with pytest.raises(UserError, match="which is no point of the configuration"):
        plan().point_of(values)


def test_it_is_the_same_sweep_from_wherever_it_is_joined_and_none_of_another_server() -> None:
    """By its name, or by the file that it was made from, in any directory."""
    joined = plan()
    registered = at_server(joined, joined.url, HERE, origin="a file")
    assert joined.key("/a") == registered.key("/b")
    assert joined.key("/a") != plan("http://127.0.0.1:8643").key("/a")


def test_no_sweep_of_ours_goes_on_as_one_of_a_server() -> None:
    """Ours look for trials that have run as theirs do, and would take them over."""
    found = json.loads(plan().remembered("/a", "server"))
    assert "kin" not in found
    assert found["server"] == {"url": "https://api.wandb.ai", "address": "me/digits/x1", "origin": ""}
