"""Real Chromium, without a window, without a network: what it loaded, what it said, and what can be seen."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

PROGRAMS, DRIVERS = ("chromium", "chromium-browser", "google-chrome"), ("chromedriver",)
PATIENCE = 120.0  # seconds for what takes one, on a machine with much else to do
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # containers often run as root
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--window-size=1400,900",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_QUIET = ("data", "blob", "about", "chrome")  # schemes of addresses behind which is no network


@cache
def missing() -> str:
    """Why there is no browser here; empty: there is one."""
    try:
        import selenium  # noqa: F401 (only whether it is there)
    except ImportError:
        return "selenium is not installed (the extra `test` has it)"
    for what, names in (("Chromium", PROGRAMS), ("chromedriver", DRIVERS)):
        if not _found(names):
            return f"no {what} here that starts (Debian: apt install chromium chromium-driver)"
    return ""


@cache
def _found(names: Sequence[str]) -> str | None:
    """The first of these programs that is there and can be started: some distributions have one that only names a package."""
    for path in filter(None, map(shutil.which, names)):
        told = subprocess.run([path, "--version"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if told.returncode == 0:
            return path
    return None


@contextmanager
def started(profile: Path) -> Iterator[Any]:
    """A driver of a browser of its own, with a new profile in this directory; both are gone afterwards."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _found(PROGRAMS) or ""
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_found(DRIVERS)))
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: Any, *, width: int = 1400, height: int = 900, theme: str = "light", ratio: float = 1) -> None:
    """A window of this size, of a reader who likes it light or dark. Below 600 pixels it is a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": _likes(theme)})


def printing(driver: Any, theme: str = "light") -> None:
    """As it is drawn on paper."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": _likes(theme)})


def draw_all(driver: Any) -> None:
    """Also the views that have not come into sight yet, as when the page is printed and somebody goes on with it."""
    driver.execute_script("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
    settled(driver)


def _likes(theme: str) -> list[dict[str, str]]:
    return [{"name": "prefers-color-scheme", "value": theme}]


def until(driver: Any, script: str, *values: Any) -> Any:
    """What the body of a function gives in the page, once it is something; asked at each of its frames. AssertionError where it
    does not come."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := driver.execute_script(script, *values):
            return found
        two_frames(driver)
    raise AssertionError(f"it did not come within {PATIENCE:.0f} s: {script}")


def two_frames(driver: Any) -> None:
    """What was asked for at the next frame is drawn afterwards."""
    driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def settled(driver: Any) -> None:
    """All that was under way in the page is drawn: promises first, then frames."""
    for _ in range(3):
        two_frames(driver)


def complaints(driver: Any) -> list[str]:
    """The errors and warnings of the page since the last time."""
    return [f"{entry['level']}: {entry['message']}" for entry in driver.get_log("browser") if entry["level"] != "INFO"]


def requests(driver: Any) -> list[str]:
    """The addresses that were asked for since the last time."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def strangers(asked: Sequence[str], page: str) -> list[str]:
    """Those addresses that are not the page's own: of a file all but itself, of a server all that it does not have."""
    own = urlsplit(page)

    def is_own(url: SplitResult) -> bool:
        return (url.scheme, url.netloc) == (own.scheme, own.netloc) and (own.scheme != "file" or url.path == own.path)

    return [url for url in asked if urlsplit(url).scheme not in _QUIET and not is_own(urlsplit(url))]
