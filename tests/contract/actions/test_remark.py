"""What people say of jobs, on a real queue: tags, notes, names."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.actions.remark import annotate, rename, tag
from scheduler.errors import UserError
from scheduler.experiments.remarks import Remarks
from scheduler.queue.names import name_of
from scheduler.queue.selection import select, select_single
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit

GRID = "experiment_group: Nets\ncommand: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Three jobs: one queued, one that runs, one that is over."""
    monkeypatch.chdir(tmp_path)
    jobs = submit(store, experiments(GRID), str(tmp_path), file="grid.yaml").jobs
    with store.change() as change:
        change.begin(jobs[1], "launcher", "")
        change.move(jobs[2].id, State.CANCELLED)
    return store


def said(store: Store) -> list[tuple[tuple[str, ...], str]]:
    return [(job.tags, job.note) for job in store.jobs()]


def test_jobs_are_tagged_whatever_state_they_are_in(filled: Store) -> None:
    """One knows which was the baseline when it is over."""
    assert tag(filled, ["group:Nets"], ["b,a"]).changed == 3
    assert tag(filled, ["cancelled"], ["a", "c"]).changed == 1
    assert [tags for tags, _ in said(filled)] == [("a", "b"), ("a", "b"), ("a", "b", "c")]
    assert [job.config["x"] for job in select(filled, ["tag:c"])] == [3]


def test_a_tag_is_taken_from_the_jobs_that_it_names(filled: Store) -> None:
    """The jobs are found by the very tag that goes; none may be passed over for that."""
    tag(filled, ["all"], ["a"])
    tag(filled, ["cancelled"], ["b"])
    done = tag(filled, ["tag:a"], ["a"], remove=True)
    assert (done.named, done.changed, [job.tags for job in done.jobs or ()]) == (3, 3, [(), (), ("b",)])


def test_a_forgotten_tag_is_no_tag(filled: Store) -> None:
    """`tag group:Nets failed` lacks the tag; and `tag tag:a last` the last word."""
    with pytest.raises(UserError, match='"failed" names jobs, and is no tag; the tag comes last'):
        tag(filled, ["group:Nets"], ["failed"])
    assert [tags for tags, _ in said(filled)] == [()] * 3


def test_a_note_is_written_continued_and_taken_away(filled: Store) -> None:
    """What was learnt in the evening must not wipe out what was learnt in the morning."""
    annotate(filled, ["all"], "too slow\n")
    annotate(filled, ["cancelled"], "and too hot", append=True)
    annotate(filled, ["cancelled"], "and too hot", append=True)
    assert [note for _, note in said(filled)] == ["too slow", "too slow", "too slow\nand too hot"]
    annotate(filled, ["all"], "")
    assert [note for _, note in said(filled)] == ["", "", ""]


def test_a_note_has_an_end(filled: Store) -> None:
    """It is read with every job; a log does not belong there, also not line by line."""
    annotate(filled, ["all"], "x" * 9_990)
    for text in ("y" * 20, "z" * 10_001):
        with pytest.raises(UserError, match="a note has at most 10,000 characters"):
            annotate(filled, ["all"], text, append=len(text) < 100)
    assert {len(note) for _, note in said(filled)} == {9_990}


def test_nothing_said_of_nothing_is_an_error(filled: Store) -> None:
    """A note about `failed` where nothing failed would be thought to be somewhere."""
    with pytest.raises(UserError, match="no failed jobs"):
        annotate(filled, ["failed"], "why?")


def test_a_job_is_found_by_both_its_names(filled: Store) -> None:
    """The old name stands in yesterday's notes."""
    job = filled.jobs()[0]
    assert rename(filled, job.name, "baseline").name == "baseline"
    assert select_single(filled, "baseline").id == select_single(filled, job.name).id == job.id
    assert rename(filled, "baseline", job.name).renamed is None
    with pytest.raises(UserError):
        select_single(filled, "baseline")


def test_a_name_that_is_taken_is_refused_and_says_by_whom(filled: Store, tmp_path: Path) -> None:
    """Two jobs of one name could not be told apart, and a group's name would hide its jobs."""
    one, two, three = filled.jobs()
    rename(filled, one.id, "baseline")
    rename(filled, one.id, "baseline")
    with pytest.raises(UserError, match='another job is called "baseline"'):
        rename(filled, two.id, "baseline")
    with pytest.raises(UserError, match="has the form of the names that the queue gives itself"):
        rename(filled, two.id, name_of(three.id, three.number))
    with pytest.raises(UserError, match='"Nets" is the name of a group or a file'):
        rename(filled, two.id, "Nets")
    with pytest.raises(UserError, match='"all" names several jobs'):
        rename(filled, "all", "other")
    assert [job.renamed for job in filled.jobs()] == ["baseline", None, None]


def test_what_a_file_says_of_its_jobs_adds_to_what_was_said(store: Store, experiments, tmp_path: Path) -> None:
    """The same command again must neither forget a person's tags nor write the note twice."""
    submit(store, experiments(GRID), str(tmp_path), remarks=Remarks(("a",), "first"))
    tag(store, ["all"], ["b"])
    submit(store, experiments(GRID), str(tmp_path), remarks=Remarks(("a",), "first"))
    assert said(store) == [(("a", "b"), "first")] * 3
