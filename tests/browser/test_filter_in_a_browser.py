"""A filter on a page means what it means to `exp-queue status`."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.compared import compared
from scheduler.actions.logged import summaries
from scheduler.errors import UserError
from scheduler.experiments.remarks import Remarks
from scheduler.home import Home
from scheduler.queue.filters import Comparison, Not, Tree, Word, parse
from scheduler.queue.remarks import rename
from scheduler.queue.selection import select
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.web.documents import runs
from tests.browser.conftest import SPACE, Opened, Reported
from tests.browser.filling import Left, fill, sweep_of, written

FILE = """
experiment_group: letters
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: val_cer, goal: minimize}}
experiments:
  - {lr: 0.1, net: {name: line-cnn, width: 32}, old: true, state: solid}
  - {lr: 0.01, net: {name: line-cnn, width: 64}, old: null}
  - {lr: 0.001, net: {name: transformer, width: 64}, big: 12345678, toString: 1}
  - {lr: 0.00001, net: {name: Transformer, width: 256}, warmup: 100, note: b}
  - {lr: 1, net: {name: "5", width: 1}, list: [1, 2]}
"""
OTHER = """
experiment_group: "Line CNN"
command: [python, other.py, "${args_json}"]
experiments: [{batch: 8}, {batch: 16}]
"""
LAST = {0.1: [0.9, 0.3, 0.4], 0.01: [0.5, 0.15], 0.001: [0.4, 0.1, float("nan")], 0.00001: [2, float("inf")]}
CASES = """
lr<0.01|lr<=0.01 and not tag:old|net.width=64 or failed|net.name~CNN and state!=failed|best.val_cer<0.2
best.val_cer>0.4|(lr=0.1 or lr=0.01) and attempts=1|warmup>0|not warmup>0|warmup!=3|warmup!~3|2-4 and group=letters
duration>1h30 and age<2d|duration=60|duration=1min|duration>=1m0s|lr=1e-3|lr=1_0|lr<.inf|lr>-inf|lr~1e-05|lr~.001
big~12345|config.state=solid|state=solid|config.note=b|old=true|old=TRUE|old=null|old=none|old!=null|old=1|old>0
net.name=5|net.name<6|list=[1,2]|list~1,2|val_cer=NaN|val_cer!=NaN|val_cer>5|val_cer=inf|val_cer=Infinity|val_cer<1
last.val_cer<1|min.val_cer<0.2|max.val_cer>=0.9|first.val_cer>0.45|val_acc>0.5|best.val_acc>0.5|group='Line CNN'
group!=letters|group~line|group!~line|group:letters|group<1|tag=old|tag!=old|tag~ol|tags=slow|tag:old|note~slow
note!~slow|note=x|name=chosen|name~FALCON|chosen|failed|not failed|done or queued|state=Failed|state=failing|state~ail
status=done|paused|held|1|1,3-4|6-9|all|number>2|number=#2|job<=2|exit_status=1|exit_status!=0|exit_status<1h
failures=0|gpus=0|gpus>0|priority>=0|file~letters|letters|letters.yaml|trial:1|trial:0 or trial:9|toString=1
toString!=2|constructor=1|__proto__=1|valueOf<1|hasOwnProperty|lr<|lr<0.01 an val<1|(lr<1|lr<1)|lr<fast|failed and
and lr<1|a<b<1|name='x|a ! b|<1|()|((lr<1) and (lr>0))|not (failed or lr<0.01)|vall_cer<1|config.width=3|width=3
duration>soon|duration~1|number<1h|😀 and|😀<1|lr < 0.01|lr==0.01|'lr'<0.01|"lr"<"0.01"|not not failed
lr>0 AND NOT failed|id~0|id=0|file!=x|name!=chosen|best.lr<1|min.state<1|lr<1 or|or|"and"|'val cer'<1|lr<1d|lr<1d12
lr<1x|lr=|lr=''|note=''|note!=''
"""
NAMES = ("lr", "net.width", "net.name", "old", "warmup", "val_cer", "best.val_cer", "state", "tag", "note", "number", "duration")
VALUES = ("0.01", "64", "1e-3", "old", "true", "null", "failed", "'a b'", "1h", "T", "3")
WORDS = ("failed", "tag:old", "group:letters", "1-3", "all", "done", "chosen", "letters")
# What the page makes of each text: the tree of its filter, or the problem; and the numbers of the runs that it leaves.
_ASKED = """
const [answer, texts] = arguments;
const shape = (tree) => tree.not ? ["not", shape(tree.not)] : tree.and ? ["and", ...tree.and.map(shape)]
  : tree.or ? ["or", ...tree.or.map(shape)] : tree.word ?? `${tree.name} ${tree.operator} ${tree.value}`;
