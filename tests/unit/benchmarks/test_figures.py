"""The arithmetic of the benchmarks: what is said of values that were measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.harness import machine, tables
from benchmarks.harness.catalogue import BENCHES, SCRIPTS, TABLE, UnknownBench, chosen
from benchmarks.harness.figures import Figure, Floor, above_floor, from_json, in_turns, joined, spread, times, to_json
from benchmarks.harness.peers import advice
from benchmarks.harness.verdicts import verdict, verdicts
from tests.conftest import ROOT

LOOP = Floor("a loop", (0.5, 1.0, 1.5))
FIGURE = Figure("noop.run", "10 jobs", "s", (3.0, 1.0, 2.0), LOOP, {"xargs": (4.0, 2.0)}, missing=("tsp",))


def figure(*ours: float, better: str = "lower") -> Figure:
    return Figure("a.b", "a figure", "s", ours, better=better)


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
    first = Figure("a", "a", "s", (1.0,), None, {"p": (5.0,)})
    second = Figure("a", "a", "s", (2.0,), Floor("f", (0.5,)), {"q": (6.0,)})
    (found,) = joined([[first], [second], [second]])
    assert found == Figure("a", "a", "s", (1.0, 2.0, 2.0), Floor("f", (0.5, 0.5)), {"p": (5.0,), "q": (6.0, 6.0)})


def test_a_figure_is_the_same_after_it_was_kept() -> None:
    """What is shown from a file must be what was measured."""
    kept = json.loads(json.dumps(to_json(FIGURE)))
    assert from_json(kept) == FIGURE
    assert kept["ours"] == {"values": [3.0, 1.0, 2.0], "median": 2.0, "low": 1.0, "high": 3.0, "times_floor": 2.0}
    assert kept["peers"]["xargs"]["times_floor"] == 3.0


def test_whoever_measures_alone_runs_no_peers() -> None:
    """In a comparison of two checkouts they would only cost time."""
    ran: list[str] = []

    def run(name: str) -> float:
        ran.append(name)
        return 1.0

    found = in_turns(lambda: run("us"), ("f", lambda: run("floor")), {"p": lambda: run("peer")}, alone=True)
    assert (found, ran) == ({"ours": (1.0,)}, ["us"])
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
    path.write_text(f"before `{tables.BEGIN}`\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    tables.put(path, "| new |")
    assert path.read_text() == f"before `{tables.BEGIN}`\n{tables.BEGIN}\n\n| new |\n\n{tables.END}\nafter\n"
    path.write_text(f"{tables.END}\n{tables.BEGIN}\n")
    with pytest.raises(tables.NoMarkers, match="write both where it shall stand"):
        tables.put(path, "| new |")


def pages_with_figures() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [path for path in pages if f"\n{tables.BEGIN}\n" in path.read_text(encoding="utf-8")]


def test_a_table_of_figures_has_the_shape_that_the_tool_makes() -> None:
    """It is made by `--table FILE`; a row that was written by hand would be no figure."""
    assert ROOT / "docs/guide/speed.md" in pages_with_figures()
    for path in pages_with_figures():
        preface, empty, *rows = tables.between(path.read_text(encoding="utf-8")).splitlines()
        assert preface.startswith("Medians of ")
        assert (empty, rows[:2]) == ("", tables.markdown(document(), []).splitlines()[2:])
        assert len(rows) > 2
        assert all(len(row.split(" | ")) == len(tables.HEADS) for row in rows[2:])


def test_the_rows_of_the_table_are_figures_of_benches() -> None:
    """A key of nothing would be a row that never comes."""
    assert {key.partition(".")[0] for key in TABLE} <= set(BENCHES)


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
    assert advice(["task-spooler (in memory)", "... and W&B", "HyperQueue (in memory)"]) == [
        "task-spooler (in memory): not here (apt install task-spooler)",
        "... and W&B: not here (pip install '.[wandb]')",
        "HyperQueue (in memory): not here (--peers installs it)",
    ]
