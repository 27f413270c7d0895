"""WHAT TO RUN: from an experiments file to experiments and their command lines. Pure, but for reading the file itself.

    read("experiments/sample.yaml", ["train_args.lr=1e-3"]).experiments()

The format is described in docs/guide/experiment_files.md. What reads files is imported when it is used, and PyYAML when a YAML
file is read: whoever looks at a queue reads none.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.experiments.asks import Policy, Ranking, Resources, SlurmWishes
    from scheduler.experiments.command.shell import shell_line
    from scheduler.experiments.configurations.configurations import differences
    from scheduler.experiments.experiment import Experiment
    from scheduler.experiments.experiment_file import ExperimentFile, read

__all__ = ["Experiment", "ExperimentFile", "Policy", "Ranking", "Resources", "SlurmWishes", "differences", "read", "shell_line"]
_PLACES = {
    **dict.fromkeys(("Policy", "Ranking", "Resources", "SlurmWishes"), "asks"),
    "shell_line": "command.shell",
    "differences": "configurations.configurations",
    "ExperimentFile": "experiment_file",
    "read": "experiment_file",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_PLACES.get(name, 'experiment')}"), name)
