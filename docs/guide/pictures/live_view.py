"""Draw docs/guide/pictures/live_view_80.svg and live_view_140.svg: the live view of a real run, as `exp-queue watch` sees it; and
top_110.svg: the same with keys, after some of them.

    python docs/guide/pictures/live_view.py                                  # a small training on points that it draws by itself
    python docs/guide/pictures/live_view.py experiments/sample.yaml -j2      # any other file, with options of `run`

The run has a state directory of its own and is stopped once there is something to see. Needs the extra `ui`.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from scheduler.actions.opening import opened_devices
from scheduler.actions.scene import Scene
from scheduler.actions.watch import lookout
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.queue.store import Store
from scheduler.report.log_view import newest_line
from scheduler.report.progress import Progress
from scheduler.report.scene import drawn, met
from scheduler.top.app import Top
from scheduler.top.canvas import Canvas

TRAIN = """
import argparse, math, random, time
from scheduler import tracking
options = argparse.ArgumentParser()
options.add_argument("--lr", type=float)
options.add_argument("--epochs", type=int)
config = vars(options.parse_args())
run = tracking.init(config, objective=("val_loss", "minimize"))
random.seed(7)
points = [(random.gauss(side, 1.2), random.gauss(-side, 1.2), side > 0) for side in (-1, 1) for _ in range(400)]
random.shuffle(points)
held_out, points, (a, b, c) = points[:200], points[200:], (-1.0, 1.0, 0.5)
def chance(x, y):
    return 1 / (1 + math.exp(-max(min(a * x + b * y + c, 30), -30)))
for epoch in range(config["epochs"]):
    for x, y, right in points:
        error = config["lr"] * (chance(x, y) - right)
        a, b, c = a - error * x, b - error * y, c - error
    losses = [-math.log(max(chance(x, y) if right else 1 - chance(x, y), 1e-9)) for x, y, right in held_out]
    run.log({"epoch": epoch, "val_loss": sum(losses) / len(losses)}, epoch)
    time.sleep(0.25)
run.finish()
"""
GRID = """
experiment_group: Two clouds
command: [python, train.py, "${args}"]
base: {epochs: 60}
grid: {lr: [0.00003, 0.0001, 0.0003, 0.001, 0.003]}
"""

PICTURES = Path(__file__).parent
SIZES = ((80, 24), (140, 24))
TOP = (110, 16)
POINTS = 25  # of a curve that is worth a picture
KEYS = (  # and what shows that they have done what they do
    ((), "queued"),
    (("down", "t", *"baseline", "enter"), "tagged"),
    (("up", "space", "space", "c"), "cancel 2"),
)
SHOWN = 20.0  # seconds until a key has done what it does
PATIENCE = 1800.0  # seconds until there is one
_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)  # fonts from the network: a page must not ask for them


def draw(scene: Scene) -> None:
    """Write both pictures."""
    progress = Progress(io.StringIO())
    progress.meet(met(scene))
    for columns, lines in SIZES:
        console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        for line in drawn(scene, progress.called, columns, lines):
            console.print(Text.assemble(*line), no_wrap=True)
        picture = console.export_svg(title="exp-queue watch", unique_id=f"live{columns}")
        (PICTURES / f"live_view_{columns}.svg").write_text(_ELSEWHERE.sub("", picture), encoding="utf-8")


def seen(home: Path, run: subprocess.Popen) -> Scene:
    """The first scene in which every job that runs has a curve; the last one where that takes too long, or the run has ended."""
    deadline = time.monotonic() + PATIENCE
    with opened_devices() as devices, Store(open_home(home)) as store:
        looking = lookout(store, None, devices, newest_line)
        while True:
            scene = looking.scene()
            curves = [len(each.metric.curve) if each.metric else 0 for each in scene.running]
            if time.monotonic() > deadline or run.poll() is not None or (curves and min(curves) >= POINTS and scene.waiting):
                return scene
            time.sleep(0.5)


async def draw_top(home: Path) -> None:
    """Write the picture of `exp-queue top`: a job has got a tag, another is to be cancelled."""
    os.environ["EXP_QUEUE_HOME"] = str(home)
    top = Top()
    async with top.run_test(size=TOP) as pilot:
        for keys, text in (
            ((), "queued"),
            (("down", "t", *"baseline", "enter"), "tagged"),
            (("up", "space", "space", "c"), "cancel 2"),
        ):
            await pilot.press(*keys)
            deadline = time.monotonic() + SHOWN
            while time.monotonic() < deadline and text not in str([each.lines for each in top.screen.query(Canvas)]):
                await pilot.pause(0.1)
        picture = top.export_screenshot(title="exp-queue top")
        top.exit(0)
    picture = re.sub(r"terminal-\d+", "top", _ELSEWHERE.sub("", picture))
    (PICTURES / f"top_{TOP[0]}.svg").write_text(picture, encoding="utf-8")


def main(words: list[str]) -> None:
    """Run, look, draw."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EXP_QUEUE_HOME": f"{folder}/home"}
        (Path(folder) / "train.py").write_text(TRAIN, encoding="utf-8")
        (Path(folder) / "clouds.yaml").write_text(GRID, encoding="utf-8")
        command = [sys.executable, "-m", "scheduler", "run", *(words or ["clouds.yaml", "-j3"]), "--again"]
        run = subprocess.Popen(command, env=environment, cwd=None if words else folder, stdout=subprocess.DEVNULL)
        try:
            draw(seen(Path(folder) / "home", run))
            asyncio.run(draw_top(Path(folder) / "home"))
        finally:
            for _ in range(2):  # the first lets what runs finish, the second stops it
                run.send_signal(signal.SIGINT)
                time.sleep(0.5)
            run.wait()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))
