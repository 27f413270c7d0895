"""The arithmetic of the benchmarks: what is said of values that were measured."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import logging_calls, long_queue, noop_jobs, pages, pages_figures, promises, sweeps, warm_start
from benchmarks.harness import chinese, machine, tables
from benchmarks.harness.catalogue import BENCHES, SCRIPTS, SHORT, TABLE, UnknownBench, chosen
from benchmarks.harness.figures import (
    ALONE,
    Figure,
    Floor,
    NoFloor,
    above_floor,
    from_json,
    in_turns,
    joined,
    spread,
    times,
    to_json,
)
from benchmarks.harness.forms import BRIEF, CHINESE, END, FORMS, LONG, Form
from benchmarks.harness.peers import advice
from benchmarks.harness.verdicts import verdict, verdicts
from tests.conftest import ROOT

LOOP = Floor("a loop", (0.5, 1.0, 1.5))
FIGURE = Figure("noop.run", "10 jobs", "s", (3.0, 1.0, 2.0), LOOP, {"xargs": (4.0, 2.0)}, missing=("tsp",))


def figure(*ours: float, better: str = "lower") -> Figure:
    return Figure("a.b", "a figure", "s", ours, NoFloor("a test"), better=better)


def test_a_figure_is_the_median_of_its_rounds_with_the_best_and_the_worst() -> None:
    """One round in which the machine was busy must not be the figure, nor be hidden."""
    assert spread((3.0, 1.0, 9.0)) == (3.0, 1.0, 9.0)
    assert spread((1.0, 2.0)) == (1.5, 1.0, 2.0)


@pytest.mark.parametrize(("better", "found"), [("lower", 2.0), ("higher", 0.5)])
def test_a_ratio_above_one_is_worse_whichever_way_a_figure_counts(better: str, found: float) -> None:
    """Whoever reads a column of ratios must not have to think of each unit."""
    assert times(4.0, 2.0, better) == found
    values = Figure("a", "a", "s", (4.0,), Floor("f", (2.0,)), better=better)
    assert above_floor(values, values.ours) == found


def test_there_is_no_ratio_to_a_floor_of_nothing() -> None:
    """A floor that took no measurable time says nothing, and must not stop the run."""
    assert above_floor(Figure("a", "a", "s", (4.0,), Floor("f", (0.0,))), (4.0,)) is None
    assert above_floor(figure(4.0), (4.0,)) is None


def test_rounds_are_joined_by_the_key_of_a_figure() -> None:
    """A peer that failed in one round keeps its others; a floor that was not measured with the first is not lost."""
    first = Figure("a", "a", "s", (1.0,), NoFloor("not yet"), {"p": (5.0,)})
    second = Figure("a", "a", "s", (2.0,), Floor("f", (0.5,)), {"q": (6.0,)})
    (found,) = joined([[first], [second], [second]])
    assert found == Figure("a", "a", "s", (1.0, 2.0, 2.0), Floor("f", (0.5, 0.5)), {"p": (5.0,), "q": (6.0, 6.0)})


def test_a_figure_is_the_same_after_it_was_kept() -> None:
    """What is shown from a file must be what was measured."""
    kept = json.loads(json.dumps(to_json(FIGURE)))
    assert from_json(kept) == FIGURE
    assert from_json(json.loads(json.dumps(to_json(figure(1.0))))) == figure(1.0)
    assert kept["ours"] == {"values": [3.0, 1.0, 2.0], "median": 2.0, "low": 1.0, "high": 3.0, "times_floor": 2.0}
    assert kept["peers"]["xargs"]["times_floor"] == 3.0


def test_whoever_measures_alone_runs_no_peers() -> None:
    """In a comparison of two checkouts they would only cost time."""
    ran: list[str] = []

    def run(name: str) -> float:
        ran.append(name)
        return 1.0

    found = in_turns(lambda: run("us"), ("f", lambda: run("floor")), {"p": lambda: run("peer")}, alone=True)
    assert (found, ran) == ({"ours": (1.0,), "floor": ALONE}, ["us"])
    assert set(in_turns(lambda: run("us"), ("f", lambda: run("floor")), {"p": lambda: run("peer")})) == {"ours", "floor", "peers"}
    assert ran == ["us", "floor", "us", "peer"]


@pytest.mark.parametrize(
    ("here", "there", "word"),
    [
        ((2.0, 2.1, 2.2), (1.0, 1.1, 1.2), "worse"),
        ((1.0, 1.1, 1.2), (2.0, 2.1, 2.2), "better"),
        ((2.0, 2.1, 1.15), (1.0, 1.1, 1.2), "same"),  # one round here was as good as one there
        ((1.03, 1.03, 1.03), (1.0, 1.0, 1.0), "same"),  # apart, but by less than the margin
        ((1.0, 1.0, 1.0), (1.03, 1.03, 1.03), "same"),
        ((2.0, 2.1), (1.0, 1.1), "too few rounds"),
        ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), "worse"),  # from nothing to something
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), "same"),
    ],
)
def test_a_figure_is_worse_only_where_its_spread_leaves_no_doubt(here: tuple, there: tuple, word: str) -> None:
    """A build that fails by chance is soon not looked at any more."""
    assert verdict(figure(*here), figure(*there)).word == word


def test_more_a_second_is_better() -> None:
    """The other way round a gain would be a failure."""
    found = verdict(figure(20.0, 21.0, 22.0, better="higher"), figure(10.0, 11.0, 12.0, better="higher"))
    assert found.word == "better"
    assert (found.ratio, found.low, found.high) == pytest.approx((11 / 21, 0.5, 12 / 22))


def test_there_is_no_ratio_to_nothing_and_what_is_kept_of_it_is_json() -> None:
    """A figure that was 0 there has a verdict, and a line for people; NaN would make the whole file unreadable to others."""
    nothing = verdict(figure(1.0, 1.0, 1.0), figure(0.0, 0.0, 0.0))
    assert (nothing.ratio, nothing.low, nothing.high, nothing.word) == (None, None, None, "worse")
    some = verdict(figure(1.0, 2.0, 4.0), figure(0.0, 1.0, 1.0))
    assert (some.ratio, some.low, some.high) == (2.0, 2.0, 4.0)
    json.dumps([asdict(nothing), asdict(some)], allow_nan=False)
    lines = list(tables.compared([nothing, some], "here", "there"))
    assert "- (- to -)  worse" in lines[1]
    assert "2.00 (2.00 to 4.00)" in lines[2]


def test_only_what_both_have_is_compared() -> None:
    """Another revision may lack what a figure measures."""
    assert verdicts([figure(1.0)], []) == []


def test_every_bench_and_every_script_is_in_the_catalogue() -> None:
    """One that is not listed is run by nobody."""
    here = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {"__init__", "__main__"}
    measured = {bench.place.partition(":")[0] for bench in BENCHES.values()}
    parts = {"pages", "recogniser_plain", "search_quality_peers", "search_quality_report", "search_quality_searches"}
    assert here == measured | set(SCRIPTS) | parts


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    """Nobody knows fourteen names by heart; a script that stands alone is not simply unknown."""
    with pytest.raises(UnknownBench, match="no bench is called nop; there are: startup, expansion, queue"):
        chosen(["nop"])
    with pytest.raises(UnknownBench, match=r"python benchmarks/gpus\.py"):
        chosen(["gpus"])
    assert [bench.name for bench in chosen(["asks", "noop"])] == ["noop", "asks"]
    assert len(chosen([])) == len(BENCHES)


def document(busy: float = 0.0) -> dict:
    about = {"cpu": "C", "cores": 2, "memory_gib": 8.0, "python": "3.11", "kernel": "6", "file_system": "ext4", "gpus": []}
    meanwhile = {"load_at_start": 0.5, "load_at_end": 1.5, "others": busy}
    return {"repeat": 3, "quick": False, "date": "2026-01-02T03:04:05+00:00", "machine": about, "meanwhile": meanwhile}


def test_a_row_of_the_table_has_a_figure_its_floor_and_its_peers() -> None:
    """A figure without its spread and its floor says nothing to others."""
    text = tables.markdown(document(), [FIGURE, figure(1.0)])
    assert text.splitlines()[-1] == "| 10 jobs | 2 s (1 to 3) | 1 s, a loop | 2 | xargs 3 |"
    assert "2 cores (C), 8 GiB, Python 3.11, Linux 6, queues on ext4, no GPU." in text


def test_a_busy_machine_is_told_with_the_figures() -> None:
    """They are read by people who were not there."""
    assert "others took 50% of all cores" in tables.markdown(document(0.5), [FIGURE])
    assert machine.doubts({"load_at_start": 9.0, "load_at_end": 9.0, "others": 0.05}) == ""


def test_a_table_is_put_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    """The rest of the page belongs to people, who may write of the markers."""
    path = tmp_path / "page.md"
    path.write_text(f"before `{LONG.mark}`\n{LONG.mark}\nold\n{END}\nafter\n")
    path.chmod(0o640)
    tables.put(path, lambda _: "| new |")
    assert path.read_text() == f"before `{LONG.mark}`\n{LONG.mark}\n\n| new |\n\n{END}\nafter\n"
    assert (path.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o640, [path])
    path.write_text(f"{END}\n{LONG.mark}\n")
    with pytest.raises(tables.NoMarkers, match="write both where it shall stand"):
        tables.put(path, lambda _: "| new |")


@pytest.mark.parametrize("form", FORMS.values(), ids=["long", "brief", "chinese"])
def test_a_page_gets_the_table_that_its_marker_asks_for(form: Form, tmp_path: Path) -> None:
    """One command writes the READMEs and the guide after a run; nobody must know which of them wants which rows."""
    path = tmp_path / "page.md"
    path.write_text(f"{form.mark}\n{END}\n")
    asked = []
    tables.put(path, lambda its: asked.append(its) or "| new |")
    assert (asked, path.read_text()) == ([form], f"{form.mark}\n\n| new |\n\n{END}\n")


def pages_with_figures() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [path for path in found if any(f"\n{mark}\n" in path.read_text(encoding="utf-8") for mark in FORMS)]


def test_a_table_of_figures_has_the_shape_that_the_tool_makes() -> None:
    """It is made by `--table FILE`; a row that was written by hand would be no figure."""
    forms = {}
    for path in pages_with_figures():
        form, table = tables.between(path.read_text(encoding="utf-8"))
        forms[path.name] = form
        preface, empty, *rows = table.splitlines()
        assert preface.startswith(form.preface(document())[:7])
        assert (empty, rows[:2]) == ("", tables.markdown(document(), [], form).splitlines()[2:])
        assert len(rows) > 2
        assert all(len(row.split(" | ")) == len(form.heads) for row in rows[2:])
    assert forms == {"README.md": BRIEF, "README.zh-CN.md": CHINESE, "speed.md": LONG}


def test_the_rows_of_the_table_are_figures_of_benches() -> None:
    """A key of nothing would be a row that never comes."""
    assert {key.partition(".")[0] for key in TABLE} <= set(BENCHES)
    assert set(SHORT) <= set(TABLE)


def test_the_short_table_has_chinese_words_for_everything() -> None:
    """A reader of the Chinese README is not to find English in the middle of a row."""
    floors = [long_queue.WRITTEN, long_queue.COUNTED, noop_jobs.FLOOR, sweeps.FLOOR, warm_start.FLOOR, pages_figures.EMPTY]
    peers = [*noop_jobs.peers(sys.executable), sweeps.WITH_OPTUNA, warm_start.NOTHING, *pages.PEERS]
    calls = [way for way in logging_calls.WAYS if way != logging_calls.US]
    assert set(SHORT) == set(chinese.ROWS)
    assert {*floors, *peers, *calls} == set(chinese.TEXTS)


def test_a_row_in_chinese_has_the_numbers_of_its_name() -> None:
    """The size of a run is told in the name; another size is another row."""
    found = Figure("noop.run", "1,000 x `true`, 2 slots, every ...", "s", (3.0,), Floor(noop_jobs.FLOOR, (1.0,)), {"tsp": (2.0,)})
    row = tables.markdown(document(), [found], CHINESE).splitlines()[-1]
    assert row.startswith("| 1,000 次 `true`，2 个槽，")
    assert row.endswith(" | 3 s (3 至 3) | 1 s, 裸 Popen 循环，不留记录 | 3 | tsp 2 |")
    assert "其间别人占用了全部核的 50%" in tables.markdown(document(0.5), [found], CHINESE)


def test_a_figure_without_a_floor_says_why() -> None:
    """An empty place looks like something that was forgotten."""
    (line,) = [line for line in tables.shown([figure(1.0)]) if "floor" in line]
    assert line == "  no floor: a test"
    assert "| a test |" in tables.markdown(document(), [replace(figure(1.0), key="noop.run")])


def test_each_question_to_a_long_queue_has_a_floor() -> None:
    """Twice as many jobs are a longer time for SQLite, too: which part of it is ours is seen beside that."""
    asks = dict.fromkeys(long_queue.NAMES, 1.0)
    floors = dict.fromkeys(long_queue.NAMES, LOOP)
    found = long_queue.query_figures(asks, floors, 10, after=True)
    assert [each.floor for each in found] == [LOOP] * len(asks)
    assert all(each.key.endswith(", after") and each.name.endswith("20 after them") for each in found)


def test_the_name_of_a_peer_can_be_read_alone() -> None:
    """In a row of the table there is no line before it to go on from."""
    names = [*logging_calls.WAYS, *promises.WAYS, *noop_jobs.peers(sys.executable)]
    assert [name for name in names if name.startswith(("...", "+"))] == []


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    """A queue on tmpfs has commits that cost nothing: that must stand beside the figures."""
    mounts = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / /tmp rw shared:1 - tmpfs t rw\n3 1 0:6 / /tmpx rw - xfs x rw\n"
    assert machine.file_system(Path("/tmp/benchmarks"), mounts) == "tmpfs"  # noqa: S108
    assert machine.file_system(Path("/var"), mounts) == "ext4"
    assert machine.file_system(Path("/tmp"), f"{mounts}4 1 0:7 / /tmp rw - btrfs b rw\n") == "btrfs"  # noqa: S108


def test_the_processor_is_named_where_the_kernel_names_it() -> None:
    """Some architectures have no such line."""
    assert machine.cpu("processor : 0\nmodel name\t: Some CPU @ 2 GHz\n") == "Some CPU @ 2 GHz"
    assert machine.cpu("processor : 0\n")


def test_a_missing_peer_comes_with_the_way_to_get_it() -> None:
    """A table without its peers is half a table."""
    assert advice(["task-spooler (in memory)", "exp-queue, passed on to W&B", "HyperQueue (in memory)"]) == [
        "task-spooler (in memory): not here (apt install task-spooler)",
        "exp-queue, passed on to W&B: not here (pip install '.[wandb]')",
        "HyperQueue (in memory): not here (--peers installs it)",
    ]
