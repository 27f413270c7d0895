"""WHAT TO TRY NEXT: sweep files in the format of Weights & Biases, what they try, and what they stop.

    read_file("sweeps/grid.yaml", []).experiments()     # a grid as a list, for `prepare` and `run`
    plans.read_plan("sweeps/sample.yaml")               # any sweep, for `sweep`

`read_file` reads experiments files too, and is what the commands call. The format of sweep files:
https://docs.wandb.ai/guides/sweeps/sweep-config-keys.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.sweeps.files.either import read_file

__all__ = ["read_file"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from scheduler.sweeps.files import either  # not above: whoever looks at sweeps reads no file

    return getattr(either, name)
