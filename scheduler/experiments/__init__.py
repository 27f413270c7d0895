"""WHAT TO RUN: from an experiments file to experiments and their command lines. Pure, but for reading the file itself.

    read("experiments/sample.yaml", ["train_args.lr=1e-3"]).experiments()

The format is described in docs/guide/experiment_files.md. PyYAML is imported when a
YAML file is read.
"""

from scheduler.experiments.command.shell import shell_line
from scheduler.experiments.configurations.configurations import differences
from scheduler.experiments.experiment import Experiment, Policy, Ranking, Resources
from scheduler.experiments.experiment_file import ExperimentFile, read

__all__ = ["Experiment", "ExperimentFile", "Policy", "Ranking", "Resources", "differences", "read", "shell_line"]
