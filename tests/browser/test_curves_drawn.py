"""Curves, as they are drawn: pixels of the charts."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.curves import Spot, smoothed
from scheduler.queue.remarks import rename
from scheduler.queue.store import Store
from scheduler.tracking.logged import CURVES, Point
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, written
from tests.browser.seen import Ink, chart_of, colour_of, ink, size_of, switch_of

STEPS = 101
SHAPES: dict[str, Callable[[int], float]] = {
    "rises": lambda step: step / 100,
    "falls": lambda step: 1 - step / 100,
    "peak": lambda step: max(0.0, 1 - abs(step - 50) / 10),
    "noise": lambda step: step % 2,
    "power": lambda step: 10 ** (step / 100 * 6 - 3),
    "bursts": lambda step: 10 ** (step / 100 * 35),
    "vanishes": lambda step: 10 ** (-step / 100 * 307),
}


@pytest.fixture
def shown(store: Store, tmp_path: Path, opened: Opened, reported: Reported) -> Callable[..., Any]:
    """Open a page with one run for each of these shapes, whose name is that of the shape."""

    def open_it(*shapes: str, **options: Any) -> Any:
        runs = f"command: [python, train.py, '${{args_json}}']\ngrid: {{shape: [{', '.join(shapes)}]}}\n"
        if not store.jobs():
            jobs = fill(store, written(tmp_path, runs), tmp_path, lambda config: Left(rows=_rows(SHAPES[config["shape"]])))
            with store.change() as change:
                for job in jobs:
                    rename(change, job.number, job.config["shape"])
        return opened(reported(), **options)

    return open_it


def _rows(shape: Callable[[int], float]) -> list[dict[str, Any]]:
    return [{"_step": step, "_time": 1700000000.0 + step, "loss": shape(step), "twice": 2 * shape(step)} for step in range(STEPS)]


def drawn(driver: Any, run: str, metric: str = "loss", part: tuple[float, float] = (0, 1)) -> Ink:
    return ink(driver, chart_of(driver, metric), colour_of(driver, run), part=part)


def test_each_run_is_drawn_in_each_chart_where_its_values_are(shown: Callable[..., Any]) -> None:
    """A chart that is there, and empty or of something else, would pass for a curve."""
    driver = shown("rises", "falls")
    for metric in ("loss", "twice"):
        width, height = size_of(chart_of(driver, metric))
        whole = drawn(driver, "rises", metric)
        assert whole.count > width / 2
        assert whole.right - whole.left > 0.8 * width
        assert drawn(driver, "rises", metric, (0, 0.3)).top > height / 2
        assert drawn(driver, "rises", metric, (0.8, 1)).bottom < height / 2
        assert drawn(driver, "falls", metric, (0, 0.3)).bottom < height / 2


def test_a_run_that_is_hidden_is_drawn_no_more_and_comes_back(shown: Callable[..., Any]) -> None:
    """Of a hundred runs one wants to see three."""
    driver = shown("rises", "falls")
    switch_of(driver, "rises").click()
    chromium.settled(driver)
    assert drawn(driver, "rises").count == 0, "in the one chart"
    assert drawn(driver, "rises", "twice").count == 0, "nor in the other"
    assert drawn(driver, "falls").count > 100
    switch_of(driver, "rises").click()
    chromium.settled(driver)
    assert drawn(driver, "rises").count > 100


def test_a_filter_that_is_typed_leaves_the_curves_of_the_runs_that_it_names(shown: Callable[..., Any]) -> None:
    """The list and the charts are of the same runs."""
    driver = shown("rises", "falls")
    colour = colour_of(driver, "rises")
    driver.find_element("css selector", "input[type=search]").send_keys("shape=falls")
    chromium.settled(driver)
    assert ink(driver, chart_of(driver, "loss"), colour).count == 0
    assert [each.text.split("\n")[0] for each in driver.find_elements("css selector", ".runs li")] == ["falls"]
    driver.find_element("css selector", "input[type=search]").clear()
    driver.execute_script("document.querySelector('input[type=search]').dispatchEvent(new Event('input'))")
    chromium.settled(driver)
    assert drawn(driver, "rises").count > 100


def test_a_piece_that_is_dragged_over_fills_the_chart_until_a_double_click(shown: Callable[..., Any]) -> None:
    """What matters is often in a hundredth of the steps. The peak lies outside of the piece; without it the line lies flat."""
    from selenium.webdriver import ActionChains

    driver = shown("peak")
    before = drawn(driver, "peak")
    over = chart_of(driver, "loss").find_element("xpath", "..").find_element("css selector", ".u-over")
    wide = over.size["width"]
    ActionChains(driver).move_to_element_with_offset(over, -int(0.45 * wide), 0).click_and_hold().move_by_offset(
        int(0.3 * wide), 5
    ).release().perform()
    chromium.settled(driver)
    zoomed = drawn(driver, "peak")
    assert zoomed.bottom - zoomed.top < (before.bottom - before.top) / 5
    assert zoomed.right - zoomed.left > 0.9 * (before.right - before.left)
    ActionChains(driver).double_click(over).perform()
    ActionChains(driver).move_to_element(driver.find_element("css selector", "h1")).perform()
    chromium.settled(driver)
    assert drawn(driver, "peak")[1:] == before[1:]


def test_the_keyboard_zooms_too(shown: Callable[..., Any]) -> None:
    """Some have no mouse. In half of the steps the peak is twice as wide."""
    from selenium.webdriver import Keys

    driver = shown("peak")
    canvas = chart_of(driver, "loss")
    box = canvas.find_element("xpath", "ancestor::*[@role='img']")
    before = _top_half(driver)
    box.send_keys("+")
    chromium.settled(driver)
    assert _top_half(driver) == pytest.approx(2 * before, rel=0.1)
    box.send_keys("0")
    chromium.settled(driver)
    assert _top_half(driver) == before
    box.send_keys("+", *[Keys.ARROW_RIGHT] * 3)
    chromium.settled(driver)
    flat = drawn(driver, "peak")  # the peak has gone to the left
    assert flat.bottom - flat.top < 10


def _top_half(driver: Any) -> int:
    """How wide the peak is in the upper half."""
    canvas, colour = chart_of(driver, "loss"), colour_of(driver, "peak")
    upper = ink(driver, canvas, colour, high=0.5)
    return upper.right - upper.left


def test_a_smoothed_curve_is_drawn_over_the_faint_one(shown: Callable[..., Any]) -> None:
    """The mean of noise lies in its middle; what was logged stays to be seen behind it."""
    noisy = drawn(shown("noise"), "noise", part=(0.5, 1))
    driver = shown("noise", link="smooth=0.95")
    smooth = drawn(driver, "noise", part=(0.5, 1))
    assert smooth.bottom - smooth.top < (noisy.bottom - noisy.top) / 4
    assert noisy.top + 10 < smooth.top < smooth.bottom < noisy.bottom - 10
    assert driver.find_element("css selector", "input[type=range]").get_property("value") == "0.95"


def test_a_logarithmic_axis_makes_powers_a_straight_line(shown: Callable[..., Any]) -> None:
    """Of values that span six powers of ten the linear axis shows the largest."""
    driver = shown("power")
    height = size_of(chart_of(driver, "loss"))[1]
    assert drawn(driver, "power", part=(0.4, 0.6)).top > 0.7 * height
    driver = shown("power", link="ylog=true")
    middle = drawn(driver, "power", part=(0.5, 0.6))
    assert 0.3 * height < middle.top < middle.bottom < 0.7 * height


def test_smoothing_is_that_of_the_command_line(opened: Opened, demo: Path) -> None:
    """`exp-queue curves --smooth` and a page show the same line."""
    values = [math.sin(step) for step in range(50)]
    found = opened(demo).execute_script("return $series.smoothed(arguments[0], arguments[1])", values, 0.8)
    spots = [Spot(step, Point(step, None, value, value, value), value) for step, value in enumerate(values)]
    assert found == pytest.approx([each.value for each in smoothed(spots, 0.8)])


# What is asked of the pen from now on: the dashes of each line.
_LISTEN = """
window.dashes = [];
const draw = CanvasRenderingContext2D.prototype.setLineDash;
CanvasRenderingContext2D.prototype.setLineDash = function (dash) { dashes.push(dash.length); draw.call(this, dash); };
"""


def test_among_very_many_lines_only_the_one_that_is_pointed_at_has_its_dashes(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """Dashes and bands of a thousand lines cost seconds at each look, and nobody sees them; those of one tell it apart."""
    from selenium.webdriver import ActionChains

    numbers = ", ".join(map(str, range(120)))
    runs = f"command: [python, train.py, '${{args_json}}']\ngrid: {{at: [{numbers}]}}\n"
    rows = lambda config: [{"_step": step, "loss": config["at"]} for step in range(2)]  # noqa: E731
    fill(store, written(tmp_path, runs), tmp_path, lambda config: Left(rows=rows(config)))
    driver = opened(reported(), height=700)
    driver.execute_script(_LISTEN)
    switch_of(driver, driver.find_element("css selector", ".runs .name").text).click()
    chromium.settled(driver)
    assert sum(driver.execute_script("return dashes")) == 0
    driver.execute_script("dashes.length = 0")
    ActionChains(driver).move_to_element(driver.find_elements("css selector", ".runs .name")[10]).perform()
    chromium.settled(driver)
    assert [count for count in driver.execute_script("return dashes") if count] == [2]


# The texts that are drawn on canvases from now on.
_WRITTEN = """
window.written = new Set();
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  written.add(text);
  return draw.call(this, text, ...more);
};
"""


def test_no_value_stops_a_page_or_leaves_an_axis_without_numbers(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """A constant differs from its mean by a rounding error, along which no step can be made; a rate of 0.00003 is not 0."""
    values = {"constant": 1e30, "huge": 1e307, "least": 5e-324, "odd": 0.7, "large": 12345678.0}
    rows = [{"_step": step, "swings": 1e308 * (-1) ** step, "rate": 3e-5 * (1 + step / 29), **values} for step in range(30)]
    runs = written(tmp_path, "command: [python, train.py, '${args_json}']\ngrid: {lr: [1]}\n")
    fill(store, runs, tmp_path, lambda config: Left(rows=rows))
    driver = opened(reported())
    (run,) = [each.name for each in store.jobs()]
    chromium.draw_all(driver)
    driver.execute_script(_WRITTEN)
    for chosen in ("smooth=0.9", "ylog=true", "xlog=true", "smooth=0.5"):
        driver.execute_script("location.hash = arguments[0]", chosen)
        chromium.settled(driver)
        for metric in ("rate", "odd", "large", "constant", "huge"):
            driver.execute_script("arguments[0].scrollIntoView()", chart_of(driver, metric))
            chromium.settled(driver)
            assert drawn(driver, run, metric).count > 100, (metric, chosen)
    assert {"3e-5", "4e-5", "0.7", "1e30", "1e307"} <= set(driver.execute_script("return [...written]"))
    marks = (
        "return [[12.5, 2.5], [0.05836, 2e-5], [100000.5, 0.5], [0.3, 0.1], [1e8, 1e7]].map(([at, by]) => $format.mark(at, by))"
    )
    assert driver.execute_script(marks) == ["12.5", "0.05836", "100000.5", "0.3", "1e8"]


def test_a_group_that_was_opened_stays_open_when_metrics_come_and_go(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """Who watches a live page opens a group once, and not again whenever something is logged."""
    rows = [{"_step": step, **{f"{each}/{number}": step for each in "ab" for number in range(13)}} for step in range(3)]
    runs = written(tmp_path, "command: [python, train.py, '${args_json}']\ngrid: {lr: [1]}\n")
    fill(store, runs, tmp_path, lambda config: Left(rows=rows))
    driver = opened(reported())
    (_, second) = driver.find_elements("css selector", "#curves details.group")
    second.find_element("css selector", "summary").click()
    find = driver.find_element("css selector", "input[aria-label='find metrics']")
    find.send_keys("/1")
    chromium.settled(driver)
    groups = driver.find_elements("css selector", "#curves details.group")
    assert [(each.text.split("\n")[0], each.get_property("open")) for each in groups] == [("a (4)", True), ("b (4)", True)]
    find.clear()
    find.send_keys("/")
    chromium.settled(driver)
    groups = driver.find_elements("css selector", "#curves details.group")
    assert [(each.text.split("\n")[0], each.get_property("open")) for each in groups] == [("a (13)", False), ("b (13)", True)]


def test_what_has_no_curve_is_said_with_the_way_to_see_it(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """A page with the curves of 256 of 300 metrics looks as if there were no others; a search that finds none of them says so."""
    rows = [{"_step": step, **{f"m{name}": name + step for name in range(CURVES + 44)}} for step in range(3)]
    runs = "command: [python, train.py, '${args_json}']\ngrid: {lr: [1]}\n"
    (job,) = fill(store, written(tmp_path, runs), tmp_path, lambda config: Left(rows=rows))
    driver = opened(reported())
    told = driver.find_element("css selector", "#curves [role=note]")
    assert told.text.startswith(f"44 more metrics without a curve here: of a run those of the first {CURVES} are kept.")
    assert f"exp-queue curves {job.short_id} -m NAME" in told.text
    driver.find_element("css selector", "[aria-label='find metrics']").send_keys("m299")
    chromium.settled(driver)
    assert "Called so: m299." in told.text
    assert f"exp-queue curves {job.short_id} -m m299" in told.text


@pytest.mark.parametrize("shape", ["bursts", "vanishes"])
def test_a_logarithmic_axis_has_room_for_all_that_a_float_is(shown: Callable[..., Any], shape: str) -> None:
    """A loss that grows beyond 1e33 held the page for ever: its axis got a mark each 5e32."""
    driver = shown(shape, link="ylog=true")
    width, height = size_of(chart_of(driver, "loss"))
    line = drawn(driver, shape)
    assert line.right - line.left > 0.7 * width
    assert line.bottom - line.top > 0.7 * height
    first = drawn(driver, shape, part=(0, 0.2))
    assert first.top > height / 2 if shape == "bursts" else first.bottom < height / 2
