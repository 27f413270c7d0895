"""How many jobs at once: a made-up machine is climbed, and what it settles on is held against what is best there."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from scheduler.pacing.climb import DOWN, SETTLED, TRIES, UP, Climb
from scheduler.pacing.meter import Meter
from scheduler.pacing.speeds import Speeds
from scheduler.tracking.left import Grown

Curve = Callable[[int], float]  # of all jobs together, by their number


@dataclass
class _Made:
    """A job of a made-up machine: how fast it is alone, in rows a second, and what it still has to do."""

    name: str
    rate: float
    left: float
    loads: float  # seconds until it works
    began: float
    done: float = 0.0
    at: float = 0.0


class Machine:
    """Jobs that share it: each is as fast as its share of `curve`, with `noise` from second to second."""

    def __init__(self, curve: Curve, seed: int, *, noise: float, seconds: float, rows: bool) -> None:
        self.curve, self.draw, self.noise = curve, random.Random(seed), noise  # noqa: S311 (no secrets)
        self.seconds, self.rows = seconds, rows
        self.now, self.made, self.jobs = 0.0, 0, list[_Made]()

    def fill(self, limit: int) -> None:
        while len(self.jobs) < limit:
            rate = math.exp(self.draw.gauss(0.0, 0.4))
            self.jobs.append(_Made(f"job{self.made}", rate, rate * self.seconds, self.draw.uniform(1, 4), self.now))
            self.made += 1

    def pass_second(self) -> list[_Made]:
        """Returns who has ended."""
        level = len(self.jobs)
        self.now += 1.0
        for job in self.jobs:
            if self.now - job.began > job.loads:
                done = job.rate * self.curve(level) / level * math.exp(self.draw.gauss(0.0, self.noise))
                job.at = self.now if int(job.done + done) > int(job.done) else job.at
                job.done += done
        over = [job for job in self.jobs if job.done >= job.left]
        self.jobs = [job for job in self.jobs if job.done < job.left]
        return over

    def seen(self) -> dict[str, Grown]:
        return {job.name: Grown(int(job.done), job.at) if self.rows and job.done >= 1 else Grown() for job in self.jobs}


def climbed(machine: Machine, climb: Climb, jobs: int) -> list[Climb]:
    """Every state that it goes through while so many jobs are begun, without repetitions."""
    speeds, meter, states = Speeds(), Meter(), [climb]
    while machine.made < jobs:
        machine.fill(states[-1].wanted)
        for job in machine.pass_second():
            if level := meter.level_of(job.name, machine.now - job.began, machine.now):
                speeds.took(level, machine.now - job.began)
        machine.fill(states[-1].wanted)
        for worked in meter.look(machine.seen(), machine.now):
            speeds.logged(worked.job, worked.level, worked.rows, worked.seconds)
        if (after := states[-1].after(speeds, [job.name for job in machine.jobs])) != states[-1]:
            states.append(after)
    return states


def curve_with(peak: int, rise: float, fall: float) -> Curve:
    """Total speed: each more brings `rise` of what the one before brought, up to `peak`; from there on each costs `fall`."""
    return lambda level: sum(rise**each for each in range(min(level, peak))) * (1 - fall) ** max(0, level - peak)


@pytest.mark.parametrize(("rows", "seconds"), [(True, 60.0), (True, 20.0), (False, 30.0)], ids=["logged", "short", "silent"])
def test_where_it_settles_is_nearly_the_best_whatever_the_machine_is_like(rows: bool, seconds: float) -> None:
    """Jobs differ by half, rows come as they like, the machine has room for one to six; nothing swings to and fro."""
    draw, found = random.Random(7), []  # noqa: S311
    for seed in range(20):
        curve = curve_with(draw.randint(1, 6), draw.uniform(0.5, 1.0), draw.uniform(0.0, 0.3))
        machine = Machine(curve, seed, noise=draw.uniform(0.0, 0.1), seconds=seconds, rows=rows)
        states = climbed(machine, Climb(draw.randint(1, 6)), 150)
        assert states[-1].is_settled, states
        tried = [state.next for state in states if state.phase in (UP, DOWN)]
        assert max(map(tried.count, tried)) <= TRIES, "a level is tried so often, and then never again"
        found.append(curve(states[-1].level) / max(curve(level) for level in range(1, 20)))
    assert min(found) > 0.75
    assert statistics.median(found) > 0.95


def test_where_one_more_makes_all_slower_fewer_are_tried() -> None:
    """Six are too many for a machine that is best with two."""
    states = climbed(Machine(curve_with(2, 0.9, 0.2), 1, noise=0.05, seconds=60.0, rows=True), Climb(6), 100)
    assert states[-1].level == 2
    assert states[-1].gains.keys() == {7, 5, 4, 3, 2, 1}


def test_it_ends_where_it_may_not_go_on() -> None:
    """One job per GPU is the least on a machine with GPUs, and a person may say what is the most."""
    machine = Machine(curve_with(6, 1.0, 0.0), 1, noise=0.0, seconds=60.0, rows=True)
    states = climbed(machine, Climb(2, most=3), 60)
    assert (states[-1].level, states[-1].is_settled) == (3, True)
    assert [state.phase for state in states if state.level == 3] == [SETTLED], "there is nothing to be measured for"
    machine = Machine(curve_with(1, 1.0, 0.3), 1, noise=0.0, seconds=60.0, rows=True)
    assert climbed(machine, Climb(4, step=4, least=4), 60)[-1].level == 4


def test_without_room_it_stays_where_it_is() -> None:
    """What is tried now is not taken: nobody knows how it would have been."""
    assert Climb(2, phase=UP).stopped().wanted == 2
