"""The guide's pages on experiment files say what is so."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from scheduler.sweeps import read_file
from tests.conftest import ROOT

PAGES = {
    name: (ROOT / "docs" / "guide" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("experiment_files", "experiment_examples")
}
BLOCKS = [(page, block) for page, text in PAGES.items() for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
# A block begins with the name of an option's file, or with the number of its experiments.
OPTIONS = [
    (page, block.split("\n")[0].removeprefix("# "), block) for page, block in BLOCKS if re.match(r"# \S+/\S+\.yaml\n", block)
]
FILES = [(page, block) for page, block in BLOCKS if re.match(r"# \d+ experiments?\n", block)]
MACROS = re.findall(r"^\| `(\$\{args\w*\})` \| `(.*?)`", PAGES["experiment_files"], re.MULTILINE)


@pytest.mark.parametrize(("page", "text"), FILES, ids=lambda text: text[:60].replace("\n", "|"))
def test_the_files_of_the_guide_make_as_many_experiments_as_they_say(tmp_path, page, text):
    """A guide whose examples fail teaches nobody."""
    for _, name, content in (option for option in OPTIONS if option[0] == page):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "experiments.yaml").write_text(text)
    found = read_file(str(tmp_path / "experiments.yaml"))
    assert len(list(found.experiments())) == found.count() == int(text.split()[1])


def test_every_block_of_the_guide_is_a_file_or_an_option():
    """A block of another form would be checked by nobody."""
    assert len(FILES) + len(OPTIONS) == len(BLOCKS)
    assert (len(FILES) > 12, len(OPTIONS) > 4) == (True, True)


def first_line(tmp_path, text) -> list[str]:
    (tmp_path / "experiments.yaml").write_text(text)
    return list(next(iter(read_file(str(tmp_path / "experiments.yaml")).experiments())).argv)


@pytest.mark.parametrize(
    ("holds", "line"),
    [
        ("vendor/train.py", "python vendor/train.py --data /data/images --amp --lr=0.1 --batch-size=32"),
        ("train_hydra.py", "python train_hydra.py ++optimizer.lr=0.1 ++model.layers=2 hydra.run.dir=${oc.env:EXP_QUEUE_RUN_DIR}"),
        ("momentum", "/usr/bin/env python train.py --lr=0.1 \"--optimizer={'momentum': 0.9, 'name': 'sgd'}\""),
        ("EMNISTLines}\n", "/usr/bin/env python train.py --dataset=EMNISTLines --depth=1 --lr=0.001"),
    ],
)
def test_the_command_lines_of_the_guide_are_those_that_are_started(tmp_path, holds, line):
    """People compare what they see with what they read."""
    (text,) = (block for _, block in FILES if holds in block)
    argv = first_line(tmp_path, text)
    assert argv == [argv[1] if word == "python" and argv[0] == "/usr/bin/env" else word for word in shlex.split(line)]
    assert line in " ".join(" ".join(PAGES.values()).split()).replace("`", "")


@pytest.mark.parametrize(("macro", "expected"), MACROS)
def test_the_macros_of_the_guide_write_what_it_shows(tmp_path, macro, expected):
    """People copy from this table into their scripts."""
    text = f"base: {{lr: 0.1, fast: true, slow: false, net: {{layers: 2}}}}\ncommand: [x, '{macro}']"
    words = [expected] if macro == "${args_json}" else shlex.split(expected)
    assert first_line(tmp_path, text) == ["x", *words]


def test_the_guide_shows_every_argument_macro():
    """An empty table would pass the test above."""
    assert len(MACROS) == 7
    assert "| `${args_json_file}` |" in PAGES["experiment_files"]


def test_the_schema_that_the_guide_links_to_is_there():
    """A dead link for editors would be silent."""
    assert json.loads((ROOT / "docs" / "experiment_file.schema.json").read_text())["title"]
