"""What stands in a point for a parameter that has no value there."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Absent(Enum):
    """The only one of its kind, so that no value of a file is taken for it."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
