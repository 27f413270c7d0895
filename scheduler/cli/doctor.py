"""`exp-queue doctor`: what this machine offers, and what is in the way."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from scheduler.cli.options import format_option

IMPOSSIBLE_HERE = 3
PATIENCE = 20.0  # seconds; a driver without its persistence daemon initialises every GPU anew


@click.command()
@format_option
def doctor(style: str) -> int:
    """What this machine offers, and what is in the way: driver, GPUs, permissions, the claims' folder, disk, versions.

    The exit status is 3 if something keeps jobs from running, else 0.
    """
    from scheduler.gpus.sampler import read_once
    from scheduler.jobs.diagnosis import FINE, PROBLEM, diagnose
    from scheduler.report import tables

    findings = diagnose(read_once(PATIENCE))
    if style == "json":
        tables.print_json([asdict(finding) for finding in findings], sys.stdout)
    else:
        rows = [{"": "" if f.state == FINE else f.state, "about": f.about, "finding": f.says} for f in findings]
        tables.print_table(rows, sys.stdout)
    return IMPOSSIBLE_HERE if any(finding.state == PROBLEM for finding in findings) else 0
