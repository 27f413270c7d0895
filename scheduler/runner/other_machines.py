"""What all other machines have in common, for a runner: they give jobs their cores and GPUs themselves."""

from __future__ import annotations

from scheduler.experiments import Resources
from scheduler.runner.devices import Devices

NO_PORTS = (
    "it asks for ports (`policy.ports`), and one that is free here says nothing about another machine: leave it out, and have "
    "the script take one that is free where it runs"
)


class OtherMachines(Devices):
    """Nothing is claimed here, and nothing counted."""

    @property
    def are_elsewhere(self) -> bool:
        return True

    @property
    def cure(self) -> str:
        return "change what it asks for, or run it on this machine"

    def room(self, resources: Resources) -> bool:
        return True
