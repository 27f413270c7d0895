"""Grids and random draws as searches, and which search a sweep gets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.sweeps.files.parameters import read_parameters
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.grid import GridSearch
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.search.search import open_search
from scheduler.sweeps.space.distributions import Distribution, Parameter
from scheduler.sweeps.trials import Trial
from tests.conftest import ROOT


def parameter(name: str, kind: str, **fields) -> Parameter:
    return Parameter((name,), Distribution(kind, fields))


GRID = (
    parameter("a", "categorical", values=[1, 2]),
    parameter("b", "constant", value="x"),
    parameter("c", "int_uniform", min=0, max=2),
)
POINTS = [(1, "x", 0), (1, "x", 1), (1, "x", 2), (2, "x", 0), (2, "x", 1), (2, "x", 2)]
SPACE = (
    parameter("lr", "log_uniform_values", min=1e-5, max=1e-1),
    parameter("layers", "int_uniform", min=1, max=4),
    parameter("act", "categorical", values=["relu", None, [1, 2]]),
)
BAYES = Sweep("bayes", SPACE, metric={"name": "loss"})


def all_points(search, first: int = 0) -> list:
    found = []
    while (point := search.ask(first + len(found))) is not None:
        found.append(point)
    return found


def done(number: int, values) -> Trial:
    return Trial(number, values, State.DONE)


def test_a_grid_is_asked_in_its_order_and_ends():
    """The last parameter varies fastest, as in `exp-queue prepare` and in W&B."""
    search = GridSearch(GRID)
    assert search.total == 6
    assert all_points(search) == POINTS
    assert search.ask(99) is None


RECORDED = json.loads((ROOT / "tests" / "data" / "sweeps" / "wandb_cases.json").read_text())


@pytest.mark.parametrize(
    "case", [case for case in RECORDED if case.get("grid")], ids=lambda case: json.dumps(case["config"])[:100]
)
def test_a_grid_is_that_of_wandb(case, tmp_path):
    """Same points, same order, recorded from W&B's own engine."""
    from scheduler.experiments.document.document import open_document

    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(case["config"]))
    found = read_parameters(open_document(str(path)), case["config"]["parameters"])
    points = all_points(GridSearch(found))
    wanted = [flat(found, config) for config in case["grid"]]
    assert points == wanted


def flat(parameters, config) -> tuple:
    def dig(value, path):
        return dig(value[path[0]], path[1:]) if path else value

    return tuple(dig(config, each.path) for each in parameters)


def test_points_told_in_an_earlier_life_are_not_asked_again():
    """In whatever order they came and whatever became of them."""
    search = GridSearch(GRID)
    search.tell(done(0, POINTS[0]))
    search.tell(replace(done(1, POINTS[3]), state=State.FAILED))
    assert all_points(search, 2) == [POINTS[1], POINTS[2], POINTS[4], POINTS[5]]


def test_asking_twice_for_a_number_gives_the_point_again():
    """A crash between the asking and the writing must not lose a point of the grid."""
    for search in (GridSearch(GRID), RandomSearch(SPACE, 1)):
        first = search.ask(0)
        other = search.ask(1)
        assert search.ask(0) == first != other == search.ask(1)


def test_a_told_point_is_known_also_with_other_types_of_the_same_number():
    """JSON may bring 2 back as 2.0; to W&B they are one."""
    search = GridSearch(GRID)
    search.tell(done(0, (1.0, "x", 0)))
    assert search.ask(1) == (1, "x", 1)


def test_a_grid_that_was_enlarged_goes_on_with_the_new_points():
    """Change the space and go on: trials of the old one may have another number of values."""
    search = GridSearch((*GRID[:2], parameter("c", "int_uniform", min=0, max=3)))
    for number, point in enumerate(POINTS):
        search.tell(done(number, point))
    search.tell(done(6, ("of another file",)))
    assert all_points(search, 7) == [(1, "x", 3), (2, "x", 3)]


def test_an_enormous_grid_is_not_written_out():
    """Twelve axes of a hundred values: the first points come at once."""
    search = GridSearch([parameter(f"p{axis:02}", "int_uniform", min=0, max=99) for axis in range(12)])
    assert search.total == 10**24
    assert search.ask(0) == (0,) * 12
    assert search.ask(1) == (*(0,) * 11, 1)


def test_a_grid_refuses_what_it_cannot_enumerate():
    """Rather than never ending, or ending the memory."""
    with pytest.raises(UserError, match='cannot enumerate "lr", which is distributed as uniform; list its values'):
        GridSearch([parameter("lr", "uniform", min=0, max=1)])
    with pytest.raises(UserError, match='"n" alone has 1,000,000,001 values'):
        GridSearch([parameter("n", "int_uniform", min=0, max=10**9)])


def test_random_points_depend_on_seed_and_number_alone():
    """A new life of a sweep goes on without having been told anything, and repeats nothing."""
    first, later = RandomSearch(SPACE, 7), RandomSearch(SPACE, 7)
    points = [first.ask(number) for number in range(50)]
    later.tell(done(3, points[3]))
    assert [later.ask(number) for number in reversed(range(50))] == points[::-1]
    assert len(set(map(str, points))) == 50
    assert RandomSearch(SPACE, 8).ask(0) != points[0]


def test_the_stream_of_a_seed_is_the_same_in_all_versions():
    """A sweep that is resumed after an update of Python or of this program must not draw a first point again."""
    lr, layers, act = RandomSearch(SPACE, 0).ask(0)
    assert lr == pytest.approx(0.0021817347075079713, rel=1e-12)
    assert (layers, act) == (3, None)


def test_the_method_of_the_file_is_taken_unless_another_is_asked_for():
    """`--method` stands in for the file's."""
    assert isinstance(open_search(Sweep("grid", GRID)), GridSearch)
    assert isinstance(open_search(Sweep("random", SPACE), seed=3), RandomSearch)
    assert isinstance(open_search(Sweep("bayes", GRID), method="grid"), GridSearch)
    assert isinstance(open_search(BAYES, sampler="random"), RandomSearch)


def test_the_seed_reaches_the_draws():
    """Two seeds, two sweeps."""
    assert open_search(BAYES, sampler="random", seed=5).ask(0) == RandomSearch(SPACE, 5).ask(0)


@pytest.mark.parametrize(
    ("sweep", "asked", "message"),
    [
        (BAYES, {"method": "gird"}, 'unknown method "gird"; did you mean "grid"'),
        (BAYES, {"sampler": "pte"}, 'unknown sampler "pte"; did you mean "tpe"'),
        (BAYES, {"method": "random", "sampler": "tpe"}, "the sampler tpe does not belong to method random; add --method bayes"),
        (Sweep("grid", GRID), {"sampler": "random"}, "the sampler random does not belong to method grid"),
        (replace(BAYES, metric=None), {}, 'method bayes learns from a metric, and this sweep file has no "metric"; add metric'),
        (replace(BAYES, parameters=GRID[1:2]), {}, "every parameter of this sweep is constant"),
    ],
)
def test_what_does_not_go_together_is_refused(sweep, asked, message):
    """With the key or the option to change, before anything is started."""
    with pytest.raises(UserError) as caught:
        open_search(sweep, **asked)
    assert message in str(caught.value)
