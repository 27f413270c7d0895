"""What a page knows of sweeps."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from scheduler.queue.store import Store
from scheduler.queue.trials import add_evidence, note_history, renew_sweep
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.sweep import read_plan
from scheduler.web.documents import sweeps
from tests.contract.web.made_sweep import SWEEP, Experiments, made, stopped

HISTORIES = [[0.1, 0.2, 0.3], [0.5, 0.6, 0.9], [0.05, 0.06]]
SENTENCE = "its best acc in 2 rows was 0.06, worse than 0.2, the 2nd best of the 3 trials at row 2"
VERDICT = Verdict(2, 2, 2, 0.06, 0.2, (1, 0), SENTENCE)


def test_a_sweep_stands_with_its_course_its_bands_and_why_a_trial_was_stopped(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """The page draws these, and says the sentence where the pointer is."""
    jobs = made(store, experiments, tmp_path, HISTORIES)
    stopped(store, jobs[2], VERDICT)
    (found,) = sweeps.document(store)
    assert (found["method"], found["metric"], found["goal"]) == ("random", "acc", "maximize")
    assert found["states"] == {"done": 2, "stopped_early": 1}
    assert found["best"] == {"trial": 1, "value": 0.9}
    assert [(each["trial"], each["value"]) for each in found["improvements"]] == [(0, 0.3), (1, 0.9)]
    assert found["parameters"]["lr"]["distribution"] == "log_uniform_values"
    (band,) = found["bands"]
    assert (band["rows"], band["threshold"], [each["trial"] for each in band["reached"]]) == (2, 0.2, [1, 0, 2])
    assert found["saved"]["sentence"].startswith("1 trial stopped early: about 11% of all rows were not computed")
    assert [(each["number"], each["run"], each["state"]) for each in found["trials"]] == [
        (0, jobs[0].id, "done"),
        (1, jobs[1].id, "done"),
        (2, jobs[2].id, "stopped_early"),
    ]
    assert found["trials"][0]["rows"] == {"from": 1, "by": 1, "count": 3}
    assert found["trials"][0]["last"] == [0.1, 0.2, 0.3]
    assert found["trials"][2]["verdict"]["sentence"] == SENTENCE
    assert "verdict" not in found["trials"][0]


def test_a_verdict_that_came_too_late_is_none(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """The trial was done before the signal: nobody was stopped."""
    jobs = made(store, experiments, tmp_path, HISTORIES)
    stopped(store, jobs[2], VERDICT)
    with store.change() as change:
        change.connection.execute("UPDATE job SET state = 'done' WHERE id = ?", (jobs[2].id,))
    assert "verdict" not in sweeps.document(store)[0]["trials"][2]


def test_a_few_trials_tell_nothing_of_what_mattered_and_the_sentence_says_so(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """Bars that rest on three trials would be believed."""
    pytest.importorskip("optuna", reason="without it the sentence is another one")
    made(store, experiments, tmp_path, HISTORIES)
    found = sweeps.document(store)[0]["importance"]
    assert found == {
        "shares": [],
        "trials": 3,
        "sentence": "It needs 20 trials that ended well with a value of the metric, and there are 3.",
    }


def test_what_mattered_is_said_with_how_many_trials_it_rests_on(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """A failed trial does not count."""
    pytest.importorskip("optuna", reason="the importance of parameters is computed by Optuna")
    jobs = made(store, experiments, tmp_path, [[number / 30] for number in range(30)])
    with store.change() as change:
        change.connection.execute("UPDATE job SET state = 'failed' WHERE id = ?", (jobs[4].id,))
    found = sweeps.document(store)[0]["importance"]
    assert found["trials"] == 29
    assert found["shares"][0][0] == "lr"
    assert sum(share for _, share in found["shares"]) == pytest.approx(1)
    assert found["sentence"].startswith("By 29 trials that ended well, by PED-ANOVA")


@pytest.mark.skipif(find_spec("optuna") is None, reason="without Optuna the sentence is another one")
def test_trials_that_nothing_tells_apart_are_said_to_be_so(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Twenty equal values are not too few trials."""
    made(store, experiments, tmp_path, [[0.5]] * 25)
    assert "nothing tells them apart" in sweeps.document(store)[0]["importance"]["sentence"]


