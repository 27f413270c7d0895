"""Searching with Optuna's samplers: the same answers in every life, every distribution, and trials of every fate."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from scheduler.queue.states import State
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.search.search import open_search
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import masked
from scheduler.sweeps.space.distributions import FIELDS, Condition, Distribution, Parameter
from scheduler.sweeps.space.points import placed
from scheduler.sweeps.space.sampling import position
from scheduler.sweeps.trials import Trial
from tests.conftest import ROOT

pytest.importorskip("optuna", reason="the samplers of method bayes need Optuna")


def parameter(name: str, kind: str, **fields) -> Parameter:
    return Parameter((name,), Distribution(kind, {**FIELDS[kind][1], **fields}))


# Every distribution, several kinds of values, a constant, and a choice of one.
SPACE = (
    parameter("act", "categorical", values=["relu", None, [1, 2], {"k": 1}, 3.0]),
    parameter("beta", "beta", a=2, b=3),
    parameter("constant", "constant", value=[1]),
    parameter("exp", "log_uniform", min=-9, max=-2),
    parameter("inv", "inv_log_uniform_values", min=0.001, max=1),
    parameter("invexp", "inv_log_uniform", min=2, max=9),
    parameter("layers", "int_uniform", min=1, max=9),
    parameter("lr", "log_uniform_values", min=1e-5, max=1e-1),
    parameter("mu", "normal"),
    parameter("only", "categorical", values=["one"]),
    parameter("qbeta", "q_beta", a=2, b=2, q=0.25),
    parameter("qexp", "q_log_uniform", min=0, max=5, q=2),
    parameter("qlog", "q_log_uniform_values", min=1, max=512, q=8),
    parameter("qlognormal", "q_log_normal", q=1),
    parameter("qnormal", "q_normal", sigma=3, q=1),
    parameter("qstep", "q_uniform", min=0, max=1, q=0.1),
    parameter("scale", "log_normal"),
    parameter("weighted", "categorical_w_probabilities", values=["a", "b"], probabilities=[0.9, 0.1]),
    parameter("x", "uniform", min=0.0, max=1.0),
)
SMALL = tuple(each for each in SPACE if each.name in ("act", "layers", "lr", "x", "qnormal"))


def loss(space, values) -> float:
    """Least at x = 0.3, lr = 1e-3, relu."""
    point = {parameter.name: value for parameter, value in zip(space, values, strict=True)}
    return (point["x"] - 0.3) ** 2 + (math.log10(point["lr"]) + 3) ** 2 + 0.1 * (point.get("act") != "relu")


def search_of(space, sampler="tpe", goal="minimize", seed=1, **metric):
    return open_search(Sweep("bayes", space, metric={"name": "loss", "goal": goal, **metric}), sampler=sampler, seed=seed)


def ended(space, number, values) -> Trial:
    """Most end well; each seventh fails, each fifth is stopped early."""
    value = loss(space, values)
    if number % 7 == 3:
        return Trial(number, values, State.FAILED, rows=(value + 1,) if number % 2 else ())
    return Trial(number, values, State.STOPPED_EARLY if number % 5 == 2 else State.DONE, rows=(value + 1, value))


def stored(trial: Trial) -> Trial:
    """The trial as a later life reads it: its values have been through JSON."""
    return replace(trial, values=tuple(json.loads(json.dumps(trial.values))))


def live(space, search, count: int, slots: int = 3) -> list[Trial]:
    """A sweep with several trials at a time, each ending when `slots` others have begun. All trials, the last ones running."""
    trials: list[Trial] = []
    for number in range(count):
        trials.append(Trial(number, search.ask(number), State.QUEUED))
        search.tell(replace(trials[-1], state=State.RUNNING))
        trials[-1] = replace(trials[-1], state=State.RUNNING)
        if number >= slots:
            trials[number - slots] = ended(space, number - slots, trials[number - slots].values)
            search.tell(trials[number - slots])
    return trials


def model(search) -> list[tuple]:
    """All that the sampler has to go by: parameters, states and values, in their order."""
    search._catch_up()
    return [(trial.params, trial.state.name, trial.value) for trial in search._study.get_trials()]


@pytest.mark.parametrize("space", [SPACE, SMALL], ids=["all distributions", "five"])
@pytest.mark.parametrize("count", [2, 9, 14, 40])
def test_another_life_that_is_told_the_same_asks_the_same(space, count):
    """Killed and resumed, a sweep goes on as if nothing had been: also in the order in which it looks at the past."""
    first = search_of(space)
    trials = live(space, first, count)
    later = search_of(space)
    for trial in reversed(trials):
        later.tell(stored(trial))
    assert later.ask(count) == first.ask(count)
    assert later.ask(count + 1) == first.ask(count + 1)


def test_gp_asks_the_same_in_another_life():
    """It needs torch, and fits anew at every ask: what is left over from the last fit must not matter."""
    pytest.importorskip("torch", reason="the sampler gp needs torch")
    first = search_of(SMALL, "gp")
    trials = live(SMALL, first, 14)
    later = search_of(SMALL, "gp")
    for trial in trials:
        later.tell(stored(trial))
    assert later.ask(14) == first.ask(14)


def test_cmaes_goes_on_in_another_life_near_the_best():
    """Its state is lost, and said to be; what it starts from are the trials, not the middle of the space."""
    pytest.importorskip("cmaes", reason="the sampler cmaes needs cmaes")
    space = tuple(each for each in SMALL if each.name in ("x", "act", "lr"))
    search, past = search_of(space, "cmaes"), RandomSearch(space, 3)
    for number in range(200):
        values = past.ask(number)
        search.tell(Trial(number, values, State.DONE, rows=((values[2] - 0.05) ** 2 + 0.1 * (math.log10(values[1]) + 3) ** 2,)))
    asked = sorted(search.ask(number)[2] for number in range(200, 220))
    assert asked[10] < 0.3


@pytest.mark.parametrize(("goal", "wanted"), [("minimize", range(1000)), ("maximize", range(1199, 199, -1))])
def test_cmaes_inherits_the_best_where_there_are_many(goal, wanted):
    """All ten thousand would make every ask slow until the strategy has begun."""
    pytest.importorskip("cmaes", reason="the sampler cmaes needs cmaes")
    search = search_of(SMALL, "cmaes", goal=goal)
    for number in range(1200):
        search.tell(Trial(number, RandomSearch(SMALL, 3).ask(number), State.DONE, rows=(float(number),)))
    search._catch_up()
    assert [trial.value for trial in search._inherited()] == list(wanted)


def test_cmaes_keeps_its_state_when_the_study_is_made_anew():
    """A failed trial takes the worst value so far; that the worst has grown must not undo what was learned."""
    pytest.importorskip("cmaes", reason="the sampler cmaes needs cmaes")
    search = search_of(SMALL, "cmaes")
    live(SMALL, search, 40)
    noted = [search._study.trials[place].system_attrs for place in search._places.values()]
    search.tell(Trial(0, search.ask(0), State.DONE, rows=(99.0,)))
    search._catch_up()
    assert [search._study.trials[place].system_attrs for place in search._places.values()] == noted
    assert sum(map(bool, noted)) > 30


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "qmc"])
def test_every_value_lies_in_the_space(sampler):
    """Whatever the sampler works with inside, the trial gets values of the file's own kinds."""
    pytest.importorskip({"cmaes": "cmaes", "qmc": "scipy"}.get(sampler, "optuna"))
    trials = live(SPACE, search_of(SPACE, sampler), 30)
    for trial in trials:
        assert json.loads(json.dumps(trial.values)) == list(trial.values)
        for parameter, value in zip(SPACE, trial.values, strict=True):
            assert position(parameter.distribution, value) is not None
    kinds = {parameter.name: type(trials[-1].values[place]) for place, parameter in enumerate(SPACE)}
    assert (kinds["layers"], kinds["qlog"], kinds["qstep"], kinds["x"]) == (int, int, float, float)
    assert {trial.values[2][0] for trial in trials} == {1}


