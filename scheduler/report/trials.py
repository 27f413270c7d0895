"""Why a trial was stopped early, or was not: the bands, their thresholds, and who was better."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from scheduler.queue.states import ENDED, State
from scheduler.report.text import number, plural
from scheduler.sweeps.engine.explaining import Recalled
from scheduler.sweeps.stopping.hyperband import Band
from scheduler.sweeps.stopping.rules import SERVER

NAMED = 5  # trials that a row of the table names


def headline(found: Recalled) -> str:
    """One or two sentences about the trial."""
    trial, job = found.trial, found.chosen.job[:8]
    head = f"trial {trial.number} (job {job}) of {found.sweep.file}"
    if trial.state is State.STOPPED_EARLY and found.chosen.verdict:
        verdict = json.loads(found.chosen.verdict)
        better = ", ".join(f"trial {each}" for each in verdict["better"])
        return f"{head} was stopped early: {verdict['sentence']}" + (f" (better: {better})" if better else "")
    state = f"is {trial.state}" if trial.state not in ENDED else f"was not stopped early: it is {trial.state}"
    logged = f" after {plural(len(trial.rows), 'row')} of {found.metric}" if found.metric else ""
    return f"{head} {state}{logged}{_too_late(found) or _rule(found)}"


def _too_late(found: Recalled) -> str:
    if not found.chosen.verdict or found.trial.state is not State.DONE:
        return ""
    return f"; to stop it would have come too late: {json.loads(found.chosen.verdict)['sentence']}"


def _rule(found: Recalled) -> str:
    if not found.metric:
        return "; its sweep has no metric, so nothing is compared"
    if found.pruner == SERVER:
        return "; early stopping is the business of its W&B server"
    if found.rule is None:
        return (
            f"; its sweep runs with --pruner {found.pruner}" if found.pruner != "wandb" else "; its file has no early_terminate"
        )
    return ""


def band_rows(found: Recalled) -> list[dict[str, str]]:
    """One row for each band that somebody has reached, as it stands now."""
    return [_band_row(found, band) for band in found.bands() if band.reached]


def _band_row(found: Recalled, band: Band) -> dict[str, str]:
    mine = next((each.value for each in band.reached if each.number == found.trial.number), None)
    return {
        **_reached(band),
        f"trial {found.trial.number} there": number(mine) if mine is not None else "not yet there",
        _BEST_THERE: _best_there(band),
    }


_BEST_THERE = "best there (trial: value)"


def _reached(band: Band) -> dict[str, str]:
    return {"row": str(band.rows), "trials there": str(len(band.reached)), "still passes": number(band.threshold) or "any"}


def _best_there(band: Band) -> str:
    best = [f"{each.number}: {number(each.value)}" for each in band.reached]
    return ", ".join(best[:NAMED]) + (", ..." if len(best) > NAMED else "")


def rows_of_bands(bands: Sequence[Band]) -> list[dict[str, str]]:
    """The same of a whole sweep."""
    return [{**_reached(band), _BEST_THERE: _best_there(band)} for band in bands]


def objects_of_bands(bands: Sequence[Band]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "rows": band.rows,
            "threshold": band.threshold,
            "reached": [{"trial": each.number, "value": each.value} for each in band.reached],
        }
        for band in bands
    ]


def as_object(found: Recalled, because: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "id": found.chosen.job,
        "trial": found.trial.number,
        "state": str(found.trial.state),
        "because": because,
        "verdict": json.loads(found.chosen.verdict) if found.chosen.verdict else None,
        "history": list(found.trial.rows),
        "bands": objects_of_bands(found.bands()),
    }
