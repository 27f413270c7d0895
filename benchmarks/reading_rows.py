"""How soon a row is read after the script logged it, and what reading costs.

    python benchmarks/reading_rows.py [--rows 50] [--pause 0.1]

First table: for each kind of log, a script logs a row every --pause seconds with the time in it; the reader sleeps in
`select`, as the runner does. Delay: from just before the log call to the moment when the row is in our hands, in
milliseconds; "wakes" counts the reader's wakes per row. W&B's client runs offline with the environment that a trial gets.

Second table: a log of a million rows (or 100 MB of output) read in one go, with seconds and rows per second.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.kinds import METRIC_LOG, OUTPUT, TENSORBOARD, WANDB
from scheduler.tracking.wandb_offline import PARAMETERS, wandb_environment, write_parameters

LOOP = "import sys, time\nfor step in range({rows}):\n    time.sleep({pause})\n    loss = time.time()\n    {log}\n"
SCRIPTS = {
    METRIC_LOG: ("from scheduler import tracking\ntracker = tracking.init({})\n", "tracker.log({'loss': loss}, step)"),
    WANDB: ("import wandb\nwandb.init(project='p')\n", "wandb.log({'loss': loss})"),
    TENSORBOARD: (
        "import os\nfrom tensorboard.compat.proto.event_pb2 import Event\n"
        "from tensorboard.compat.proto.summary_pb2 import Summary\nfrom tensorboard.util.tensor_util import make_tensor_proto\n"
        "from tensorboard.summary.writer.event_file_writer import EventFileWriter\n"
        "import numpy\nwriter = EventFileWriter(os.environ['EXP_QUEUE_RUN_DIR'])\n"
        "value = lambda loss: Summary.Value(tag='loss', tensor=make_tensor_proto(numpy.float64(loss)))\n",
        "writer.add_event(Event(step=step, summary=Summary(value=[value(loss)]))); writer.flush()",
    ),
    OUTPUT: ("", "print(f'epoch {step}: loss={loss!r}', flush=True)"),
}


def delays(kind: str, rows: int, pause: float) -> tuple[list[float], int]:
    """Milliseconds from log call to row for each row, and how often the reader woke for them."""
    head, log = SCRIPTS[kind]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        write_parameters(run / PARAMETERS, {"lr": 0.1})
        changes = wandb_environment({}, run, "run-1", "benchmark", [])
        own = {"EXP_QUEUE_METRICS": str(run / "metrics.jsonl"), "EXP_QUEUE_RUN_DIR": folder, "HOME": folder}
        own["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        kept = {name: value for name, value in {**os.environ, **changes, **own}.items() if value is not None}
        script = head + LOOP.format(rows=rows, pause=pause, log=log)
        follower = Follower(run, ["loss"], only=(kind,))
        with (run / "log.txt").open("ab") as output:
            process = subprocess.Popen([sys.executable, "-c", script], stdout=output, stderr=output, env=kept)
        found = listen(follower, process, rows)
        follower.close()
        if len(found[0]) < rows:
            raise SystemExit(f"{kind}: {len(found[0])} of {rows} rows; {(run / 'log.txt').read_text()}")
        return found


def listen(follower: Follower, process: subprocess.Popen, rows: int) -> tuple[list[float], int]:
    taken: list[float] = []
    wakes = 0
    while len(taken) < rows:
        new = follower.read()
        taken += [1000 * (time.time() - row.values["loss"]) for row in new]
        wakes += bool(taken)
        select.select([follower], [], [], 1 if follower.patience() is None else follower.patience())
        if process.poll() is not None and not new:
            taken += [1000 * (time.time() - row.values["loss"]) for row in follower.finish()]
            break
    process.wait()
    return taken, wakes


def record(step: int) -> bytes:
    """A history record of W&B's log, framed, with ten metrics; short enough that none needs two chunks in most blocks."""
    items = b"".join(
        part(1, part(2, name.encode()) + part(16, b"0.123456789")) for name in ["loss", *(f"metric_{n}" for n in range(9))]
    )
    return part(2, items)


def part(field: int, payload: bytes) -> bytes:
    tag = field << 3 | 2
    prefix = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    size = len(payload)
    return prefix + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + payload


def transaction_log(rows: int) -> bytes:
    out, payload = bytearray(b":W&B\xe1\xbe\x00"), record(0)
    chunk = struct.pack("<IHB", zlib.crc32(b"\1" + payload), len(payload), 1) + payload
    for _ in range(rows):
        left = 32768 - len(out) % 32768
        if left < len(chunk):  # an empty chunk of a kind that is passed over fills the block
            filler = bytes(max(0, left - 7))
            out += struct.pack("<IHB", zlib.crc32(b"\1" + filler), len(filler), 1) + filler if left >= 7 else bytes(left)
        out += chunk
    return bytes(out)


def bulks(rows: int) -> dict[str, tuple[str, Callable[[], bytes], str]]:
    line = json.dumps({"_step": 1, "_time": 1.0, "loss": 0.5, **{f"metric_{n}": 0.123456789 for n in range(9)}}) + "\n"
    return {
        "metric log": ("metrics.jsonl", lambda: line.encode() * rows, METRIC_LOG),
        "metric log, other metrics": ("metrics.jsonl", lambda: line.replace("loss", "lass").encode() * rows, METRIC_LOG),
        "W&B log": ("wandb/run-1-x/run-x.wandb", lambda: transaction_log(rows), WANDB),
        "output, each line a row": ("log.txt", lambda: b"epoch 3 of 10: loss=0.5, acc=0.75, lr=1e-3\n" * rows, OUTPUT),
        "output, 100 MB of other lines": ("log.txt", lambda: b"a line that says nothing of any metric\n" * 2_500_000, OUTPUT),
        "output, a bar of 100 MB": ("log.txt", lambda: b"\r 50%|#####     | 5/10 [00:01<00:01, loss=0.5]" * 2_100_000, OUTPUT),
    }


def bulk(name: str, rows: int) -> tuple[float, int, float]:
    """Seconds for the whole log, rows found, and the longest single call in milliseconds."""
    place, content, kind = bulks(rows)[name]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        (run / place).parent.mkdir(parents=True, exist_ok=True)
        (run / place).write_bytes(content())
        follower = Follower(run, ["loss"], only=(kind,))
        began, found, longest = time.perf_counter(), 0, 0.0
        while True:
            before = time.perf_counter()
            found += len(follower.read())
            longest = max(longest, time.perf_counter() - before)
            if follower.patience() != 0:
                break
        found += len(follower.finish())
        follower.close()
        return time.perf_counter() - began, found, 1000 * longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.1)
    parser.add_argument("--bulk", type=int, default=1_000_000, help="rows of the large logs; 0 leaves them out")
    given = parser.parse_args()
    print(f"{'log':<32}{'rows':>8}{'median ms':>12}{'p95 ms':>10}{'max ms':>10}{'wakes/row':>12}")
    for kind in SCRIPTS:
        taken, wakes = delays(kind, given.rows, given.pause)
        ordered = sorted(taken)
        figures = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1]
        print(f"{kind:<32}{len(taken):>8}" + "{:>12.1f}{:>10.1f}{:>10.1f}".format(*figures) + f"{wakes / len(taken):>12.1f}")
    if given.bulk:
        print(f"\n{'large log':<32}{'rows':>8}{'seconds':>12}{'longest call ms':>18}")
        for name in bulks(given.bulk):
            seconds, found, longest = bulk(name, given.bulk)
            print(f"{name:<32}{found:>8}{seconds:>12.2f}{longest:>18.0f}")


if __name__ == "__main__":
    main()
