"""What a trial finds in its environment so that a script written for W&B sweeps runs unchanged, offline, and is read live."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PARAMETERS = "wandb_parameters.yaml"
FLUSH = "0.2"  # seconds between a row and its place in the file; the client's own default is 15

# They would make every trial part of whatever run the scheduler itself was started from. An empty value is no way out: the
# client refuses an empty sweep id.
OTHERS = ("WANDB_SWEEP_ID", "WANDB_SERVICE")


def wandb_environment(
    user_environment: Mapping[str, str], run_directory: Path, run_id: str, group: str, tags: Sequence[str]
) -> dict[str, str | None]:
    """Changes to the environment of one trial; None means that the variable must not be there.

    `run_id` is what `wandb.init()` calls the run, as under W&B's agent, instead of any id that the user has set: two attempts
    with one id would be one run to `wandb sync`, with the rows of both.

    `wandb.config` gets the parameters from `run_directory / PARAMETERS`, which must exist (`write_parameters`). The run is
    written below `run_directory`, which must exist too: the client would quietly take a temporary folder.
    What the user has set of WANDB_MODE, WANDB_RUN_GROUP and the flush interval stays; tags are added to the user's.
    WANDB_SILENT is left alone: W&B's few lines in the log say where the run lies, and warn of steps that go backwards.
    """
    defaults = {"WANDB_MODE": "offline", "WANDB_RUN_GROUP": group[:128], "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": FLUSH}
    changes: dict[str, str | None] = {name: value for name, value in defaults.items() if not user_environment.get(name)}
    changes |= {"WANDB_DIR": str(run_directory), "WANDB_RUN_ID": run_id}
    changes["WANDB_SWEEP_PARAM_PATH"] = str(run_directory / PARAMETERS)
    changes["WANDB_TAGS"] = _joined(user_environment.get("WANDB_TAGS", ""), tags) or None
    return {**changes, **{name: None for name in OTHERS if name in user_environment}}


def write_parameters(path: Path, values: Mapping[str, Any]) -> None:
    """Write the parameters of a trial, nested ones as nested mappings, as W&B's agent does; a private file (0600)."""
    text = parameters_text(values)
    new = path.with_suffix(f".{os.getpid()}")  # a job that starts at this moment reads the old file or the new one, whole
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor has no path)
        file.write(text)
    new.replace(path)


def parameters_text(values: Mapping[str, Any]) -> str:
    """What that file holds."""
    import yaml

    document = {**{name: {"value": value} for name, value in values.items()}, "wandb_version": 1}
    # JSON would not do: to PyYAML its 1e-05 is a text.
    text: str = yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return text


def _joined(of_user: str, tags: Sequence[str]) -> str:
    """Tags in the form of WANDB_TAGS; the client refuses empty ones and more than 64 characters, and has no escape for commas.

    >>> _joined("mine", ["sweep 3", "a,b", "", "mine"])
    'mine,sweep 3,a b'
    """
    all_tags = [*of_user.split(","), *(tag.replace(",", " ") for tag in tags)]
    return ",".join(dict.fromkeys(tag[:64] for tag in map(str.strip, all_tags) if tag))
