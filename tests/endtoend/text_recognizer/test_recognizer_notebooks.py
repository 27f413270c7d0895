"""The notebooks about the recogniser, run from their first cell to their last in a kernel as a reader's.

A kernel, and no loop over the cells: pictures are results of cells, and only a kernel makes something of them. nbclient and
ipykernel come with the extra `test`, for the notebook about the queue.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, user_environment

pytest.importorskip("torch")

FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))
MISSING = [name for name in ("nbclient", "nbformat", "ipykernel") if find_spec(name) is None]
real_kernel = pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")
LARGEST = 20_000


def executed(name: str, directory: Path) -> tuple[str, int]:
    """All that the cells have printed or returned as text, and how many pictures they have shown."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(FOLDER / name, 4)
    # Where nobody answers: what asks for a download fails.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    cache = {"TEXT_RECOGNIZER_CACHE": str(directory / "cache"), "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}
    client = NotebookClient(book, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(directory)}})
    client.execute(env=user_environment(**nowhere, **cache))
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    data = [output.get("data", {}) for output in outputs]
    said = [output.get("text", "") for output in outputs] + [each.get("text/plain", "") for each in data]
    return "\n".join(said), sum("image/png" in each for each in data)


@real_kernel
def test_the_notebook_about_looking_shows_every_split_of_drawn_lines_and_of_a_folder(tmp_path: Path) -> None:
    """Whoever has no lines yet sees drawn ones, and then those of a folder as if they were theirs."""
    said, pictures = executed("looking_at_lines.ipynb", tmp_path)
    assert "200 lines to train on, 40 for val, 40 to test" in said
    assert "40 lines to train on, 10 for val, 10 to test" in said
    assert (tmp_path / "my_lines" / "lines.tsv").exists()
    assert pictures == 3


@real_kernel
def test_the_notebook_about_reading_trains_and_reads(tmp_path: Path) -> None:
    """A tiny reader must come to something within seconds, or the first thing that somebody sees is nonsense."""
    said, pictures = executed("reading_lines.ipynb", tmp_path)
    (rate,) = re.findall(r"^CER ([\d.]+)%", said, re.MULTILINE)
    assert float(rate) < 50
    assert said.count("% sure") == 4
    assert len(re.findall(r"% +x from [\d.]+ to [\d.]+$", said, re.MULTILINE)) > 4
    assert "worst lines: edits, written, read" in said
    assert pictures == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_small_and_have_no_results(path: Path) -> None:
    """They would be somebody's paths and pictures, and change with every save."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert [cell for cell in book["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
    assert (book["nbformat"], book["metadata"]["language_info"]) == (4, {"name": "python"})
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    assert path.stat().st_size < LARGEST


def test_the_guide_leads_to_the_notebooks() -> None:
    """Nobody looks for what nothing points to."""
    guide = (ROOT / "docs" / "guide" / "recognizer.md").read_text(encoding="utf-8")
    assert [path.name for path in FOLDER.glob("*.ipynb") if f"(../notebooks/{path.name})" not in guide] == []
