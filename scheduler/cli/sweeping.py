"""How a sweep ends on the command line."""

from __future__ import annotations

import sys

from scheduler.actions.sweep import Swept
from scheduler.cli.driving import Sitting, leaving
from scheduler.cli.options import say
from scheduler.report import sweeps as report
from scheduler.report.tables import print_json, print_table


def concluded(swept: Swept, here: Sitting, style: str) -> int:
    """Print the results, the best first; returns the exit status. UserError where all trials were in vain."""
    if swept.results is None:
        here.told.over(swept.driven, ())
        return leaving(swept.driven)
    if style == "json":
        print_json(report.as_object(swept.results, swept.sightings), sys.stdout)
    else:
        print_table(report.rows(swept.results), sys.stdout)
    last_words = report.farewell(swept.results, here.store.home, interrupted=swept.driven.interrupted)
    say(last_words)
    here.told.over(swept.driven, last_words)
    if swept.driven.interrupted:
        return 130
    if swept.sightings.in_vain:
        raise swept.sightings.fault(swept.results.plan.metric_place, elsewhere=bool(swept.results.plan.chooser))
    return 0 if swept.all_succeeded else 1
