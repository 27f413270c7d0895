"""docs/architecture.md: whoever looks there for a place must find it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from tests.conftest import ROOT
from tests.unit.test_house import FLOOR

MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILE = re.compile(r"[\w./-]+(?:\.py|\.js|/)")


def rooms_missing(text: str) -> list[str]:
    """The rooms of the scheduler that the list of rooms does not have."""
    listed = text[: text.index("exp_queue/")]
    folders = (path for path in (ROOT / "scheduler").iterdir() if (path / "__init__.py").exists())
    return sorted(f"{path.name}/" for path in folders if not re.search(rf"(?<![\w/]){path.name}/", listed))


def out_of_order(text: str) -> list[tuple[str, str]]:
    """Rooms that stand below one to which their imports may not point."""
    rooms = [room for room in re.findall(r"(?<![\w/])(\w+)/", text[: text.index("exp_queue/")]) if room in FLOOR]
    return [(above, below) for above, below in pairwise(dict.fromkeys(rooms)) if FLOOR[above] > FLOOR[below]]


def files_missing(text: str) -> list[str]:
    """What the table names and is not there. A name without a folder lies in the folder of the name before it in its row."""
    missing = []
    for row in text[text.index("## I want") : text.index("## Words")].splitlines()[4:]:
        folder = Path()
        for name in re.findall(r"`([^`]+)`", row.split("|")[2] if row.startswith("|") else ""):
            if not FILE.fullmatch(name):
                continue
            places = [ROOT / "scheduler" / name, folder / name]
            found = next((place for place in places if place.exists()), None)
            if found is None:
                missing.append(name)
            else:
                folder = found if found.is_dir() else found.parent
    return missing


def test_every_room_is_on_the_map() -> None:
    """Whoever opens the tree should see the life of an experiment by reading the list."""
    assert rooms_missing(MAP) == []


def test_the_rooms_stand_in_the_order_in_which_imports_point() -> None:
    """The list says so of itself; what is checked of the imports is another list."""
    assert out_of_order(MAP) == []


def test_every_file_that_the_map_names_is_there() -> None:
    """A file that was moved, and its row was not, sends everybody to the wrong place."""
    assert files_missing(MAP) == []


def test_the_check_of_the_map_sees_a_room_and_a_file_that_are_missing() -> None:
    """A checker is trusted after it has caught a planted bug."""
    assert rooms_missing(MAP.replace("      web/ ", "      ")) == ["web/"]
    assert out_of_order(MAP.replace("      slurm/ ", "      cli/ ")) == [("cli", "ssh")]
    assert files_missing(MAP.replace("`runner/plan.py`", "`runner/plans.py`")) == ["runner/plans.py"]
    assert files_missing(MAP.replace("`crew.py`", "`crews.py`")) == ["crews.py"]
