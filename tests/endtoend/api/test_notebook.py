"""The notebook of the guide, run from its first cell to its last, and the guide's page about Python."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from typing import Any

import pytest

import exp_queue
from tests.conftest import ROOT, CommandLine

GUIDE = ROOT / "docs" / "guide"
NOTEBOOK = GUIDE / "notebook.ipynb"
MISSING = [name for name in ("nbclient", "nbformat", "ipykernel") if find_spec(name) is None]
# As a kernel does it: cell after cell in one namespace, inside a loop that runs.
KERNEL = """
import ast, asyncio, inspect, json

async def kernel():
    space = {"__name__": "__main__"}
    for number, source in enumerate(json.load(open("cells.json"))):
        code = compile(source, f"cell {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, space)
        if inspect.iscoroutine(result):
            await result
    print("whole:", len(space["jobs"]), space["queued"].refresh().all_succeeded, len(space["trials"]))

asyncio.run(kernel())
"""


def notebook() -> dict[str, Any]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def sources() -> list[str]:
    return ["".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == "code"]


def test_every_cell_runs_inside_an_event_loop(command_line: CommandLine, program) -> None:
    """What a reader tries first must work; a kernel runs cells inside a loop."""
    command_line.write("cells.json", json.dumps(sources()))
    out, err = program(KERNEL).communicate(timeout=400)
    assert out.splitlines()[-1:] == ["whole: 4 True 4"], err
    assert "'lr': 0.01, 'width': 16" in out


@pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")
def test_every_cell_runs_in_a_real_kernel(command_line: CommandLine, program) -> None:
    """A kernel has handlers, threads and streams of its own."""
    code = f"""
import json, nbformat
from nbclient import NotebookClient
book = nbformat.read({str(NOTEBOOK)!r}, 4)
NotebookClient(book, timeout=400, kernel_name="python3").execute()
print(json.dumps([str(output) for cell in book.cells for output in cell.get("outputs", ())]))
"""
    out, err = program(code).communicate(timeout=400)
    shown = "".join(json.loads(out)) if out else ""
    assert "4 experiments (4 new)" in shown, err
    assert "[4/4]" in shown
    assert "'lr': 0.01, 'width': 16" in shown
    assert shown.count("<figure><figcaption><b>loss</b>") >= 2, "curves draw themselves, and the look at what runs has them"
    assert "<table><thead>" in shown


def test_the_notebook_is_stored_without_results() -> None:
    """They would be somebody's paths and times, and change with every save."""
    book = notebook()
    assert (book["nbformat"], book["metadata"]["language_info"]) == (4, {"name": "python"})
    assert [cell for cell in book["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)


def test_the_guide_names_what_there_is_and_all_of_it() -> None:
    """A name in the guide that does not exist is found by a reader, at a bad moment."""
    page = (GUIDE / "python.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bexp_queue\.(\w+)", page)) | {name for name in exp_queue.__all__ if f"`{name}`" in page}
    assert named == set(exp_queue.__all__)
    attributes = set(re.findall(r"(?<![\w.])(?:job|jobs|trials)(?:\[0\])?\.(\w+)", page))
    kinds = (exp_queue.Job, exp_queue.Jobs, exp_queue.Trials)
    assert attributes <= {"best", *exp_queue.Job.__dataclass_fields__, *(name for kind in kinds for name in dir(kind))}


def test_the_readme_leads_to_both() -> None:
    """Nobody looks for a page that nothing points to."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/guide/python.md)" in readme
    assert "(docs/guide/notebook.ipynb)" in readme