const tree = (text) => { try { return shape($grammar.parse(text)); } catch (error) { return error.message; } };
return texts.map((text) => {
  const { test, problem } = $filter.matcher(text, $source.bare(answer));
  return [tree(text), problem || answer.runs.filter(test).map((run) => run.number).sort((one, other) => one - other)];
});
"""


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home, summaries=summaries) as opened_store:
        yield opened_store


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Seven jobs: one has failed, one is queued, two are trials of a sweep; with odd names and values."""

    def letters(config: Mapping[str, Any]) -> Left:
        said = Remarks(("old", "slow"), "Too slow") if config["lr"] in (0.1, 0.00001) else Remarks()
        values = LAST.get(config["lr"], [])
        rows = [{"_step": step, "val_cer": value, "val_acc": 1 - value} for step, value in enumerate(values)]
        failed = config["lr"] == 0.1
        return Left(State.FAILED if failed else State.DONE, rows, exit_status=1 if failed else 0, remarks=said)

    jobs = fill(store, written(tmp_path, FILE, "letters.yaml"), tmp_path, letters)
    fill(store, written(tmp_path, OTHER), tmp_path, lambda config: Left(State.QUEUED) if config["batch"] == 8 else Left())
    sweep_of(store, jobs[2:4], "val_cer", SPACE)
    with store.change() as change:
        rename(change, 2, "chosen")
        change.asked_by(range(1, 6), str(tmp_path / "letters.yaml"))
    return store


def in_python(store: Store, text: str) -> list[int] | str:
    try:
        return [job.number for job in select(store, [text])]
    except UserError as error:
        return error.what


def tree_of(text: str) -> Any:
    """As the page tells it: nested lists, or what is wrong and where."""

    def shape(tree: Tree) -> Any:
        if isinstance(tree, Word):
            return tree.text
        if isinstance(tree, Comparison):
            return f"{tree.name} {tree.operator} {tree.value}"
        if isinstance(tree, Not):
            return ["not", shape(tree.of)]
        return [type(tree).__name__.replace("Both", "and").replace("Either", "or"), *map(shape, tree.of)]

    try:
        return shape(parse(text))
    except UserError as error:
        what = f"{error.what}; {error.next_step}" if error.next_step else error.what
        return what.removeprefix(f"in the filter '{text}', ")


def asked_of_the_page(opened: Opened, reported: Reported, store: Store, texts: list[str]) -> list[Any]:
    answer = runs.document(store, compared(store, store.jobs()))
    return opened(reported()).execute_script(_ASKED, answer, texts)


def test_a_filter_leaves_the_same_runs_as_on_the_command_line(filled: Store, opened: Opened, reported: Reported) -> None:
    """Who has found runs with `status` sends the same words to somebody who looks at the page."""
    texts = [text for line in CASES.strip().splitlines() for text in line.split("|")]
    found = dict(zip(texts, asked_of_the_page(opened, reported, filled, texts), strict=True))
    assert {text: tree for text, (tree, _) in found.items()} == {text: tree_of(text) for text in texts}
    wanted = {text: in_python(filled, text) for text in texts}
    for text, left in wanted.items():
        if not isinstance(left, str):
            assert found[text][1] == left, text
    refused = {text: said for text, (_, said) in found.items() if isinstance(said, str)}
    # What only a page takes: a word that names nothing is looked for.
    taken = {text for text, left in wanted.items() if isinstance(left, str)} - set(refused)
    assert taken <= {
        "hasOwnProperty",
        '"and"',
        "trial:0 or trial:9",
    }
    for text, said in refused.items():
        # `failed and` is no filter to a command but a word, which names nothing.
        place = re.search(r"character \d+", f"{wanted[text]} {tree_of(text)}")
        assert place, text
        assert said.startswith(f"{place[0]}: "), text
    assert 'no run has "width"; did you mean "net.width"?' in refused["width=3"]
    assert 'did you mean "val_cer"?' in refused["vall_cer<1"]


def test_filters_that_nobody_has_thought_of_mean_the_same_too(filled: Store, opened: Opened, reported: Reported) -> None:
    """A table of cases has what its writer thought of."""
    drawn = random.Random(20)  # noqa: S311
    texts = [_any_filter(drawn, 3) for _ in range(150)]
    answers = asked_of_the_page(opened, reported, filled, texts)
    for text, (tree, left) in zip(texts, answers, strict=True):
        assert tree == tree_of(text)
        wanted = in_python(filled, text)
        assert isinstance(left, str) if isinstance(wanted, str) else left == wanted, text


def _any_filter(drawn: random.Random, deep: int) -> str:
    kind = drawn.randrange(6 if deep else 2)
    if kind == 0:
        return drawn.choice(WORDS)
    if kind in (1, 5):
        return drawn.choice(NAMES) + drawn.choice(("<", "<=", ">", ">=", "=", "==", "!=", "~", "!~")) + drawn.choice(VALUES)
    parts = [_any_filter(drawn, deep - 1) for _ in range(2)]
    return {2: f"not {parts[0]}", 3: f"({parts[0]} or {parts[1]})", 4: f"{parts[0]} and {parts[1]}"}[kind]


def test_a_word_that_names_nothing_is_looked_for(filled: Store, opened: Opened, reported: Reported) -> None:
    """The field above the views is where people type a part of whatever they remember."""
    found = asked_of_the_page(opened, reported, filled, ["TRANSFORMER", "'too SLOW'", "transf and not slow"])
    assert [left for _, left in found] == [[3, 4], [1, 4], [3]]


def test_what_is_wrong_with_a_filter_is_said_beside_it_and_all_runs_stay(
    filled: Store, opened: Opened, reported: Reported
) -> None:
    """While somebody types, every filter is wrong for a while."""
    driver = opened(reported(), link='filter="lr<"')
    assert driver.find_element("css selector", "[role=status]").text == "character 4: expected a value after lr<"
    assert len(driver.find_elements("css selector", ".runs li")) == 7
    example = driver.find_element("css selector", "header input[type=search]").get_attribute("placeholder")
    parse(example.removeprefix("filter: "))  # what the field proposes is none of the wrong ones
