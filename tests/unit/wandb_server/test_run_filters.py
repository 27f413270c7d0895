"""Which runs a filter leaves: MongoDB's words over W&B's fields, and what is not known is refused."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.wandb_server.filters import in_order, passes
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


@pytest.mark.parametrize(("order", "wanted"), [("+", [-0.5, 2, 3, "x"]), ("", [-0.5, 2, 3, "x"]), ("-", [3, 2, -0.5, "x"])])
def test_what_is_no_finite_number_comes_last_in_both_directions(order: str, wanted: list[Any]) -> None:
    """`Sweep.best_run` takes the first; one that has failed before it logged anything, or diverged, is not the best."""
    nan, infinite = float("nan"), float("inf")
    values = [2, None, nan, "x", -0.5, {"depth": 1}, infinite, nan, 3, -infinite]
    runs = [({}, Told(summary={} if value is None else {"loss": value})) for value in values]
    found = [told.summary.get("loss") for _, told in in_order(runs, f"{order}summary_metrics.loss")]
    assert (found[:4], len(found)) == (wanted, len(values))


@pytest.mark.parametrize(("order", "wanted"), [("+", ["b", "a", "c"]), ("-", ["c", "b", "a"])])
def test_a_run_with_a_summary_of_its_own_is_ordered_by_that(order: str, wanted: list[str]) -> None:
    """W&B's `define_metric("loss", summary="min,max")` puts mappings where else a number stands."""
    summaries = {"a": {"min": 2, "max": 3}, "b": {"max": 4, "min": 1}, "c": 5}
    runs = [({}, Told(name=name, summary={"loss": loss})) for name, loss in summaries.items()]
    assert [told.name for _, told in in_order(runs, f"{order}summary_metrics.loss")] == wanted


@pytest.mark.parametrize("order", ["+", "-"])
def test_runs_with_the_same_value_stay_as_they_come(order: str) -> None:
    """The oldest first, in both directions: pages of one list would else tell of a run twice, and of another never."""
    runs = [({}, Told(name=name, summary={"loss": 1})) for name in "abc"]
    assert [told.name for _, told in in_order(runs, f"{order}summary_metrics.loss")] == ["a", "b", "c"]
