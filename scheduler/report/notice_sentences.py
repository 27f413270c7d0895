"""What is said of a notice that says all by itself, whatever came before it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scheduler.actions.notices import Said
from scheduler.report.paced import paced
from scheduler.report.text import duration, plural
from scheduler.runner.notices import (
    Cold,
    Elsewhere,
    Impossible,
    Interrupted,
    Noted,
    OtherCode,
    Paced,
    Resized,
    StandsStill,
    StillReading,
    Trouble,
    Warm,
    Warned,
)


def _interrupted(notice: Interrupted) -> Iterator[str]:
    running, (has, go) = plural(notice.running, "job"), ("has", "goes") if notice.waiting == 1 else ("have", "go")
    if notice.times == 1 and not notice.running:
        taken_back = f"; {plural(notice.waiting, 'job')} that {has} not begun {go} back into the queue" if notice.waiting else ""
        yield f"Ctrl-C: nothing more is started, and nothing runs{taken_back}."
    elif notice.times == 1:
        taken_back = f" ({notice.waiting} that {has} not begun {go} back into the queue)" if notice.waiting else ""
        yield f"Ctrl-C: nothing more is started; waiting for {running} to finish{taken_back}. Ctrl-C again stops them."
        # Who ends us now may read no more of us: `!exp-queue` of a notebook gives us 0.2 s for our words.
        yield (
            "If this command is ended before, as a notebook does when it is interrupted, what runs goes on: "
            "`exp-queue cancel running` stops it, and the same command again joins it."
        )
    elif notice.waiting and not notice.running:
        yield f"Ctrl-C: {plural(notice.waiting, 'job')} that {has} not begun will not begin. Ctrl-C again leaves without waiting."
    else:
        they = "it has" if notice.running == 1 else "they have"
        others = f"; {notice.waiting} that {has} not begun will not begin" if notice.waiting else ""
        yield (
            f"Ctrl-C: stopping {running} (SIGINT); {they} {notice.grace:g} s to save the work, then SIGTERM follows and, "
            f"{notice.grace / 2:g} s later, SIGKILL{others}. Ctrl-C again leaves without waiting."
        )


def _elsewhere(notice: Elsewhere) -> Iterator[str]:
    names = [*notice.variables, *([notice.job.argv[0]] if notice.program else [])]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    where = f" ({notice.program})" if notice.program else ""
    yield f"job {notice.job.short_id} runs with the {listed} of its submit{where}, not of this shell"


def _other_code(notice: OtherCode) -> Iterator[str]:
    others = f"; {notice.others:,} more are queued that would" if notice.others > 1 else ""
    others = others or "; 1 more is queued that would" * notice.others
    yield f"job {notice.job.short_id} starts with {notice.change} than it was queued with{others}"


def _warm(notice: Warm) -> Iterator[str]:
    more = f" and {len(notice.packages) - 3} more" if len(notice.packages) > 3 else ""
    what = f"with {', '.join(notice.packages[:3])}{more} imported" if notice.packages else "in an interpreter that is there"
    size = f"{notice.seconds:.1f} s, {notice.bytes >> 20:,} MiB, once"
    yield f"jobs of `{notice.program}` begin {what} from now on ({size}; --cold: each for itself)"


def _cold(notice: Cold) -> Iterator[str]:
    yield f"each job of `{notice.program}` imports for itself: {notice.why}"


def _impossible(notice: Impossible) -> Iterator[str]:
    others = f" (so do {notice.jobs - 1:,} others that ask for the same)" if notice.jobs > 1 else ""
    yield f"{notice.job.short_id} waits: it can never run {notice.there}: {notice.reason}; it stays queued{others}"


def _noted(notice: Noted) -> Iterator[str]:
    yield f"{notice.job.short_id}: {notice.text}"


def _stands_still(notice: StandsStill) -> Iterator[str]:
    yield f"nothing has run for {duration(notice.seconds)}, and nothing can start: {notice.reason}"


def _still_reading(notice: StillReading) -> Iterator[str]:
    so_far = f"reading what {notice.attempt.job[:8]} has logged, {notice.share:.0%}"
    yield f"{so_far}; Ctrl-C leaves the rest to the next `run` or `work`"


def _trouble(notice: Trouble) -> Iterator[str]:
    yield f"nothing is started for now: {notice.what}. What runs goes on; this command tries again by itself."


def _resized(notice: Resized) -> Iterator[str]:
    yield f"now at most {notice.slots} at once; {notice.note}"


def _warned(notice: Warned) -> Iterator[str]:
    yield f"warning: {notice.text}"


def _paced(notice: Paced) -> Iterator[str]:
    yield paced(notice)


def _said(notice: Said) -> Iterator[str]:
    yield notice.text


SENTENCES: Mapping[type, Callable[[Any], Iterator[str]]] = {
    Noted: _noted,
    StandsStill: _stands_still,
    StillReading: _still_reading,
    Impossible: _impossible,
    Trouble: _trouble,
    Interrupted: _interrupted,
    Warned: _warned,
    Elsewhere: _elsewhere,
    OtherCode: _other_code,
    Resized: _resized,
    Paced: _paced,
    Warm: _warm,
    Cold: _cold,
    Said: _said,
}
