"""How the columns of a table share a terminal."""

from __future__ import annotations

from scheduler.report.columns import Layout, fitted

WIDTHS = {"id": 8, "experiment": 60, "loss": 6, "acc": 6}


def test_a_column_to_spare_that_no_row_has_does_no_harm() -> None:
    """`status` ended with a traceback in every narrow terminal, for most jobs have no tags."""
    assert fitted(WIDTHS, 40, Layout(spare=["tags", "acc"])) == {"id": 8, "experiment": 22, "loss": 6}
    assert fitted(WIDTHS, 10, Layout(spare=["acc", "tags"])) == {"id": 8, "experiment": 8, "loss": 6}


def test_what_can_be_spared_goes_one_by_one_the_last_first() -> None:
    """A wider terminal shows more of them."""
    found = [list(fitted(WIDTHS, room, Layout(spare=["loss", "acc"]))) for room in (90, 46, 40, 30)]
    assert found == [[*WIDTHS], [*WIDTHS], ["id", "experiment", "loss"], ["id", "experiment"]]
