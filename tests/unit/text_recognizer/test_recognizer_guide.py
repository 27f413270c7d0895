"""The pages of the recogniser's guide: every data set and network has one, with a picture."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from text_recognizer.catalog import DATASETS, NETWORKS

GUIDE = ROOT / "docs" / "guide"
PAGES = sorted([*GUIDE.glob("data/*.md"), *GUIDE.glob("models/*.md")])
LARGEST = 60_000


@pytest.mark.parametrize("name", [e.name for catalog in (DATASETS, NETWORKS) for e in catalog.entries])
def test_everything_in_the_catalog_has_a_page(name: str) -> None:
    """What the guide does not know nobody uses."""
    assert any(re.search(rf"\b{name}\b", page.read_text()) for page in PAGES)
    assert name in (GUIDE / "recognizer.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_a_small_picture_and_a_command(page) -> None:
    """A picture says in a second what the text takes a minute for; a large one makes every clone slow for ever."""
    text = page.read_text()
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert pictures
    assert all((page.parent / picture).stat().st_size < LARGEST for picture in pictures)
    assert "    python -m text_recognizer." in text


@pytest.mark.parametrize("page", [GUIDE / "recognizer.md", *PAGES], ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page) -> None:
    """A page that was moved leaves dead links behind."""
    targets = [t for t in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_the_front_page_leads_to_every_page_and_no_picture_lies_idle() -> None:
    """Something that nothing leads to is not there."""
    front = (GUIDE / "recognizer.md").read_text()
    assert [p.name for p in PAGES if f"({p.parent.name}/{p.name})" not in front] == []
    every = "".join(page.read_text() for page in (*GUIDE.glob("*.md"), *PAGES))
    assert [p.name for p in (GUIDE / "pictures").glob("*.png") if f"pictures/{p.name}" not in every] == []
