"""Draw docs/guide/pictures/page_*.png: a report of a real sweep, as a browser shows it at a desk and on a phone.

    python docs/guide/pictures/pages.py                 # runs sweeps/sample.yaml, some minutes on two cores
    python docs/guide/pictures/pages.py STATE_DIR       # of a queue that has its trials already

Needs Chromium with its driver, and selenium (in the extra `test`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from scheduler.home import open_home  # noqa: E402
from scheduler.queue.store import Store  # noqa: E402
from scheduler.web import report  # noqa: E402
from tests.browser import chromium  # noqa: E402

PICTURES = Path(__file__).parent
# The picture, how wide and high the window is, light or dark, what its link says, and the section at its top; "" for the head.
SHOTS = (
    ("page_curves", 1400, 860, "light", "smooth=0.3", ""),
    ("page_sweep", 1400, 1000, "dark", "", "parallel"),
    ("page_media", 1400, 620, "light", "", "media"),
    ("page_phone", 390, 844, "light", "", ""),
)


def main() -> None:
    if why := chromium.missing():
        sys.exit(why)
    with tempfile.TemporaryDirectory(prefix="pages-") as made:
        home = Path(sys.argv[1]) if len(sys.argv) > 1 else _trained(Path(made) / "home")
        page = Path(made) / "page.html"
        with Store(open_home(home)) as store:
            report.write(store, [], page, title="A small reader of handwriting")
        with chromium.started(Path(made) / "profile") as driver:
            for shot in SHOTS:
                _draw(driver, page, *shot)


def _trained(home: Path) -> Path:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "scheduler", "sweep", "--method", "bayes", "-j2", "--plain"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "EXP_QUEUE_HOME": str(home), "PATH": path}, check=True)
    return home


def _draw(driver: Any, page: Path, name: str, width: int, height: int, theme: str, link: str, section: str) -> None:
    chromium.look(driver, width=width, height=height, theme=theme)
    driver.get("about:blank")
    driver.get(f"{page.as_uri()}#{link}")
    chromium.until(driver, "return document.documentElement.dataset.ready")
    if section:
        driver.execute_script("dispatchEvent(new Event('beforeprint'))")  # all views are drawn
        chromium.settled(driver)
        driver.execute_script("document.getElementById(arguments[0]).scrollIntoView()", section)
    chromium.settled(driver)
    driver.save_screenshot(str(PICTURES / f"{name}.png"))
    print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
