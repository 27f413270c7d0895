"""Reading `early_terminate`: when a sweep stops trials that fall behind, in the manner of Hyperband.

Fields and bounds are W&B's (https://docs.wandb.ai/guides/sweeps/sweep-config-keys#early_terminate).
"""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.errors import nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document

FIELDS = ("type", "min_iter", "max_iter", "s", "eta", "strict")
WHOLE = ("min_iter", "max_iter")


@dataclass(frozen=True)
class EarlyTerminate:
    """The rule. Either `min_iter` is given, or `max_iter` and `s`. `strict` is None where the file does not say."""

    min_iter: int | None = None
    max_iter: int | None = None
    s: float | None = None
    eta: float = 3
    strict: bool | None = None


def read_early_terminate(document: Document, written: object) -> EarlyTerminate:
    """Raises UserError at whatever is wrong."""
    with document.at("early_terminate"):
        found = values.mapping(written)
        if found.get("type") != "hyperband":
            raise values.expected("type: hyperband", found.get("type"), "no other rule is known")
        if "min_iter" not in found and not {"max_iter", "s"} <= found.keys():
            raise values.expected(
                '"min_iter", or "max_iter" and "s"', list(found), "they say after how many rows trials are compared"
            )
    for key, value in found.items():
        if key not in FIELDS:
            raise document.error(f'unknown key "{key}"', "early_terminate", key, key=True, next_step=nearest(key, FIELDS))
        with document.at("early_terminate", key):
            _check(key, value)
    given = {key: values.whole(value) if key in WHOLE else value for key, value in found.items() if key != "type"}
    return EarlyTerminate(**given)  # type: ignore[arg-type]


def _check(key: str, value: object) -> None:
    if key == "min_iter":
        values.whole_number(values.whole(value), 1)
    elif key == "max_iter" and (isinstance(value, bool) or not isinstance(values.whole(value), int)):
        raise values.expected("a whole number", value)
    elif key == "strict":
        values.truth(value)
    elif key in ("s", "eta") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise values.expected("a number", value)
    elif key == "eta" and isinstance(value, (int, float)) and not value > 1:
        raise values.expected("a number above 1", value)
