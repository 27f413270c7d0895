"""What `-j` takes: a number, or `auto`."""

from __future__ import annotations

from typing import Any

import click

from scheduler.pacing import AUTO


class SlotsType(click.ParamType):
    """A number of jobs from 1 on, or the word."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int | str:
        if value == AUTO:
            return AUTO
        try:
            number = int(value)
        except ValueError:
            self.fail(f'"{value}" is neither a number of jobs nor `{AUTO}`', param, context)
        if number < 1:
            self.fail(f"{number} is not in the range x>=1", param, context)
        return number
