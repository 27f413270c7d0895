"""The space of a sweep file with the changes of the command line in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scheduler.errors import UserError
from scheduler.experiments.configurations.configurations import Axis, Config, put
from scheduler.experiments.configurations.edit_checks import EditChecks
from scheduler.experiments.configurations.overrides import Edit, apply, refuse_contradictions
from scheduler.experiments.configurations.sweep_words import Interval, Several, Word
from scheduler.sweeps.space.conditions import sentence, settled
from scheduler.sweeps.space.distributions import Distribution, Parameter


def changed(parameters: Sequence[Parameter], edits: Sequence[Edit]) -> tuple[Parameter, ...]:
    """The parameters with the changes in them: what one sets is a constant, or distributed as its word says, and goes on to
    apply only where it did. Without those that can never apply after that. UserError for a change that does not fit, or sets
    what then never applies."""
    axes = tuple(Axis(parameter.path, _values(parameter)) for parameter in parameters)
    changes = [_distributed(_named(edit, axes), axes) for edit in edits]
    refuse_contradictions(changes)
    checks = EditChecks(changes)
    config: Config = {}
    for axis in axes:
        config = put(config, axis.path, axis.values[0])
    checks.take(config)
    checks.refuse_unfounded()
    before = {parameter.path: parameter for parameter in parameters}
    made = [_parameter(axis, before.get(axis.path)) for axis in apply(axes, changes)]
    found = settled(made)
    _refuse_idle(changes, made, found)
    return found


def _values(parameter: Parameter) -> tuple[object, ...]:
    """What a change may reach into: the values that are written out; else the parameter itself."""
    if parameter.distribution.name == "constant":
        return (parameter.distribution.fields["value"],)
    listed = parameter.distribution.fields.get("values")
    return tuple(listed) if isinstance(listed, list) else (parameter,)


def _named(edit: Edit, axes: Sequence[Axis]) -> Edit:
    """The edit with the path of the parameter that it names; the name of a parameter may hold dots of its own."""
    return replace(edit, path=next((axis.path for axis in axes if axis.name == edit.name), edit.path))


def _distributed(edit: Edit, axes: Sequence[Axis]) -> Edit:
    """A word for several values as what it means in a search space."""
    if not isinstance(edit.value, (Several, Interval)):
        return edit
    if any(edit.path[: len(axis.path)] == axis.path != edit.path for axis in axes):
        what = f'"{edit.argument}" varies what lies inside the values of a parameter'
        raise UserError(what, next_step="write the parameter as a group in the file, or set its values as a whole")
    return replace(edit, value=Parameter(edit.path, _distribution(edit.value)))


def _distribution(word: Word) -> Distribution:
    if isinstance(word, Several):
        return Distribution("categorical", {"values": list(word.values)})
    ends: dict[str, object] = {"min": word.low, "max": word.high}
    if word.log:
        return Distribution("q_log_uniform_values", {**ends, "q": 1}) if word.whole else Distribution("log_uniform_values", ends)
    return Distribution("int_uniform" if word.whole else "uniform", ends)


def _parameter(axis: Axis, before: Parameter | None) -> Parameter:
    if before and axis.values == _values(before):
        return before
    when = before.when if before else ()
    if len(axis.values) == 1:
        (value,) = axis.values
        found = value.distribution if isinstance(value, Parameter) else Distribution("constant", {"value": value})
        return Parameter(axis.path, found, when)
    values = {"values": list(axis.values)}
    if before and before.distribution.name == "categorical_w_probabilities":
        return replace(before, distribution=replace(before.distribution, fields={**before.distribution.fields, **values}))
    return Parameter(axis.path, Distribution("categorical", values), when)


def _refuse_idle(edits: Sequence[Edit], made: Sequence[Parameter], kept: Sequence[Parameter]) -> None:
    left = {parameter.path for parameter in kept}
    idle = {parameter.path: parameter for parameter in made if parameter.path not in left}
    for edit in edits:
        if edit.path in idle and not edit.removes:
            only = " and ".join(sentence(condition) for condition in idle[edit.path].when)
            what = f'the override "{edit.argument}" sets what never applies: "{edit.name}" does only where {only}'
            raise UserError(what, next_step="leave it out, or change what it depends on")
