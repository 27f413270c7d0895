"""Do the tests notice? Each mutant of a module is put into a copy of the tree, and the tests of its room run there.

    python -m tests.mutation                               # every module below; hours
    python -m tests.mutation scheduler/gpus/packing.py     # one
    python -m tests.mutation --every 5 --fast              # each fifth mutant, and only the fast tests

Prints the mutants that no test noticed, one a line; the counts go to standard error. Exit status 1 if any lived. Tests that never
end count as having noticed. A tool of our own: cosmic-ray leaves out no statement, and mutmut chooses its mutant by a switch
inside the process, which does not reach the launchers, since they run isolated.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.mutation.mutants import mutants
from tests.mutation.trial import copied

ROOT = Path(__file__).resolve().parents[2]
UNIT, CONTRACT, ENDTOEND = "tests/unit", "tests/contract", "tests/endtoend"

# By module: the tests that run for every mutant, and those for a mutant that has outlived them.
TESTS = {
    "scheduler/gpus/packing.py": ([f"{UNIT}/gpus/test_packing.py"], [f"{CONTRACT}/runner"]),
    "scheduler/queue/states.py": ([f"{UNIT}/queue/test_states.py"], [f"{CONTRACT}/queue/test_store.py"]),
    "scheduler/sweeps/stopping/hyperband.py": (
        [f"{UNIT}/sweeps/test_hyperband.py"],
        [f"{UNIT}/sweeps", f"{CONTRACT}/sweeps/test_book.py"],
    ),
    "scheduler/wandb_agent/crew.py": ([f"{UNIT}/wandb_agent/test_crew.py"], [f"{CONTRACT}/wandb_agent/test_heartbeats.py"]),
    "scheduler/gpus/admission.py": (
        [f"{UNIT}/gpus"],
        [f"{UNIT}/runner", f"{CONTRACT}/gpus", f"{CONTRACT}/runner/test_histories.py"],
    ),
    "scheduler/launcher/journal.py": (
        [f"{CONTRACT}/launcher/test_journal.py", f"{CONTRACT}/launcher/test_full_journal.py"],
        [f"{CONTRACT}/launcher", f"{CONTRACT}/runner"],
    ),
    "scheduler/runner/recovery.py": (
        [f"{UNIT}/runner/test_recovery.py", f"{CONTRACT}/runner/test_evidence.py", f"{CONTRACT}/queue/test_store.py"],
        [f"{CONTRACT}/runner"],
    ),
    "scheduler/queue/evidence.py": (
        [f"{CONTRACT}/runner/test_evidence.py", f"{CONTRACT}/queue/test_store.py"],
        [f"{CONTRACT}/runner", f"{CONTRACT}/actions/test_wait.py"],
    ),
    "scheduler/runner/plan.py": (
        [f"{UNIT}/runner/test_plan.py", f"{UNIT}/runner/test_backfill.py"],
        [f"{CONTRACT}/runner", f"{CONTRACT}/queue"],
    ),
    "scheduler/gpus/claims.py": (
        [f"{CONTRACT}/gpus/test_claim_files.py", f"{CONTRACT}/gpus/test_gpu_claims.py"],
        [f"{CONTRACT}/gpus"],
    ),
    "scheduler/gpus/survey.py": (
        [f"{CONTRACT}/gpus/test_hostile_folder.py", f"{CONTRACT}/gpus/test_claim_files.py"],
        [f"{CONTRACT}/gpus"],
    ),
    "scheduler/gpus/records.py": ([f"{UNIT}/gpus/test_claim_records.py"], [f"{CONTRACT}/gpus/test_hostile_folder.py"]),
    "scheduler/launcher/directory.py": ([f"{CONTRACT}/launcher/test_execution.py"], [f"{CONTRACT}/launcher"]),
    "scheduler/launcher/execution.py": (
        [f"{CONTRACT}/launcher/test_{name}.py" for name in ("execution", "launcher", "leftovers", "logs")],
        [f"{CONTRACT}/launcher", f"{CONTRACT}/runner", f"{ENDTOEND}/faults"],
    ),
    "scheduler/launcher/tree.py": (
        [f"{CONTRACT}/launcher/test_leftovers.py", f"{CONTRACT}/launcher/test_launcher.py"],
        [f"{CONTRACT}/launcher", f"{ENDTOEND}/gpus/test_exec.py", f"{ENDTOEND}/cli/test_leftovers_and_grace.py"],
    ),
    "scheduler/tracking/media.py": ([f"{UNIT}/tracking/test_media.py"], [f"{CONTRACT}/tracking/test_run_files.py"]),
    "scheduler/tracking/png.py": ([f"{UNIT}/tracking/test_media.py"], [f"{CONTRACT}/tracking/test_run_files.py"]),
    "scheduler/tracking/values.py": ([f"{UNIT}/tracking/test_values.py"], [f"{UNIT}/tracking/test_wandb_face.py"]),
    "scheduler/tracking/watched.py": ([f"{UNIT}/tracking/test_tracker.py"], [f"{CONTRACT}/tracking/test_scripts_by_hand.py"]),
    "scheduler/tracking/trackers/delivery.py": (
        [f"{UNIT}/tracking/test_delivery.py"],
        [f"{CONTRACT}/tracking/test_trackers.py"],
    ),
    "scheduler/linux/ladder.py": (
        [f"{UNIT}/linux/test_ladder.py"],
        [f"{CONTRACT}/launcher", f"{ENDTOEND}/gpus/test_exec.py"],
    ),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)} (default: all)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth mutant only")
    parser.add_argument("--fast", action="store_true", help="run only the fast tests")
    options = parser.parse_args(arguments)
    if unknown := set(options.modules) - set(TESTS):
        parser.error(f"{', '.join(sorted(unknown))}: no tests are named for this in {__file__}")
    found = [survivors(ROOT, module, TESTS[module][: 2 - options.fast], options.every) for module in options.modules or TESTS]
    return int(any(found))


def survivors(root: Path, module: str, tiers: tuple[list[str], ...], every: int = 1) -> int:
    """How many mutants of a module below `root` no test notices; each is printed as soon as it is known."""
    tried = list(mutants((root / module).read_text(encoding="utf-8")))[::every]
    lived = 0
    with copied(root, tiers) as copy:
        for mutant in tried:
            if not copy.notices(module, mutant):
                lived += 1
                print(f"{module}:{mutant.line}: {_first_line(mutant.was)} -> {_first_line(mutant.now)}", flush=True)
    print(f"{module}: {len(tried)} mutants, {lived} lived", file=sys.stderr)
    return lived


def _first_line(code: str) -> str:
    first, *more = code.splitlines()
    return f"{first} ..." if more else first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
