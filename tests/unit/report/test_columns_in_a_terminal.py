"""How the columns of a table share a terminal."""

from __future__ import annotations

from scheduler.report.columns import Layout, fitted

WIDTHS = {"id": 8, "experiment": 60, "loss": 6, "acc": 6}


def test_a_column_to_spare_that_no_row_has_does_no_harm() -> None:
    """`status` ended with a traceback in every narrow terminal, for most jobs have no tags."""
    assert fitted(WIDTHS, 40, Layout(spare=["tags", "acc"])) == {"id": 8, "experiment": 22, "loss": 6}
    assert fitted(WIDTHS, 26, Layout(spare=["acc", "tags"])) == {"id": 8, "experiment": 8, "loss": 6}


def test_what_can_be_spared_goes_one_by_one_the_last_first() -> None:
    """A wider terminal shows more of them."""
    found = [list(fitted(WIDTHS, room, Layout(spare=["loss", "acc"]))) for room in (90, 46, 40, 30)]
    assert found == [[*WIDTHS], [*WIDTHS], ["id", "experiment", "loss"], ["id", "experiment"]]


def test_a_table_is_never_wider_than_its_terminal() -> None:
    """Each column kept 8 columns of width for itself: below 50 in all every row was broken over two lines."""
    ten = {"id": 8, **{f"c{number}": 12 for number in range(9)}}
    for room in (1, 7, 8, 20, 38, 48, 57, 200):
        shown = fitted(ten, room, Layout())
        assert sum(shown.values()) + 2 * (len(shown) - 1) <= room or room == 1, room
        assert next(iter(shown)) == "id"
        assert list(shown) == list(ten)[: len(shown)], "the last go first"
    assert (list(fitted(ten, 38, Layout())), fitted(ten, 5, Layout())) == (["id", "c0", "c1", "c2"], {"id": 5})
