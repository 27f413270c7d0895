"""How many jobs run at once, in the words in which every command says it."""

from __future__ import annotations

from scheduler.pacing import AUTO
from scheduler.report.pace import at_once
from scheduler.runner.devices import Devices
from scheduler.runner.limit import Slots, most_of, why_most
from scheduler.runner.other_machines import OtherMachines


class Host(OtherMachines):
    """One with room for three."""

    @property
    def default_slots(self) -> int:
        return 3


def said(slots: Slots, devices: Devices, cores: int = 2) -> str:
    devices.cores = cores
    return at_once(most_of(slots, devices), why_most(slots, devices))


def test_a_number_is_said_with_where_it_comes_from() -> None:
    """A script gave `-j2` to its run, a person typed `sweep`: the same machine seemed to have two answers."""
    assert said(2, Devices("no GPUs")) == "at most 2 at once, as asked"
    assert said(None, Devices("no GPUs")) == "at most 1 at once, half of 2 cores"
    assert said(None, Devices("no GPUs"), cores=9) == "at most 4 at once, half of 9 cores"
    assert said(None, Devices("no GPUs"), cores=1) == "at most 1 at once"
    assert said(AUTO, Devices("no GPUs")) == "as many at once as are fastest together"


def test_of_other_machines_the_cores_of_this_one_say_nothing() -> None:
    """What they have stands behind it."""
    assert said(None, Host("")) == "at most 3 at once"