def best_found(search, space, count=40) -> float:
    found = []
    for number in range(count):
        values = search.ask(number)
        found.append(loss(space, values))
        search.tell(Trial(number, values, State.DONE, rows=(found[-1],)))
    return sum(sorted(found)[:5]) / 5


def test_tpe_learns():
    """A model that was told nothing, or the wrong way round, would do no better than chance. Median over seeds."""
    space = tuple(each for each in SMALL if each.name in ("lr", "x", "act"))
    learned = sorted(best_found(search_of(space, seed=seed), space) for seed in range(5))[2]
    chance = sorted(best_found(RandomSearch(space, seed), space) for seed in range(5))[2]
    assert learned < chance / 2


def test_maximize_is_the_other_way_round():
    """The same trials with the signs turned give the same next point."""
    up, down = search_of(SMALL, goal="maximize"), search_of(SMALL)
    for number in range(20):
        values = RandomSearch(SMALL, 2).ask(number)
        value = loss(SMALL, values)
        down.tell(Trial(number, values, State.DONE, rows=(value,)))
        up.tell(Trial(number, values, State.DONE, rows=(-value,)))
    assert up.ask(20) == down.ask(20)


def test_a_second_ask_is_sent_elsewhere_while_the_first_runs():
    """Two GPUs must not train one point; a running trial stands in the model as a bad one."""
    space = tuple(each for each in SMALL if each.name in ("lr", "x"))
    search = search_of(space)
    for number in range(30):
        values = RandomSearch(space, 2).ask(number)
        search.tell(Trial(number, values, State.DONE, rows=(loss(space, values),)))
    points = [search.ask(number) for number in range(30, 40)]
    assert len(set(points)) == 10


