"""What options take that are a number: a whole one within bounds, and for `-j` also `auto`."""

from __future__ import annotations

from typing import Any

import click


class Whole(click.IntRange):
    """One within bounds; what is none is refused in the words that files use for the same thing."""

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            self.fail(f'expected {self._wanted}, found "{value}"', param, context)
        if (self.min is not None and number < self.min) or (self.max is not None and number > self.max):
            self.fail(f"expected {self._wanted}, found {number}", param, context)
        return number

    @property
    def _wanted(self) -> str:
        if self.max is None:
            return f"a whole number of {self.min} or more"
        return f"a whole number from {self.min:,} to {self.max:,}"


class SlotsType(click.ParamType):
    """A number of jobs from 1 on, or the word."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int | str:
        from scheduler.pacing import AUTO  # `Whole` is asked for by commands that run nothing

        if value == AUTO:
            return AUTO
        try:
            return Whole(1).convert(value, param, context)
        except click.BadParameter as error:
            self.fail(f"{error.message}; or write `{AUTO}`", param, context)
