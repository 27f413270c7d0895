"""A configuration and a summary as a script handles them."""

from __future__ import annotations

import copy
import json
import pickle
from argparse import Namespace
from typing import Any

import pytest

from scheduler.tracking.values import Values


def listened(values: Any) -> tuple[Values, list[dict[str, Any]]]:
    config, heard = Values(values), list[dict[str, Any]]()
    config.listen(heard.append)
    return config, heard


def test_values_are_attributes_and_keys_also_nested_ones() -> None:
    """All ways in which scripts write it; and it is a dictionary, for `Model(**config.net)` and for JSON."""
    config = Values({"lr": 0.1, "net": {"widths": [4, 8]}, "keys": 3})
    assert config.lr == config["lr"] == config.get("lr") == 0.1
    assert config.net.widths == config["net"]["widths"] == [4, 8]
    assert dict(**config.net) == {"widths": [4, 8]}
    assert json.loads(json.dumps(config)) == config.as_dict() == {"lr": 0.1, "net": {"widths": [4, 8]}, "keys": 3}
    assert (config.get("none", 5), config["keys"], "lr" in config) == (5, 3, True)
    assert type(config.as_dict()["net"]) is dict


def test_every_change_is_heard_once_whichever_way_it_is_made() -> None:
    """What a script sets after init belongs to the run as well."""
    config, heard = listened({"net": {"width": 1}})
    config.lr = 1
    config["lr"] = 2
    config.update({"a": 1, "b": 2})
    config.update(Namespace(c=3), d=4)
    config.update([("e", 5)], allow_val_change=True)
    config.setdefault("f", 6)
    config.setdefault("f", 7)
    config |= {"g": 8}
    config.net.width = 9
    assert heard == [
        *[{"lr": 1}, {"lr": 2}, {"a": 1, "b": 2}, {"c": 3, "d": 4}, {"e": 5}, {"f": 6}, {"g": 8}],
        {"net": {"width": 9}},
    ]


def test_what_a_sweep_has_chosen_stays(capsys: pytest.CaptureFixture[str]) -> None:
    """A trial whose script overrides its own point would be told to the search as another; said once."""
    config, heard = listened({"lr": 0.5})
    config.fix({"lr": 0.1})
    config.lr = 0.3
    config.update({"lr": 0.1, "epochs": 2})
    config["lr"] = 0.4
    assert config == {"lr": 0.1, "epochs": 2}
    assert heard == [{"lr": 0.1}, {"epochs": 2}]
    assert capsys.readouterr().err == 'exp-queue: "lr" stays 0.1, as the sweep has chosen it; the script sets 0.3\n'


def test_a_name_that_is_not_there_is_an_attribute_error_with_the_nearest() -> None:
    """`hasattr` gets its answer, and a typing error its mend."""
    with pytest.raises(AttributeError, match='there is no "learning_rat" here; did you mean "learning_rate"'):
        _ = Values({"learning_rate": 1}).learning_rat
    assert not hasattr(Values(), "lr")


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301 (its own bytes)
def test_a_copy_tells_nobody(again: Any) -> None:
    """It reaches the workers of a data loader, or is changed for the next model."""
    config, heard = listened({"net": {"width": 1}})
    other = again(config)
    other.net.width = 2
    other.lr = 1
    assert (config.net.width, heard, other.net.width) == (1, [], 2)
