"""Reading `early_terminate`: when a sweep stops trials that fall behind.

Fields and bounds are W&B's (https://docs.wandb.ai/guides/sweeps/sweep-config-keys#early_terminate) where `type` is
hyperband; iepoch is ours.
"""

from __future__ import annotations

from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.values import dataclass

HYPERBAND, IEPOCH, ASHA = "hyperband", "iepoch", "asha"  # no file has the last: it is asked for by --pruner
TYPES = (HYPERBAND, IEPOCH)
KEEP = 3  # of iepoch, where nobody says
FIELDS = {HYPERBAND: ("type", "min_iter", "max_iter", "s", "eta", "strict"), IEPOCH: ("type", "min_iter", "keep")}
WHOLE = ("min_iter", "max_iter", "keep")


@dataclass(frozen=True)
class EarlyTerminate:
    """The rule. Of hyperband either `min_iter` is given, or `max_iter` and `s`; `strict` is None where the file does not say.
    `keep`: of iepoch, how many trials go on after `min_iter` rows."""

    min_iter: int | None = None
    max_iter: int | None = None
    s: float | None = None
    eta: float = 3
    strict: bool | None = None
    type: str = HYPERBAND
    keep: int | None = None


def read_early_terminate(document: Document, written: object) -> EarlyTerminate:
    """Raises UserError at whatever is wrong."""
    with document.at("early_terminate"):
        found = values.mapping(written)
        kind = found.get("type")
        if kind not in TYPES:
            raise values.expected("type: hyperband", kind, "iepoch is known too, and no other rule")
        if "min_iter" not in found and not (kind == HYPERBAND and {"max_iter", "s"} <= found.keys()):
            wanted = '"min_iter", or "max_iter" and "s"' if kind == HYPERBAND else '"min_iter"'
            raise UserError("it does not say after how many rows trials are compared", next_step=f"add {wanted}")
    for key, value in found.items():
        document.refuse_unknown([key], FIELDS[kind], "early_terminate")
        with document.at("early_terminate", key):
            _check(key, value)
    given = {key: values.whole(value) if key in WHOLE else value for key, value in found.items()}
    return EarlyTerminate(**({"keep": KEEP} if kind == IEPOCH else {}) | given)  # type: ignore[arg-type]


def _check(key: str, value: object) -> None:
    if key in ("min_iter", "keep"):
        values.whole_number(values.whole(value), 1)
    elif key == "max_iter":
        if not isinstance(values.whole(values.finite(value)), int):
            raise values.expected("a whole number", value)
    elif key == "strict":
        values.truth(value)
    elif key == "s":
        values.finite(value)
    elif key == "eta" and not values.finite(value) > 1:
        raise values.expected("a number above 1", value)
