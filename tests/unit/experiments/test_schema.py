"""The JSON Schema that editors use says what the reader says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from scheduler.errors import UserError
from scheduler.experiments import layout, read
from scheduler.experiments.grid.entries import VARYING
from scheduler.experiments.schema import schema
from scheduler.experiments.slurm import SLURM
from tests.conftest import ROOT

jsonschema = pytest.importorskip("jsonschema")

GUIDES = "".join(path.read_text() for path in sorted((ROOT / "docs" / "guide").glob("experiment*.md")))
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDES, re.DOTALL)
EXAMPLES = [text for text in BLOCKS if re.match(r"# \d+ experiment", text) and "method:" not in text]
FILES = [path.read_text() for path in sorted((ROOT / "experiments").iterdir()) if path.is_file()]
GOOD = [
    *EXAMPLES,
    *FILES,
    "base: {}\nresources: {gpus: 0, gpu_memory: 1.5 gib, cpus: 1, exclusive: true}",
    "base: {}\npolicy: {retries: 0, timeout: 1.5h, resumable: false}",
    "base: {}\npolicy: {timeout: 30}\ncommand: [x, 3, 0.5]",
    "base: {}\npolicy: {priority: -3, after_any: true, after_failure: run}",
    "base: {}\nafter: Prep",
    "base: {}\nafter: [Prep, 3f2a, 'group:Other']",
    "base: {}\nafter: []",
    "base: {}\nprogram: [python, -m, x]",
    "zip: [{a: [1], b: [2]}, {c: [1]}]\ninclude: [{a: 3}]\nexclude: []",
    "experiments: [{a: 1, grid: {b: [1]}, zip: {c: [1]}, include: [{d: 1}], exclude: []}]",
]
BAD = [
    "[1, 2]",
    "policy: {}",
    "experimnts: []",
    "base: {}\nshell: true",
    "base: {}\nshell: true\nprogram: a.py",
    "base: [a]",
    "experiments: []",
    "experiments: {a: 1}",
    "experiments: [3]",
    "experiments: [{experiment_group: x}]",
    "experiments: [{defaults: []}]",
    "experiment_group: 3\nbase: {}",
    "base: {experiment_group: x}",
    "grid: [a]",
    "grid: {lr: 3}",
    "grid: {lr: []}",
    "grid: {experiment_group: [x]}",
    "experiments: [{grid: {lr: abc}}]",
    "zip: {}",
    "zip: 3",
    "zip: {a: 3}",
    "zip: [3]",
    "base: {}\ninclude: {a: 1}",
    "base: {}\nexclude: [{}]",
    "base: {}\nexclude: [a]",
    "base: {}\nresources: 3",
    "base: {}\npolicy: {priority: high}",
    "base: {}\npolicy: {after_failure: stop}",
    "base: {}\npolicy: {after_any: 1}",
    "base: {}\nafter: 3",
    "base: {}\nafter: [3]",
    "base: {}\nafter: {group: Prep}",
    "base: {}\nafter: ' '",
    "base: {}\npolicy: {priority: 1.5}",
    "base: {}\npolicy: {priority: 10000000}",
    "base: {}\nresources: {gpu: 1}",
    "base: {}\nresources: {gpus: -1}",
    "base: {}\nresources: {gpus: 1.5}",
    "base: {}\nresources: {gpus: true}",
    "base: {}\nresources: {cpus: 0}",
    "base: {}\nresources: {gpu_memory: 6144}",
    "base: {}\nresources: {gpu_memory: 6 gigs}",
    "base: {}\nresources: {exclusive: 1}",
    "base: {}\npolicy: {retry: 1}",
    "base: {}\npolicy: {timeout: soon}",
    "base: {}\npolicy: {timeout: 0}",
    "base: {}\ncommand: []",
    "base: {}\ncommand: [python, true]",
    "base: {}\nprogram: 3",
    "defaults: {a: b}",
    "defaults: [{a: b, c: d}]",
    "defaults: [{a: 3}]",
    "defaults: [{a: [3]}]",
]


def valid(text: str) -> bool:
    return jsonschema.Draft202012Validator(schema()).is_valid(yaml.safe_load(text))


def test_the_schema_is_itself_a_proper_schema():
    """An editor that cannot read it would say nothing at all."""
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("text", GOOD, ids=lambda text: text[:40].replace("\n", "|"))
def test_what_the_reader_accepts_no_editor_underlines(text):
    """Red lines under a good file teach people to ignore them."""
    assert valid(text)


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40].replace("\n", "|"))
def test_what_an_editor_underlines_the_reader_refuses(tmp_path: Path, text):
    """And the other way round: these mistakes of shape are seen by both."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UserError):
        read(str(path))
    assert not valid(text)


def test_every_key_of_the_reader_is_in_the_schema():
    """A key that was added to the reader alone would be underlined as a mistake."""
    found = schema()["properties"]
    assert set(found) == set(layout.SECTIONS)
    assert set(found["resources"]["properties"]) == set(layout.RESOURCES)
    assert set(found["policy"]["properties"]) == set(layout.POLICY)
    assert set(found["slurm"]["properties"]) == set(SLURM)
    assert set(VARYING) <= set(found["experiments"]["items"]["properties"])


def test_the_published_schema_is_the_one_that_check_prints():
    """Editors fetch the file from docs/; `exp-queue check --schema > docs/experiment_file.schema.json` renews it."""
    assert json.loads((ROOT / "docs" / "experiment_file.schema.json").read_text()) == schema()
