"""Whether a sweep's metric was ever seen: a misspelt name makes every trial worthless, and no trial fails by it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scheduler.errors import Place, UserError, nearest

FIRST_WITHOUT = 3  # trials that ended well without the metric: as many as may fail before it is a mistake that all have
LONGEST_HINT = 400  # characters: a run may log a thousand names
_ANEW = "a changed file is a new sweep at the server: the trials of this one do not count there"
_AGAIN = "the same command reads the trials that are there once more: they count"


@dataclass
class Sightings:
    """Of trials that ended well. `needed`: without the metric the sweep cannot choose, compare or end as its file says."""

    metric: str | None
    needed: bool = False
    seen: bool = False
    without: int = 0  # trials that never logged it
    instead: set[str] = field(default_factory=set)  # what they logged
    near: str = ""  # the first that was printed like it and is not read

    def ended(self, *, missing: bool, instead: Iterable[str] = (), near: Iterable[object] = ()) -> None:
        """A trial has ended well; `missing`: nothing in its logs held the metric, be it as NaN."""
        self.seen = self.seen or not missing
        self.without += missing
        self.instead.update(instead)
        self.near = self.near or next((str(each) for each in near), "")

    @property
    def in_vain(self) -> bool:
        """Whether the trials so far were of no use to the sweep. Where nothing at all was logged, it may be logged in a way that
        is not read here: a grid, or random points, are then run to their end all the same."""
        return bool(self.metric and self.without and not self.seen and (self.instead or self.near or self.needed))

    def why_enough(self) -> str:
        """Why no more trials should be tried after these; "" while they may."""
        if self.without < FIRST_WITHOUT or not self.in_vain:
            return ""
        return f'{self.without} trials have ended, and none of them logged the metric "{self.metric}"'

    def fault(self, where: Place | None, *, elsewhere: bool = False) -> UserError:
        """What the person has to mend; `where` is the name of the metric in the file. `elsewhere`: a server has the
        sweep, which is not changed from here."""
        again = _ANEW if elsewhere else _AGAIN
        what = f'no trial has logged the metric "{self.metric}"'
        if self.near:
            next_step = f"correct that, or the name; with another name {again}"
            return UserError(f"{what}; there was {self.near}", where=where, next_step=next_step)
        if not self.instead:
            next_step = f"let the script print `{self.metric}: VALUE`, or log it to W&B or TensorBoard"
            return UserError(f"{what}, nor anything else that is read here", where=where, next_step=next_step)
        hint = nearest(str(self.metric), sorted(self.instead))[:LONGEST_HINT]
        next_step = f"{hint}{'' if hint.endswith('?') else ';'} correct the name, and {again}"
        return UserError(f"{what}, though other values were logged", where=where, next_step=next_step)
