"""What the labs' command lines say that means nothing here: it is passed over and told, so that they work as they stand."""

from __future__ import annotations

from text_recognizer.errors import ExperimentError

_BY_ITSELF = "one process trains on one GPU"

PASSED_OVER = {
    "accelerator": _BY_ITSELF,
    "augment_data": "train_args.augment says how much lines are varied",
    "categorical_format": "how texts become classes is the model's affair",
    "distributed_backend": _BY_ITSELF,
    "limit_output_length": "windows behind a text are read as nothing",
    "nowandb": "W&B is only asked with --wandb",
    "num_workers": "batches are made by the process that trains",
    "one_cycle_total_steps": "the cycle is as long as the training",
    "progress_bar_refresh_rate": "a line tells of each epoch",
    "strategy": _BY_ITSELF,
    "terminate_on_nan": "a loss that is no number always ends the training",
    "weights_summary": "the first line tells how many there are",
    "with_start_end_tokens": "the model that writes tokens adds them itself",
}
"""Keys and flags of the labs and of their trainer, and why they mean nothing; where a key of this name is known, it counts."""

BARE = ("limit_output_length", "nowandb", "with_start_end_tokens")
"""Those that stand without a value."""


def told(names: list[str]) -> str:
    """One line about what was passed over; "" where there was nothing."""
    reasons = "; ".join(f"{name} ({PASSED_OVER[name]})" for name in dict.fromkeys(names))
    return f"passed over: {reasons}" if reasons else ""


def gpu_of(value: str) -> tuple[int | None, str]:
    """What the labs' `--gpus` means as `--gpu`, nothing for the CPU; and a sentence where it asks for more than that.

    `0` is none; a number or -1 so many of any, or all; `0,` and `[0]` the numbers of GPUs.
    """
    numbers = [part.strip() for part in value.strip("[]").split(",") if part.strip()]
    if not numbers or any(not number.removeprefix("-").isdigit() for number in numbers):
        raise ExperimentError(f"--gpus is {value!r}; give 1 for any free GPU, 0 for the CPU, or `0,` for GPU 0")
    listed = "," in value or value.startswith("[")
    first = int(numbers[0])
    several = len(numbers) > 1 if listed else first not in (0, 1)
    gpu = first if listed else -1 if first else None
    return gpu, f"--gpus={value}: {_BY_ITSELF}, so one is taken" if several else ""
