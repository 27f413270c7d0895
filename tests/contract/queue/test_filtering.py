"""Which jobs numbers and filters name, on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.actions.logged import summaries
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.selection import chosen, count, none_of, select, select_single
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.tracking.metric_log import MetricLog

FILE = """
experiment_group: iam
command: ['true', '${args}']
experiments:
  - {lr: 0.1, net: {width: 32, name: line-cnn}, old: true}
  - {lr: 0.001, net: {width: 64, name: transformer}}
  - {lr: 1e-4, net: {width: 64, name: Line-LSTM}, state: solid}
"""
OTHER = "experiment_group: mnist\ncommand: ['true', '${args}']\nexperiments:\n  - {batch: 8}\n  - {batch: 16, note: b}\n"
LOGGED = {1: [0.9, 0.3, 0.4], 2: [0.5, 0.15], 3: []}  # by number: val_cer row by row


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home, summaries=summaries) as opened:
        yield opened


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path) -> Store:
    """Five jobs: three of one group, of which two have logged, and two of another."""
    submit(store, experiments(FILE), str(tmp_path))
    submit(store, experiments(OTHER), str(tmp_path))
    for number, values in LOGGED.items():
        job = store.by_numbers([number])[0]
        directory = tmp_path / str(number)
        directory.mkdir()
        log = MetricLog(directory / "metrics.jsonl")
        for epoch, value in enumerate(values):
            log.log({"val_cer": value, "lr": 7}, epoch)
        log.finish()
        with store.change() as change:
            change.connection.execute(
                "INSERT INTO attempt (job, number, launcher, directory, started, boot, gpus, ended, duration, state, exit_status)"
                " VALUES (?, 1, 'l', ?, 0, '', '', 0, ?, ?, ?)",
                (job.id, str(directory), number * 3600, "failed" if number == 1 else "done", 1 if number == 1 else 0),
            )
            change.connection.execute(
                "UPDATE job SET attempts = 1, state = ? WHERE id = ?", ("failed" if number == 1 else "done", job.id)
            )
    with store.change() as change:
        change.connection.execute("UPDATE job SET tags = 'old small' WHERE number IN (1, 4)")
        change.connection.execute("UPDATE job SET note = 'Too slow' WHERE number = 2")
        change.connection.execute("UPDATE job SET submitted = submitted - 3 * 86400 WHERE number = 3")
    return store


def found(store: Store, *words: str) -> list[int]:
    numbers = [job.number for job in select(store, words)]
    assert count(store, words) == len(numbers)
    return numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("lr<0.01", [2, 3]),
        ("lr=1e-3", [2]),
        ("lr<0.01 and net.width=64 and not note~slow", [3]),
        ("net.name~LINE", [1, 3]),
        ("batch>8 or lr>=0.1", [1, 5]),
        ("not lr<0.01", [1, 4, 5]),
        ("old=true", [1]),
        ("state=failed", [1]),
        ("state!=failed and group=iam", [2, 3]),
        ("config.state=solid", [3]),
        ("config.note=b", [5]),
        ("group!=iam", [4, 5]),
        ("group~MNI", [4, 5]),
        ("tag=old", [1, 4]),
        ("tag!=old", [2, 3, 5]),
        ("tag~mal and not failed", [4]),
        ("group:iam and not tag:old", [2, 3]),
        ("number>=4", [4, 5]),
        ("2-4 and group:iam", [2, 3]),
        ("duration>1h30", [2, 3]),
        ("duration<=1h", [1]),
        ("age>2d", [3]),
        ("submitted<1d and group=iam", [1, 2]),
        ("exit_status=1", [1]),
        ("attempts=0", [4, 5]),
        ("gpus=0", [1, 2, 3, 4, 5]),
        ("note='Too slow'", [2]),
        ("note!~fast", [2]),
        ("val_cer<0.2", [2]),
        ("val_cer<1", [1, 2]),
        ("best.val_cer<0.35", [1, 2]),
        ("max.val_cer>0.8", [1]),
        ("first.val_cer=0.5", [2]),
        ("last.lr=7", [1, 2]),
        ("lr<0.01 and val_cer<1", [2]),
        ("lr<0.01 or val_cer<1", [1, 2, 3]),
        ("failed or val_cer<0.2", [1, 2]),
        ("not val_cer<0.2 and group=iam", [1, 3]),
        ("lr=0.1 and (batch=8 or failed)", [1]),
        ("lr=5", []),
    ],
)
def test_a_filter_names_the_jobs_for_which_it_holds(filled: Store, text: str, numbers: list[int]) -> None:
    """A job that lacks a name does not match, a parameter goes before a logged value, and `not` means all others."""
    assert found(filled, text) == numbers


def test_a_job_is_found_by_a_part_of_its_name(filled: Store) -> None:
    """Of a name somebody remembers one half."""
    job = filled.jobs()[1]
    assert 2 in found(filled, f"name~{job.name.split('-')[1]}")
    assert found(filled, f"name={job.name}") == [2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lrr<0.01", """in the filter 'lrr<0.01', character 1: no job has "lrr"; did you mean "lr"?"""),
        ("lr<1 and vla_cer<0.2", """character 10: no job has "vla_cer"; did you mean "val_cer"?"""),
        ("lr=5 and zzz=1", """character 10: no job has "zzz"; known are: """),
        ("best.vla_cer<0.2", """did you mean "val_cer"?"""),
        ("config.lrr=1", """no job has "config.lrr"; did you mean "lr"?"""),
        ("state=faild", """character 7: no job can be "faild"; did you mean "failed"?"""),
        ("group<3", "group is a text, which has no order; compare it by = != ~ !~"),
        ("duration=soon", "duration is a number or a duration such as 1h30"),
        ("failde and lr<1", """character 1: "failde" is neither a job id nor a state; did you mean "failed"?"""),
    ],
)
def test_a_name_or_a_word_that_nothing_has_is_an_error_that_names_the_nearest(filled: Store, text: str, said: str) -> None:
    """A slip in a filter must not become the answer that there are none."""
    with pytest.raises(UserError) as refused:
        chosen(filled, [text])
    assert said in str(refused.value)


def test_a_name_that_only_other_jobs_have_is_no_error(filled: Store) -> None:
    """`group:iam and batch=8` names none: batch is known, if not there."""
    assert found(filled, "group:iam and batch=8") == []
    assert found(filled, "queued and val_cer<0.2") == []


@pytest.mark.parametrize(
    ("word", "numbers"),
    [("2", [2]), ("#2", [2]), ("2-4", [2, 3, 4]), ("1,4-5", [1, 4, 5]), ("4-99", [4, 5])],
)
def test_jobs_are_found_by_the_numbers_that_tables_show(filled: Store, word: str, numbers: list[int]) -> None:
    """A number is what one types; of a range those that there are."""
    assert found(filled, word) == numbers


def renamed(store: Store, number: int, to: str) -> None:
    """Give a job another id."""
    store.connection.execute("DELETE FROM event")
    store.connection.execute("UPDATE job SET id = ? || substr(id, ?) WHERE number = ?", (to, len(to) + 1, number))


@pytest.fixture
def few(store: Store, experiments, tmp_path: Path) -> Store:
    """Three jobs without attempts, so that their ids can be changed, none of which begins with a 1."""
    submit(store, experiments("command: ['true']\ngrid: {x: [1, 2, 3]}\n"), str(tmp_path))
    for number in (1, 2, 3):
        renamed(store, number, f"a{number}")
    return store


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("99", "there is no job 99, and no id begins with it; the newest job is 3"),
        ("7-9", "there is no job with a number of 7-9; the newest job is 3"),
        ("5-2", "5-2 goes backwards; write 2-5"),
    ],
)
def test_a_number_that_no_job_has_is_an_error(few: Store, word: str, said: str) -> None:
    """Nothing else may be cancelled for a slip."""
    with pytest.raises(UserError) as refused:
        chosen(few, [word])
    assert said in str(refused.value)


def test_a_short_number_is_a_number_though_an_id_begins_with_it(few: Store) -> None:
    """Nobody types so few letters of an id, and tables show the number."""
    renamed(few, 3, "2b")
    assert found(few, "2") == [2]
    assert found(few, "2b") == [3]


def test_digits_that_are_no_number_are_the_beginning_of_an_id(few: Store) -> None:
    """As they were before jobs had visible numbers."""
    renamed(few, 3, "77")
    assert found(few, "77") == [3]


def test_a_long_number_with_which_an_id_begins_is_refused(few: Store) -> None:
    """People do type four letters of an id, and `cancel` must not choose between the two."""
    few.connection.execute("UPDATE job SET number = 1234 WHERE number = 3")
    renamed(few, 1, "1234")
    with pytest.raises(UserError, match=r"1234 is the number of a job, and an id begins with it; write '#1234' for the number"):
        chosen(few, ["1234"])
    assert found(few, "#1234") == [1234]
    assert found(few, few.by_numbers([1])[0].id[:12]) == [1]


def test_a_number_that_is_also_a_group_is_refused(few: Store) -> None:
    """It has named the group, and may have been meant so."""
    few.connection.execute("UPDATE job SET group_name = '2' WHERE number = 1")
    with pytest.raises(UserError, match=r"2 is the number of a job, and a group or a file is called so; write '#2'"):
        chosen(few, ["2"])
    assert (found(few, "group:2"), found(few, "#2")) == ([1], [2])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["lr"],
            """"lr" is what jobs can be chosen by, and names none; write 'lr=VALUE', in quotes, since a shell takes < and >""",
        ),
        (["duration"], "'duration<0.01'"),
        (["lr=1", "and", "failed"], """"and" belongs to a filter; put the whole filter in quotes: 'lr=1 and failed'"""),
        (["not", "failed"], "put the whole filter in quotes: 'not failed'"),
    ],
)
def test_what_a_shell_has_left_of_a_filter_is_told_to_be_quoted(filled: Store, words: list[str], said: str) -> None:
    """`lr<0.01` without quotes arrives as `lr`, and `cancel lr=1 and failed` would cancel every failed job."""
    with pytest.raises(UserError) as refused:
        chosen(filled, words)
    assert said in str(refused.value)


def test_a_group_whose_name_looks_like_a_filter_is_still_found(filled: Store) -> None:
    """What somebody has called so goes before what we would read in it."""
    filled.connection.execute("UPDATE job SET group_name = 'lr=0.1 (new)' WHERE number = 5")
    assert found(filled, "lr=0.1 (new)") == [5]


def test_a_filter_that_leaves_nothing_is_said_with_its_text(filled: Store) -> None:
    """`no lr=5 jobs` is no sentence."""
    assert none_of(["lr=5"]) == "no jobs with lr=5"
    with pytest.raises(UserError, match="no jobs with lr=5"):
        select_single(filled, "lr=5")


def test_a_filter_in_an_empty_queue_names_none(store: Store) -> None:
    """There is nothing that could have the name."""
    assert found(store, "state=failed and number>3") == []


def test_what_a_filter_names_can_be_changed_in_one_statement(filled: Store) -> None:
    """A filter is a condition like any other: `hold` and `cancel` move what it names."""
    from scheduler.actions.hold import hold

    held = hold(filled, ["batch<10 and not duration>0"])
    assert (held.named, held.moved) == (1, 1)
    assert filled.counts()["held"] == 1


def test_a_trial_of_another_sweep_is_found_by_that_sweep(filled: Store) -> None:
    """The newest sweep is not always the one that is meant."""
    ids = [job.id for job in filled.jobs()]
    with filled.change() as change:
        for number, (sweep, file) in enumerate([("aaaa1111", "/x/one.yaml"), ("bbbb2222", "/x/two.yaml")]):
            values = (sweep, str(number), file)
            change.connection.execute(
                "INSERT INTO sweep (id, key, file, seed, config, created) VALUES (?, ?, ?, 0, '', 0)", values
            )
            change.connection.execute(
                "INSERT INTO trial (sweep, number, job, point) VALUES (?, 0, ?, '{}')", (sweep, ids[number])
            )
    assert found(filled, "trial:0") == [2]
    assert found(filled, "trial:aaaa/0") == found(filled, "trial:one.yaml/0") == [1]
    with pytest.raises(UserError, match=r'no sweep is called "onne.yaml"; did you mean "one.yaml"'):
        found(filled, "trial:onne.yaml/0")