@pytest.mark.parametrize("state", [State.FAILED, State.DONE, State.TIMEOUT])
def test_trials_without_a_value_take_the_worst_so_far_whenever_it_comes(state):
    """The first trial failed before any other had a value, and the worst grows: both lives must come to the same."""
    first, later = search_of(SMALL), search_of(SMALL)
    asked = [first.ask(number) for number in range(16)]
    trials = [Trial(0, asked[0], state), *(Trial(n, asked[n], State.DONE, rows=(float(n),)) for n in range(1, 16))]
    assert model(first)[0][1:] == ("RUNNING", None)
    for trial in trials:
        first.tell(trial)
        worst = ("COMPLETE", float(trial.number)) if trial.number else ("FAIL", None)
        assert model(first)[0][1:] == worst
    for trial in reversed(trials):
        later.tell(trial)
    assert model(first) == model(later)


def test_a_trial_told_again_counts_as_it_is_now():
    """Run again after its end, it is open, then ended well: the model must forget what it thought, the worst value too."""
    first = search_of(SMALL)
    trials = live(SMALL, first, 20)
    worst = max((trial for trial in trials if trial.state == State.DONE), key=lambda trial: trial.rows[0])
    middle = sorted((trial for trial in trials if trial.state == State.DONE), key=lambda trial: trial.rows[0])[5]
    for before in (middle, worst):
        for now in (replace(before, state=State.RUNNING, rows=()), replace(before, state=State.DONE, rows=(0.01,))):
            first.tell(now)
            trials[now.number] = now
            later = search_of(SMALL)
            for trial in trials:
                later.tell(trial)
            assert model(first) == model(later)


