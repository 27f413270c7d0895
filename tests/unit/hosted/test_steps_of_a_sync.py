"""What a sync does to a folder, and what it leaves alone: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.hosted.copies import BELOW, FOLDER
from scheduler.hosted.steps import Steps, steps

NAMES = st.sampled_from(["a", "b", "pkg/a", "pkg/b"])
TEXTS = st.sampled_from(["1", "2", "3"])


@given(st.dictionaries(NAMES, TEXTS), st.dictionaries(NAMES, TEXTS), st.dictionaries(NAMES, st.sets(TEXTS)))
def test_nothing_is_touched_that_we_have_not_written(
    present: dict[str, str], wanted: dict[str, str], ours: dict[str, set[str]]
) -> None:
    """Whatever stands in the record: what another has written is named, and neither written over nor deleted."""
    there = {name: present.get(name, "") for name in {*wanted, *ours}}
    found = steps(there, {}, wanted, ours)
    touched = {*found.write, *found.delete}
    assert all(not there[name] or there[name] in ours.get(name, ()) for name in touched)
    strange = {n for n, what in there.items() if what and what != wanted.get(n) and what not in ours.get(n, ())}
    assert set(found.foreign) == strange
    assert {name for name in wanted if there[name] != wanted[name]} - set(found.write) <= strange


def test_a_folder_gives_way_to_a_file_only_where_all_in_it_is_ours() -> None:
    """A person's file in a folder of ours is a person's."""
    there, ours = {"pkg": FOLDER, "pkg/a": "1"}, {"pkg/a": {"1"}}
    assert steps(there, {"pkg": ["pkg/a"]}, {"pkg": "2"}, ours) == Steps(("pkg",), ("pkg/a",))
    assert steps(there, {"pkg": ["pkg/a", "pkg/notes"]}, {"pkg": "2"}, ours).foreign == ("pkg",)


def test_a_file_gives_way_to_a_folder_only_where_it_is_ours() -> None:
    """It may be a link, to where a person has moved the folder."""
    there = {"pkg": "link", "pkg/a": f"{BELOW}pkg"}
    assert steps(there, {}, {"pkg/a": "1"}, {"pkg": {"link"}}) == Steps(("pkg/a",), ("pkg",))
    assert steps({"pkg/a": f"{BELOW}pkg"}, {}, {"pkg/a": "1"}, {}).foreign == ("pkg",)
