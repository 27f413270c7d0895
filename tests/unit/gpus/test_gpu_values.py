"""Readings, placements and what an inherited CUDA_VISIBLE_DEVICES leaves, as plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.gpus.placement import Placement, Share
from scheduler.gpus.reading import (
    Allowed,
    Gpu,
    Process,
    Reading,
    allowed,
    numbered,
)

processes = st.builds(Process, st.integers(1, 2**31), st.none() | st.integers(0, 10**6), st.booleans(), st.text())
gpus = st.builds(Gpu, st.text(), total=st.none() | st.integers(0, 10**6), processes=st.tuples(processes))
readings = st.builds(Reading, st.tuples(gpus), st.floats(allow_nan=False), st.none() | st.text(), st.booleans(), st.text())


@given(readings)
def test_a_reading_comes_back_from_its_line_unchanged(reading: Reading) -> None:
    """The sampler and its reader are two processes with one line between them."""
    line = reading.to_json()
    assert "\n" not in line
    assert Reading.from_json(line) == reading


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"gpus": 3}', '{"gpus": [], "unheard": 1}'])
def test_a_broken_line_is_a_value_error(line: str) -> None:
    """A sampler that is killed leaves half a line; it must be recognised as such."""
    with pytest.raises(ValueError, match=r".*"):
        Reading.from_json(line)


def test_gpus_are_numbered_by_bus_id() -> None:
    """Case 26: that is how CUDA counts under CUDA_DEVICE_ORDER=PCI_BUS_ID."""
    found = numbered([Gpu("x", bus="00000000:C1:00.0"), Gpu("y", bus="00000000:0a:00.0")])
    assert [(g.index, g.visible, g.uuid) for g in found] == [(0, "0", "y"), (1, "1", "x")]


def test_a_gpu_of_unknown_bus_makes_all_go_by_uuid() -> None:
    """Case 4: a GPU that was lost before it ever told its place shifts CUDA's numbers, or does not: nobody knows. People count
    with it, as the driver does, so that GPU 1 is the same one as before."""
    found = numbered([Gpu("", problem="GPU is lost"), Gpu("y", bus="00000000:0A:00.0")])
    assert [(g.index, g.visible) for g in found] == [(0, ""), (1, "y")]


def test_a_place_in_the_drivers_order_is_none_where_that_is_not_the_order_of_buses() -> None:
    """Then the number of a GPU that does not tell its bus would be another's."""
    found = numbered([Gpu("x", bus="20"), Gpu("", problem="GPU is lost"), Gpu("y", bus="10"), Gpu("m", bus="10", parent="y")])
    assert [(g.index, g.uuid) for g in found] == [(0, "y"), (None, "m"), (1, "x"), (None, "")]


@pytest.mark.parametrize(
    ("environment", "entries", "nothing"),
    [
        ({}, None, False),
        ({"CUDA_VISIBLE_DEVICES": ""}, (), True),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, ("-1",), True),
        ({"CUDA_VISIBLE_DEVICES": "2, 3"}, ("2", "3"), False),
        ({"CUDA_VISIBLE_DEVICES": "GPU-8f,0"}, ("GPU-8f", "0"), False),
    ],
)
def test_the_inherited_variable_is_read(environment: dict[str, str], entries: tuple[str, ...] | None, nothing: bool) -> None:
    """Case 25: unset, empty and -1 mean different things."""
    assert allowed(environment) == Allowed(entries)
    assert allowed(environment).nothing is nothing


def test_a_whole_gpu_needs_no_memory_limits() -> None:
    """A job that has its GPU for itself may take all of it."""
    placement = Placement((Share("GPU-a", "2", 2, None, 24000),))
    assert placement.environment() == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "2"}


def test_a_shared_gpu_limits_jax_and_tensorflow_to_the_claim() -> None:
    """Both take most of the GPU at their start unless told otherwise, and the other jobs there would fail."""
    environment = Placement((Share("GPU-a", "0", 0, 6000, 24000),), exclusive=False).environment()
    assert environment["XLA_PYTHON_CLIENT_MEM_FRACTION"] == environment["XLA_CLIENT_MEM_FRACTION"] == "0.250"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_a_job_without_a_gpu_sees_none() -> None:
    """A CPU job on a GPU machine must not take a GPU by habit."""
    assert Placement(exclusive=False).environment()["CUDA_VISIBLE_DEVICES"] == "-1"
