"""What a submit did, what a dry run would do, and how to go on: sentences and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from scheduler.actions.results import Line
from scheduler.errors import Note, Remark
from scheduler.experiments import Experiment, differences, shell_line
from scheduler.home import Home
from scheduler.queue.code import Aged
from scheduler.queue.states import SUCCEEDED, WAITING, State
from scheduler.queue.submit import Submission, Verb
from scheduler.queue.waits import Lack
from scheduler.report.jobs import objects
from scheduler.report.text import plural
from scheduler.report.wandb_runs import how_to_send
from scheduler.runner.left_out import LeftOut
from scheduler.runner.streaks import Program

if TYPE_CHECKING:
    from scheduler.queue.foresight import Foreseen

REPEATED = "repeated"  # an experiment that stands further up already


def described(submission: Submission, file: str) -> list[str]:
    """What became of the experiments of `file`."""
    kinds = _kinds(submission)
    notes = [f"{file}: {plural(len(submission.jobs), 'experiment')}" + (f" ({kinds})" if kinds else "")]
    if submission.repeated:
        notes.append(f"{plural(submission.repeated, 'repeated experiment')} in the file: each runs once")
    if renewed := submission.counts[Verb.RENEWED]:
        notes.append(
            f"{plural(renewed, 'queued job')} take{'s' * (renewed == 1)} the file's present resources, policy and command"
        )
    if later := submission.counts[Verb.NEXT_TIME]:
        notes.append(
            f"{plural(later, 'running job')} go{'es' * (later == 1)} on as begun; a next attempt takes what the file says now"
        )
    if submission.counts[Verb.SUCCEEDED]:
        notes.append("what succeeded before is not repeated; --again runs everything")
    if submission.counts[Verb.LOST]:
        notes.append("jobs whose outcome is unknown are left alone; --lost runs them again")
    return notes


def foreseen(found: Foreseen, file: str) -> str:
    """What would become of them."""
    kinds = _kinds(found)
    return f"{file}: {plural(found.counts.total(), 'experiment')}" + (f" ({kinds})" if kinds else "")


def _kinds(found: Submission | Foreseen) -> str:
    more = {Verb.SUCCEEDED: other_code(found.outdated)}
    return ", ".join(f"{count} {verb.value}{more.get(verb, '')}" for verb in Verb if (count := found.counts[verb]))


def other_code(outdated: Mapping[Aged, Sequence[int]]) -> str:
    """How many of those just named ran with other code than there is now, to go on with; "" for none."""
    return "".join(f", {len(jobs)} of them with {change}" for change, jobs in outdated.items())


def remarks(path: str, notes: Sequence[Note]) -> list[str]:
    """A sentence for each thing that the writer of the file at `path` should know."""
    return [f"warning: {note if isinstance(note, Remark) else f'{path}: {note}'}" for note in notes]


def submitted_objects(submission: Submission, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The jobs for programs, each with what the submit did with it."""
    verbs = (submission.verbs[line.job.number].name.lower() for line in lines)
    return [{**row, "verb": verb} for row, verb in zip(objects(lines), verbs, strict=True)]


def farewell(results: Sequence[Line], home: Home, left_out: Sequence[LeftOut], *, interrupted: bool, by_file: bool) -> list[str]:
    """The last words of a run: how many of each state, where the logs are, how to go on, and what was left out.

    `by_file`: the command named its jobs and finds them again; `work` and `resume` look for what is queued, and would not.
    """
    offline = how_to_send([(line.job, line.attempt) for line in results], home)
    return [*_summary(results, home, interrupted=interrupted, by_file=by_file), *offline, *map(_left_out, left_out)]


def _left_out(each: LeftOut) -> str:
    count = len(each.numbers)
    some = f"{plural(count, 'job')} of {each.why}" if isinstance(each.why, Program) else f"{plural(count, 'job')}"
    if isinstance(each.why, Lack):
        they = "it" if count == 1 else "them"
        return f"still queued: {plural(count, 'job')}, {each.why.reason}; the same command again goes on with {they}"
    if isinstance(each.why, Program):
        return (
            f"still queued: {some}, not started after failures in a row. Mend the cause, then the same command again goes on "
            "with them; --max-failures none starts all, however many fail"
        )
    return (
        f"still queued: {some} that can never run {each.there}: {each.why}. Change `resources` and run or submit the file again, "
        f"or take {'it' if count == 1 else 'them'} out: `exp-queue cancel {each.job.short_id}`"
    )


def _summary(results: Sequence[Line], home: Home, *, interrupted: bool, by_file: bool) -> list[str]:
    if not results:
        return ["nothing was run"]
    states = Counter(str(line.job.state) for line in results)
    summary = ", ".join(f"{count} {state}" for state, count in states.items())
    rest = [state for state in states if state not in SUCCEEDED]
    notes = [f"{plural(len(results), 'job')}: {summary}"]
    notes.append(f"logs: exp-queue logs ID, or log.txt below {home.root / 'attempts'}")
    if any(line.job.state in WAITING for line in results) and interrupted:
        notes.append("go on: the same command again starts what is still queued")
    elif rest == [State.SKIPPED]:
        skipped = next(line.job.short_id for line in results if line.job.state is State.SKIPPED)
        notes.append(f"again: once what they come after has succeeded; `exp-queue explain {skipped}` names it")
    elif rest:
        retry = f"`exp-queue retry {' '.join(rest)}{' --lost' * (State.LOST in rest)}` runs such jobs again"
        notes.append("again: " + ("the same command repeats only what did not succeed" if by_file else retry))
    return notes


def planned_rows(experiments: Sequence[Experiment], verbs: Sequence[Verb | None] = ()) -> list[dict[str, str]]:
    """What would run, for people: numbers, since nothing has an id that a command would find, what would be done with each, where
    that is not the same for all, and command lines."""
    told = [each.value if each else REPEATED for each in verbs] if len(set(verbs)) > 1 else []
    rows = [{"": str(number), "command": shell_line(each.argv)} for number, each in enumerate(experiments, 1)]
    return [{"": row[""], "what": what, **row} for row, what in zip(rows, told, strict=True)] if told else rows


def planned_objects(experiments: Sequence[Experiment], verbs: Sequence[Verb | None] = ()) -> list[dict[str, Any]]:
    """What would run, for programs. `verb`, where that is known, is what would be done, as `submit` has it; None: the experiment
    stands further up already."""
    names = differences([each.config for each in experiments])
    rows = [
        {
            "experiment": each.id,
            "group": each.group,
            "config": each.config,
            "differs_in": names,
            "argv": list(each.argv),
            "resources": asdict(each.resources),
            "policy": asdict(each.policy),
        }
        for each in experiments
    ]
    told = [{"verb": each and each.name.lower()} for each in verbs] or [{}] * len(rows)
    return [row | verb for row, verb in zip(rows, told, strict=True)]