def test_a_sweep_without_a_metric_says_that(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """It has nothing to weigh, and no bands."""
    text = "".join(line for line in SWEEP.splitlines(keepends=True) if not line.startswith(("metric", "early")))
    made(store, experiments, tmp_path, [[], []], text)
    (found,) = sweeps.document(store)
    assert (found["metric"], found["best"], found["bands"], found["saved"]) == (None, None, [], None)
    assert found["importance"]["sentence"].startswith("The sweep has no metric")
    assert found["trials"][0] == {
        "number": 0,
        "run": found["trials"][0]["run"],
        "state": "done",
        "count": 0,
        "rows": [],
        "last": [],
    }


def test_only_sweeps_of_the_asked_jobs_are_there_and_all_their_trials(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """A report of one job must not tell of other sweeps; what stopped it were trials that may not be in the report."""
    one = made(store, experiments, tmp_path, HISTORIES)
    made(store, experiments, tmp_path, HISTORIES, identity="bb")
    assert [each["id"] for each in sweeps.document(store)] == ["bb", "aa"]
    (found,) = sweeps.document(store, [one[0].id])
    assert (found["id"], len(found["trials"])) == ("aa", 3)
    assert sweeps.document(store, []) == []


def test_a_long_course_is_thinned_and_keeps_its_extremes(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """A file that is sent must not grow with every row."""
    made(store, experiments, tmp_path, [[9.0 if row == 700 else 1.0 for row in range(2000)]])
    (trial,) = sweeps.document(store)[0]["trials"]
    assert trial["count"] == 2000
    assert len(trial["last"]) <= sweeps.POINTS
    assert max(trial["high"]) == 9.0
    json.dumps(trial, allow_nan=False)


NARROW = SWEEP.replace("max: 1.0", "max: 0.6")
TWO = SWEEP.replace("metric: {name: acc, goal: maximize}", "metrics: [{name: acc, goal: maximize}, {name: size}]")


def test_a_trial_outside_of_an_edited_space_says_by_what_and_a_better_one_there_is_named(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """It is in the table of runs like all others, and would be taken for the answer."""
    made(store, experiments, tmp_path, [*HISTORIES[1:], [0.1, 0.95]])
    (tmp_path / "sweep.yaml").write_text(NARROW)
    with store.change() as change:
        renew_sweep(change, "aa", read_plan(str(tmp_path / "sweep.yaml")).remembered(str(tmp_path), "wandb"))
    (found,) = sweeps.document(store)
    assert [each.get("outside") for each in found["trials"]] == [None, None, ["by lr"]]
    assert found["outside"].startswith("1 of them lies outside of the present space (1 by lr)")
    assert (found["best"], found["better"]) == ({"trial": 0, "value": 0.9}, {"trial": 2, "value": 0.95})
    assert [each["trial"] for each in found["improvements"]] == [0]


def test_of_several_objectives_the_front_stands_with_its_values_and_the_best_is_by_the_first(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """What was traded for what; a trial without the other value may look the best by the first, and cannot be compared."""
    jobs = made(store, experiments, tmp_path, [[0.5], [0.7], [0.6], [0.9]], TWO)
    with store.change() as change:
        for job, value, size in zip(jobs, (0.5, 0.7, 0.6, 0.9), (10.0, 30.0, 40.0, None), strict=True):
            note_history(change, job.id, 1, (value,), None, ((size,),))
    (found,) = sweeps.document(store)
    assert found["objectives"] == [{"name": "acc", "goal": "maximize"}, {"name": "size", "goal": "minimize"}]
    assert found["front"] == [{"trial": 1, "values": [0.7, 30.0]}, {"trial": 0, "values": [0.5, 10.0]}]
    assert found["best"] == {"trial": 1, "value": 0.7}
    assert [each["trial"] for each in found["improvements"]] == [0, 1]


def test_a_sweep_says_of_how_many_trials_of_others_it_was_told(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Where it began well it may have begun with what somebody else had found."""
    first = made(store, experiments, tmp_path, HISTORIES, identity="bb")
    made(store, experiments, tmp_path, HISTORIES, NARROW.replace("random", "bayes"))
    assert [each["evidence"] for each in sweeps.document(store)] == [[], []]
    with store.change() as change:
        add_evidence(change, "aa", [job.id for job in first])
    assert [each["evidence"] for each in sweeps.document(store)] == [
        ["to learn from (--from) it was given 2 of 3 trials of sweep bb (sweep.yaml); the other lies outside the present space"],
        [],
    ]