def test_running_trials_count_where_the_file_says_so():
    """`impute_while_running: best` brings in what is known so far, and forgets it when more is known."""
    first = search_of(SMALL, impute_while_running="best")
    for number in range(12):
        values = RandomSearch(SMALL, 4).ask(number)
        first.tell(Trial(number, values, State.RUNNING, rows=(float(number),)))
    first.ask(12)
    assert {entry.state.name for number, entry in first._held.items() if number < 12} == {"COMPLETE"}
    first.tell(Trial(5, RandomSearch(SMALL, 4).ask(5), State.RUNNING, rows=(5.0, 0.5)))
    first.ask(13)
    assert first._held[5].values == (0.5,)


def test_trials_of_another_space_are_left_out_and_the_rest_is_used():
    """Change the space and go on: what still lies in it is worth keeping."""
    narrow = tuple(replace(each, distribution=narrower(each)) if each.name == "x" else each for each in SMALL)
    search = search_of(narrow)
    for trial in live(SMALL, search_of(SMALL), 30):
        search.tell(trial)
    search.tell(Trial(30, ("too", "few"), State.DONE, rows=(1.0,)))
    place = [each.name for each in narrow].index("x")
    assert search.ask(31)[place] <= 0.5
    kept = [search._trials[number].values[place] for number in search._held]
    assert 5 < len(kept) < 30
    assert max(kept) <= 0.5


def narrower(parameter: Parameter) -> Distribution:
    return Distribution("uniform", {**parameter.distribution.fields, "max": 0.5})


def test_ten_thousand_trials_are_taken_in():
    """A long sweep resumes; how long that takes is measured in benchmarks/sweep_asks.py."""
    search = search_of(SMALL)
    for number in range(10_000):
        values = RandomSearch(SMALL, 4).ask(number)
        search.tell(Trial(number, values, State.DONE, rows=(loss(SMALL, values),)))
    assert search.ask(10_000) is not None
    assert len(search._held) == 10_001


def test_a_name_that_occurs_twice_is_no_trouble():
    """`a.b` may be a nested parameter, or be called so."""
    uniform = Distribution("uniform", {"min": 0.0, "max": 1.0})
    search = search_of((Parameter(("a", "b"), uniform), Parameter(("a.b",), uniform)))
    one, other = search.ask(0)
    assert one != other


def run_in_a_process(code: str, *blocked: str, **environment: str) -> subprocess.CompletedProcess:
    block = "import sys; sys.modules.update({name: None for name in " + repr(blocked) + "})\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True, env=environment)


OPEN = """
from scheduler.errors import UserError
from scheduler.sweeps.space.distributions import Distribution, Parameter
from scheduler.sweeps.search.search import open_search
from scheduler.sweeps.files.sweep_file import Sweep
sweep = Sweep("bayes", (Parameter(("x",), Distribution("uniform", {"min": 0, "max": 1})),), metric={"name": "loss"})
try:
    search = open_search(sweep, sampler=%r)
    print([search.ask(number) is not None for number in range(15)].count(True))
except UserError as error:
    print(error)
"""


