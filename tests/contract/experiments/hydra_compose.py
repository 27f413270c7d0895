"""Composes configurations with Hydra itself: cases as JSON on standard input, what Hydra makes of them on standard output.

Run with a Python that has hydra-core 1.3. A case has `files` (path and text), the `defaults` and the `base` of the
primary configuration, and `overrides`. The answer to each is {"config": ...} or {"error": message}.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path


def primary(case):
    """The primary configuration: in Hydra, what we call `base` stands beside `defaults`."""
    return json.dumps({"defaults": case["defaults"], **case["base"]})


def composed(case, folder):
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    for name, text in {**case["files"], "experiments.yaml": primary(case)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with initialize_config_dir(version_base="1.3", config_dir=str(folder)):
        config = compose("experiments", overrides=case["overrides"])
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)


def answer(case):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return {"config": composed(case, Path(folder))}
        except Exception as error:  # noqa: BLE001 - whatever Hydra raises is its answer
            return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
