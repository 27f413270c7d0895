"""Which runs a filter leaves: MongoDB's words over W&B's fields, and what is not known is refused."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.wandb_server.filters import passes, sort_key
from scheduler.wandb_server.graphql import Refused
from scheduler.wandb_server.posts import Told

TOLD = Told(config={"lr": 0.1, "model": {"depth": 3}, "opt": "sgd"}, summary={"loss": 0.5, "a/b": 1}, sweep=None)
NODE = {
    "name": "r1",
    "state": "finished",
    "displayName": "baseline",
    "group": "g",
    "tags": ["t1", "t2"],
    "createdAt": "2026-11-29",
}


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"state": "finished"},
        {"config.lr": 0.1, "config.lr.value": {"$lt": 0.2, "$gt": 0.05}},
        {"config.model.depth": 3, "config.model.value.depth": {"$gte": 3, "$lte": 3}},
        {"display_name": "baseline", "displayName": {"$regex": "^base"}},
        {"tags": "t1"},
        {"tags": {"$in": ["t2", "t3"], "$nin": ["t4"]}},
        {"summary_metrics.loss": {"$ne": 1}, "summary_metrics.a/b": {"$exists": True}, "config.none": {"$exists": False}},
        {"$or": [{"state": "failed"}, {"$and": [{"group": "g"}, {"name": {"$in": ["r1"]}}]}]},
        {"$not": {"state": "failed"}, "$nor": [{"state": "failed"}]},
        {"config.lr": {"$not": {"$gt": 1}}},
        {"sweep": None, "config.none": None},
        {"created_at": {"$gte": "2026-01-01"}},
    ],
)
def test_a_run_that_is_meant_passes(filters: dict[str, Any]) -> None:
    """Each way in which W&B's pages write a condition."""
    assert passes(NODE, TOLD, filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"state": "failed"},
        {"config.lr": {"$gt": 0.1}},
        {"config.opt": {"$gt": 3}},
        {"config.none": {"$lt": 3}},
        {"config.lr": 0.1, "state": "failed"},
        {"tags": {"$nin": ["t1"]}},
        {"$or": [{"state": "failed"}, {"config.lr": 1}]},
        {"$nor": [{"state": "finished"}, {"config.lr": 1}]},
        {"display_name": {"$regex": "^x"}},
        {"summary_metrics.loss": {"$exists": False}},
    ],
)
def test_a_run_that_is_not_meant_does_not_pass(filters: dict[str, Any]) -> None:
    """A value of another kind is neither less nor more."""
    assert not passes(NODE, TOLD, filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"wonder": 1},
        {"config.lr": {"$near": 1}},
        {"config.none": {"$gt": 3, "$near": 1}},
        {"state": "failed", "$where": "x"},
        {"$and": [{"state": "failed"}, {"wonder": 1}]},
        {"tags": {"$in": "t1"}},
        {"display_name": {"$regex": "("}},
        ["state"],
    ],
)
def test_what_cannot_be_asked_is_refused_whatever_the_rest_says(filters: Any) -> None:
    """A condition that is passed over would tell of runs that nobody has asked for."""
    with pytest.raises(Refused):
        passes(NODE, TOLD, filters)


def test_runs_without_a_value_come_before_the_others_in_an_order() -> None:
    """They cannot be compared."""
    every = [Told(summary={"loss": 2}), Told(), Told(summary={"loss": 0.5}), Told(summary={"loss": {"max": 1}})]
    found = sorted(every, key=lambda told: sort_key({}, told, "summary_metrics.loss"))
    assert [told.summary.get("loss") for told in found] == [None, {"max": 1}, 0.5, 2]