def test_the_answer_does_not_hang_on_the_order_of_hashes():
    """Python shuffles its sets anew in every process."""
    code = OPEN.replace("is not None for number in range(15)].count(True)", "for number in range(15)]") % "tpe"
    answers = {run_in_a_process(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2", "3")}
    assert len(answers) == 1
    assert "(0." in answers.pop()


@pytest.mark.parametrize(
    ("sampler", "blocked", "message"),
    [
        ("tpe", ("optuna",), "the sampler tpe needs optuna, which is not installed; pip install 'exp-queue[sweeps]'; "),
        ("gp", ("torch", "scipy"), "the sampler gp needs torch and scipy, which are not installed; "),
        ("cmaes", ("cmaes",), "the sampler cmaes needs cmaes, which is not installed; "),
        ("qmc", ("scipy",), "the sampler qmc needs scipy, which is not installed; "),
    ],
)
def test_a_missing_library_is_named_with_the_way_out(sampler, blocked, message):
    """And that two of the methods need none."""
    found = run_in_a_process(OPEN % sampler, *blocked)
    assert message in found.stdout
    assert "the methods grid and random need nothing" in found.stdout


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_nothing_is_written_to_the_terminal(sampler):
    """Optuna's own lines would tear up the live view."""
    found = run_in_a_process(OPEN % sampler, *(("optuna",) if sampler == "random" else ()))
    assert (found.stdout, found.stderr) == ("15\n", "")


def test_the_even_points_need_no_past():
    """Point n of the sequence, in any order, in any life; no two alike, and spread more evenly than chance."""
    pytest.importorskip("scipy", reason="the sampler qmc needs SciPy")
    first, later = search_of(SMALL, "qmc"), search_of(SMALL, "qmc")
    points = [first.ask(number) for number in range(64)]
    assert [later.ask(number) for number in reversed(range(64))] == points[::-1]
    place = [each.name for each in SMALL].index("x")
    assert sorted(int(point[place] * 64) for point in points) == list(range(64))


NARROW = (parameter("lr", "log_uniform_values", min=1e-5, max=1e-3), parameter("x", "uniform", min=0.0, max=1.0))


def earlier(space, points):
    """Trials of earlier sittings, at points by name, as the present space has them: the better, the nearer x is to 0.7."""
    for number, point in enumerate(points):
        found = placed(space, point)
        yield Trial(number, found.values, State.DONE, rows=(abs(point["x"] - 0.7),), outside=found.outside)


STRANGERS = {
    "beyond the range": [{"lr": 0.1, "x": step / 30} for step in range(30)],
    "without a parameter": [{"x": step / 30} for step in range(30)],
    "with one that is gone": [{"lr": 1e-4, "x": step / 30, "momentum": 0.9} for step in range(30)],
}


@pytest.mark.parametrize("strangers", STRANGERS.values(), ids=STRANGERS)
def test_tpe_learns_from_trials_outside_of_the_space(strangers):
    """They have cost as much as the others. What they say of a parameter that is still there is used."""
    near = 0
    for seed in range(8):
        search = search_of(NARROW, seed=seed)
        for trial in earlier(NARROW, strangers):
            search.tell(trial)
        rate, x = search.ask(30)
        assert 1e-5 <= rate <= 1e-3
        near += abs(x - 0.7) < 0.15
    assert near >= 6, "drawn at random, three tenths of them are that near"


def test_the_answer_after_trials_outside_of_the_space_is_the_same_in_another_life():
    """What comes next must not depend on when the others were told."""
    everyone = [*earlier(NARROW, [*STRANGERS["beyond the range"][:12], *STRANGERS["without a parameter"][:7]])]
    told = search_of(NARROW)
    for trial in everyone:
        told.tell(trial)
    points = []
    for number in range(len(everyone), len(everyone) + 6):
        points.append(told.ask(number))
        told.tell(replace(ended(NARROW, number, points[-1]), state=State.DONE))
    again = search_of(NARROW)
    for number, point in enumerate(points[:-1], len(everyone)):
        again.tell(stored(replace(ended(NARROW, number, point), state=State.DONE)))
    for trial in reversed(everyone):
        again.tell(trial)
    assert again.ask(len(everyone) + 5) == points[-1]


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_the_other_samplers_leave_out_trials_outside_of_the_space(sampler):
    """A Gaussian process would expect nothing better than a value that lies where it may not go."""
    pytest.importorskip("torch" if sampler == "gp" else "cmaes")
    inside = [Trial(30 + number, (1e-4, number / 12), State.DONE, rows=(number / 12,)) for number in range(12)]
    asked = []
    for strangers in ([], [*earlier(NARROW, STRANGERS["beyond the range"])]):
        search = search_of(NARROW, sampler)
        for trial in [*strangers, *inside]:
            search.tell(trial)
        asked.append(search.ask(50))
    assert asked[0] == asked[1]


def test_a_choice_that_is_gone_says_nothing_of_those_that_are_left():
    """There is no place for it in a model of the others, and a made-up one would be evidence that nobody has seen."""
    space = (parameter("act", "categorical", values=["relu", "tanh"]), *NARROW)
    asked = []
    for act in ("elu", None):
        search = search_of(space)
        for trial in earlier(space, [{"act": act, "lr": 1e-4, "x": step / 30} for step in range(30 if act else 0)]):
            search.tell(trial)
        asked.append(search.ask(30))
    assert asked[0] == asked[1]


SGD = (Condition(("optimizer",), ("sgd",)),)
CONDITIONAL = (
    replace(parameter("momentum", "uniform", min=0.0, max=1.0), when=SGD),
    replace(parameter("nesterov", "categorical", values=[True, False]), when=(*SGD, Condition(("momentum",), (), 0.5, None))),
    parameter("lr", "log_uniform_values", min=1e-5, max=1e-1),
    parameter("optimizer", "categorical", values=["adam", "sgd"]),
)


def conditional_loss(values) -> float:
    """Least for sgd with momentum 0.8."""
    momentum, nesterov, rate, optimizer = values
    off = 1.0 if optimizer == "adam" else abs(momentum - 0.8) + (0.1 if nesterov is True else 0)
    return off + 0.2 * abs(math.log10(rate) + 3)


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes"])
def test_only_what_applies_is_asked_for_and_the_same_in_another_life(sampler):
    """A value that the program never sees is no evidence, and a study that is rebuilt must hold what the first one held."""
    pytest.importorskip({"gp": "torch", "cmaes": "cmaes"}.get(sampler, "optuna"))
    count = 16 if sampler == "gp" else 40
    search, trials, again = search_of(CONDITIONAL, sampler), [], search_of(CONDITIONAL, sampler)
    for number in range(count):
        values = search.ask(number)
        assert masked(CONDITIONAL, values) == values
        assert (values[0] is ABSENT) == (values[3] == "adam")
        trials.append(Trial(number, values, State.DONE, (conditional_loss(values),)))
        search.tell(trials[-1])
    assert len({values[3] for values in (trial.values for trial in trials)}) == 2
    if sampler != "cmaes":
        for trial in trials:
            again.tell(trial)
        assert again.ask(count) == search.ask(count)


def test_tpe_learns_what_applies_in_some_places_alone():
    """The trials that have a momentum are evidence for it, and the others for the rest."""
    near = 0
    for seed in range(6):
        search = search_of(CONDITIONAL, seed=seed)
        for number in range(40):
            values = search.ask(number)
            search.tell(Trial(number, values, State.DONE, (conditional_loss(values),)))
        last = [search.ask(40 + number) for number in range(3)]
        near += sum(values[3] == "sgd" and abs(values[0] - 0.8) < 0.2 for values in last)
    assert near >= 12, "of 18; drawn at random, a fifth of them are"


def test_listed_numbers_are_ordered_for_the_sampler_by_size():
    """What is good at 8 says more of 16 than of 256. Two of them have nothing between, and truth values are no numbers."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    from scheduler.sweeps.search.optuna_space import dimensions

    found = dimensions(
        (
            parameter("batch", "categorical", values=[256, 8, 16.0, 8.0]),
            parameter("flags", "categorical", values=[True, False, 3]),
            parameter("two", "categorical", values=[1, 2]),
            parameter("weighted", "categorical_w_probabilities", values=[1, 2, 3], probabilities=[0.5, 0.3, 0.2]),
        )
    )
    batch, flags, two, weighted = found
    assert batch.optuna == IntDistribution(0, 2)
    assert [batch.value(place) for place in range(3)] == [8, 16.0, 256]
    assert [batch.suggestion(value) for value in (8.0, 16, 256, 32)] == [0, 1, 2, None]
    assert isinstance(flags.optuna, CategoricalDistribution)
    assert isinstance(two.optuna, CategoricalDistribution)
    assert weighted.kind == "part"
