"""What is promised about a release: its number, its changes, what its extras install."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scheduler import __version__
from tests.conftest import ROOT

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
# What nothing of ours imports, and why it is installed all the same.
REASONS = {
    "cmaes": "Optuna's sampler of that name imports it",
    "pytest-timeout": "the `timeout` of pyproject.toml, for a test that hangs",
    "pytest-xdist": "tasks/test_functionality.sh runs three tests at once",
    "ruff": "tasks/test_functionality.sh checks the style by it",
    "mypy": "tasks/test_functionality.sh checks the types by it",
    "types-pyyaml": "what mypy knows of yaml",
    "mkdocs-material": "tests/endtoend/test_site.py builds the guide as a site by it",
    "ipykernel": "nbclient starts the notebooks of the guide in it",
}
SOURCES = ("hydra_plugins", "scheduler", "exp_queue", "text_recognizer", "tests", "benchmarks")
SEMVER = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?"  # semver.org, without its build metadata


def imported(source: str) -> Iterator[str]:
    """The top-level modules that a source imports, also by `import_module` and `importorskip`, and in scripts that it holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name.split(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and _called(node.func).endswith(("import_module", "importorskip")):
            yield from (str(each.value).split(".")[0] for each in node.args[:1] if isinstance(each, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"^\s*(?:from|import) (\w+)", node.value, re.M)


def _called(function: ast.expr) -> str:
    """The last part of a function's name: `c` of `a.b.c(...)`."""
    return str(getattr(function, "attr", getattr(function, "id", "")))


def unused(names: Mapping[str, set[str]], modules: set[str], reasons: Mapping[str, str]) -> list[str]:
    """Of the distributions, with the modules that each brings, those that nobody imports and for which no reason is given."""
    return sorted(name for name, brings in names.items() if not brings & modules and name not in reasons)


def brought_by() -> dict[str, set[str]]:
    """The modules of every distribution that is installed here."""
    found: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            found.setdefault(canonicalize_name(name), set()).add(module)
    return found


def requirements() -> list[str]:
    lines = [SETUP["options"]["install_requires"], *SETUP["options.extras_require"].values()]
    words = [line for each in lines for line in each.splitlines() if line and not line.startswith("exp-queue[")]
    return [canonicalize_name(Requirement(word).name) for word in words]


def test_nothing_is_installed_that_nothing_imports() -> None:
    """An extra that has outlived its use costs every user a download, and breaks some day."""
    texts = [path.read_text(encoding="utf-8") for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    modules = {name for text in texts for name in imported(text)}
    there = brought_by()
    wanted = requirements()
    installed = {name: there[name] for name in wanted if name in there}  # of others nobody knows here what they bring
    assert unused(installed, modules, REASONS) == []
    assert sorted(REASONS.keys() - set(wanted)) == [], "reasons for what is not asked for any more"


def test_the_check_of_extras_sees_what_is_not_imported() -> None:
    """A checker is trusted after it has caught a planted bug."""
    source = 'import a.b\nfrom c.d import e\nimportlib.import_module("f")\nSCRIPT = """\nfrom g import h\n"""'
    modules = set(imported(source))
    assert modules == {"a", "c", "f", "g"}
    assert unused({"pack-a": {"a", "z"}, "idle": {"z"}, "told": {"y"}}, modules, {"told": "why"}) == ["idle"]


def test_all_installs_every_extra() -> None:
    """An extra that is added later must not be forgotten where everything is tested."""
    extras = SETUP["options.extras_require"]
    (words,) = re.findall(r"exp-queue\[(.*)\]", extras["all"])
    assert set(words.split(",")) == set(extras) - {"all"}


def headings() -> list[str]:
    return re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)


def test_the_changes_stand_under_releases_the_newest_first() -> None:
    """Who comes from an older version reads from the top to the number of that one."""
    unreleased, *released = headings()
    assert unreleased == "Unreleased"
    assert all(re.fullmatch(SEMVER, each) for each in released)
    numbers = [tuple(map(int, re.findall(r"\d+", each)[:3])) for each in released]
    assert numbers == sorted(set(numbers), reverse=True)


def test_the_version_is_that_of_the_newest_release() -> None:
    """`exp-queue --version` is what a report of a bug begins with."""
    assert re.fullmatch(SEMVER, __version__)
    assert headings()[1] == __version__


FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.parametrize("path", [each for each in FORMS if each.name != "config.yml"], ids=lambda p: p.name)
def test_the_forms_for_reports_ask_in_words(path: Path) -> None:
    """A form with a mistake in it is not shown at all, and nobody hears of that."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    assert {each["type"] for each in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(each["attributes"]["label"] for each in form["body"])
    assert len({each["id"] for each in form["body"]}) == len(form["body"])
