"""Jobs are found by what people call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.queue.names import name_of
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.queue.submit import submit

GRID = "experiment_group: {group}\ncommand: ['true', '${{args}}']\ngrid: {{x: [{x}]}}\n"


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two groups from two files in one directory, which is the present one, and a file of the same name elsewhere."""
    for directory, file, group, x in [(".", "a.yaml", "Nets", 1), (".", "b.yaml", "cafe", 2), ("more", "b.yaml", "Old", 3)]:
        (tmp_path / directory).mkdir(exist_ok=True)
        (tmp_path / directory / file).touch()
        submit(store, experiments(GRID.format(group=group, x=x)), str(tmp_path / directory), file=file)
    monkeypatch.chdir(tmp_path)
    return store


def found(store: Store, *words: str) -> list[int]:
    return [job.config["x"] for job in select(store, words)]


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("Nets", [1]),
        ("cafe", [2]),
        ("group:cafe", [2]),
        ("a.yaml", [1]),
        ("./a.yaml", [1]),
        ("b.yaml", [2]),
        ("more/b.yaml", [3]),
    ],
)
def test_a_group_and_a_file_are_found_by_their_names(filled: Store, word: str, values: list[int]) -> None:
    """Those are the words that people gave, and the ids are not."""
    assert found(filled, word) == values
    assert found(filled, word, "all") == [1, 2, 3]


def test_from_elsewhere_a_file_is_found_by_its_path_or_by_a_name_that_only_one_has(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means two files must not cancel the jobs of the wrong one."""
    (tmp_path / "third").mkdir()
    monkeypatch.chdir(tmp_path / "third")
    assert found(filled, "a.yaml") == [1]
    assert found(filled, "../b.yaml") == [2]
    with pytest.raises(UserError, match=r"several files.*more/b\.yaml; name one"):
        found(filled, "b.yaml")
    Path("a.yaml").touch()
    with pytest.raises(UserError, match=r"no job is of the file a\.yaml; `exp-queue run a\.yaml` makes some"):
        found(filled, "a.yaml")


def test_the_file_that_asked_last_is_the_jobs_file(filled: Store, experiments, tmp_path: Path) -> None:
    """A file that was renamed finds what it asks for, whatever ran it before."""
    submit(filled, experiments(GRID.format(group="Nets", x=1)), str(tmp_path), file="renamed.yaml")
    assert found(filled, "renamed.yaml") == [1]
    with pytest.raises(UserError):
        found(filled, "a.yaml")


@pytest.mark.parametrize(
    ("word", "near"), [("Netz", '"Nets"'), ("a.yml", '"a.yaml"'), ("faild", '"failed"'), ("zzz", "known are: last")]
)
def test_a_name_that_is_wrong_gets_the_one_that_is_near(filled: Store, word: str, near: str) -> None:
    """States, groups and files alike."""
    with pytest.raises(UserError) as refused:
        found(filled, word)
    assert near in refused.value.next_step


def test_a_word_that_is_a_group_and_begins_an_id_is_refused(store: Store, experiments) -> None:
    """`cancel` must not choose between the two."""
    (job,) = submit(store, experiments(GRID.format(group="Some", x=1)), "/").jobs
    (other,) = submit(store, experiments(GRID.format(group=job.id[:2], x=2)), "/").jobs
    with pytest.raises(UserError, match="and an id begins with it"):
        select(store, [job.id[:2]])
    assert select(store, [f"group:{job.id[:2]}"]) == [other]
    assert select(store, [job.id[:8]]) == [job]


def test_a_job_has_a_readable_name_at_once_and_is_found_by_it(filled: Store) -> None:
    """Nobody remembers 3f2a9c81; the name is unlike that of any other job, and stays as long as the job is there."""
    jobs = filled.jobs()
    assert [job.name for job in jobs] == [name_of(job.id, job.number) for job in jobs]
    assert all(job.name.endswith(f"-{job.number}") for job in jobs)
    assert [found(filled, job.name) for job in jobs] == [[1], [2], [3]]


def test_a_name_that_another_job_could_have_names_none(filled: Store) -> None:
    """A number with the wrong words is a slip: nothing else may be cancelled for it."""
    first, second = filled.jobs()[:2]
    wrong = first.name.rpartition("-")[0] + f"-{second.number}"
    with pytest.raises(UserError, match="is neither a job id nor a state"):
        found(filled, wrong)


def test_jobs_are_found_by_a_tag_as_a_whole_word(filled: Store) -> None:
    """`tag:base` must not bring what is tagged baseline; a tag that nothing has names nothing, and is no error."""
    with filled.change() as change:
        change.connection.execute("UPDATE job SET tags = 'baseline old' WHERE number IN (1, 3)")
    assert found(filled, "tag:baseline") == found(filled, "tag:old") == [1, 3]
    assert found(filled, "tag:base") == []
    assert [job.tags for job in filled.jobs()] == [("baseline", "old"), (), ("baseline", "old")]
