"""What a prerequisite means, as a table."""

from __future__ import annotations

import pytest

from scheduler.queue.dependencies import Needs, Standing, standing

WAIT, READY, NEVER = Standing


@pytest.mark.parametrize(
    ("needs", "unfinished", "failed", "meant"),
    [
        (Needs(), 3, 0, WAIT),
        (Needs(), 1, 0, WAIT),
        (Needs(), 0, 0, READY),
        (Needs(), 1, 1, NEVER),
        (Needs(), 0, 1, NEVER),
        (Needs(anyhow=True), 1, 2, WAIT),
        (Needs(anyhow=True), 0, 3, READY),
        (Needs(one=True), 3, 0, WAIT),
        (Needs(one=True), 2, 1, WAIT),
        (Needs(one=True), 2, 0, READY),
        (Needs(one=True), 1, 1, READY),
        (Needs(one=True), 0, 3, NEVER),
        (Needs(one=True), 0, 2, READY),
        (Needs(one=True, anyhow=True), 3, 0, WAIT),
        (Needs(one=True, anyhow=True), 2, 1, READY),
    ],
)
def test_what_three_jobs_mean_for_those_after_them(needs: Needs, unfinished: int, failed: int, meant: Standing) -> None:
    """Slurm's afterok is the first block, afterany the second."""
    assert standing(needs, 3, unfinished, failed) is meant
