"""The page as a whole, from a disk, in a real browser."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opened


def test_a_report_opens_from_a_disk_and_asks_nobody_for_anything(opened: Opened, demo: Path) -> None:
    """It is sent to people who are on a train."""
    driver = opened(demo)
    assert driver.title == "All experiments"
    assert len(driver.find_elements("css selector", ".chart canvas")) >= 2
