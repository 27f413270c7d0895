"""`python -m text_recognizer.export CHECKPOINT --to onnx|torch`: a trained network with CTC as a file for other programs.

Exit status: 0 written and checked, 1 it cannot be written or answers otherwise than PyTorch, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.errors import ExperimentError

PROGRAM = "python -m text_recognizer.export"
ENDINGS = {"onnx": ".onnx", "torch": ".pt2"}


def main(arguments: list[str] | None = None) -> int:
    """Writes the file, and says how far its answers are from those of the checkpoint."""
    given = _arguments().parse_args(arguments)
    return obeyed(PROGRAM, lambda: _export(given))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Write a trained network with CTC for other programs.")
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="best.pt of a training on lines, or what --save kept")
    parser.add_argument("--to", choices=tuple(ENDINGS), required=True, help="ONNX, or torch.export's format")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file (default: beside the checkpoint, .onnx or .pt2)")
    return parser


def _export(given: argparse.Namespace) -> int:
    out = given.out or given.checkpoint.with_suffix(ENDINGS[given.to])
    if out.exists() and given.checkpoint.exists() and out.samefile(given.checkpoint):
        raise ExperimentError(f"{out} is the checkpoint itself; name another file with --out")
    if given.to == "onnx":  # what is missing is said before anything is loaded
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    from text_recognizer import exporting
    from text_recognizer.training.checkpoints import put

    made = exporting.exported(given.checkpoint, given.to)
    put(out, made.content)
    print_anyhow(
        f"written {out}: {len(made.content):,} bytes; on {made.lines} lines its probabilities are at most {made.apart:.1g} "
        f"from PyTorch's"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
