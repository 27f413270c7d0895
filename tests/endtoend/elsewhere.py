"""Jobs that run on other machines: what they tell of where they are, and the files that ask for them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.conftest import CommandLine

JOB = """
import json, os, sys, time
from pathlib import Path
what = json.loads(sys.argv[1])
n = what["n"]
print("hello from", n, flush=True)
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write(json.dumps({"step": 0, "loss": float(n)}) + "\\n")
with open(os.environ["EXP_QUEUE_RUN_DIR"] + "/model.bin", "wb") as file:
    file.write(bytes([n]) * 100_000)
Path(f"{n}.began").open("a").write("x")
Path(f"{n}.part").write_text(json.dumps({**os.environ, "PID": str(os.getpid()), "PARENT": str(os.getppid())}))
Path(f"{n}.part").rename(f"{n}.json")  # whoever sees it reads all of it
while what.get("stay") and not Path("go").exists():
    time.sleep(0.05)
sys.exit(what.get("status", 0))
"""
SWEEP = """
program: train.py
command: [python, "${program}", "${args}"]
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2, 0.9]}
  stays_above: {value: 0.5}
early_terminate: {type: hyperband, min_iter: 2, eta: 2}
"""


def grid(line: CommandLine, values: str, more: str = "", head: str = "") -> str:
    """A file of jobs; `values`: those of n."""
    command = 'command: [python, job.py, "${args_json}"]\n'
    return line.write("grid.yaml", f"{command}{head}\ngrid: {{n: {values}{more}}}\n")


def environment(line: CommandLine, n: int) -> dict[str, str]:
    """What the job with this n has found, its process id as PID, and as PARENT that of its launcher."""
    return json.loads((line.directory / f"{n}.json").read_text())


def mending(line: CommandLine, values: str = "[0, 1]", head: str = "", name: str = "mend.yaml") -> str:
    """A file of jobs that fail until there is a file `mended`; each tells in which directory it ran and in which partition."""
    script = 'echo "$EXP_QUEUE_RUN_DIR $SLURM_JOB_PARTITION"; test -e mended'
    command = f"""command: [sh, -c, '{script}', sh, "${{args_no_hyphens}}"]"""
    return line.write(name, f"{command}\n{head}\ngrid: {{n: {values}}}\n")


def shown(line: CommandLine, job: str) -> dict[str, Any]:
    """What `show` says of a job to programs."""
    return json.loads(line("show", job, "--format", "json").stdout)[0]


def rows(line: CommandLine, job: str) -> dict[str, str]:
    """What `show` says of it to people."""
    found = (text.partition("  ") for text in line("show", job).stdout.splitlines())
    return {name: value.strip() for name, _, value in found}


def from_python(line: CommandLine, code: str) -> list[Any]:
    """What a program of the user's prints, as JSON, a line for each."""
    line.write("program.py", f"import json, exp_queue\n{code}")
    where = {"cwd": line.directory, "env": line.environment, "timeout": 100}
    done = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=False, **where)
    assert done.returncode == 0, done.stderr
    return [json.loads(each) for each in done.stdout.splitlines()]
