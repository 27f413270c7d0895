"""What is to be seen on a page: pixels of canvases and of the whole window, and what does not fit."""

from __future__ import annotations

from typing import Any, NamedTuple

# Pixels of a canvas near a colour, and between which columns and rows they lie; what is half transparent does not count.
_INK = """
const [canvas, colour, near, from, to, high] = arguments;
const { width, height } = canvas;
const sheet = (wide, tall) => { // a copy: what is read often is drawn in another way
  const copy = Object.assign(document.createElement("canvas"), { width: wide, height: tall });
  return copy.getContext("2d", { willReadFrequently: true });
};
const pen = sheet(width, height), drop = sheet(1, 1);
drop.fillStyle = colour;
drop.fillRect(0, 0, 1, 1);
const wanted = drop.getImageData(0, 0, 1, 1).data;
pen.drawImage(canvas, 0, 0);
const { data } = pen.getImageData(0, 0, width, height);
let count = 0, left = width, right = -1, top = height, bottom = -1;
for (let at = 0; at < data.length; at += 4) {
  if (data[at + 3] < 200 || [0, 1, 2].some((part) => Math.abs(data[at + part] - wanted[part]) > near)) continue;
  const x = (at / 4) % width, y = Math.floor(at / 4 / width);
  if (x < from * width || x >= to * width || y >= high * height) continue;
  count++;
  [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
}
return [count, left, top, right, bottom];
"""
_AT = """
const [shot, x, y, done] = arguments;
const image = new Image();
image.onload = () => {
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [image.width, image.height];
  const pen = sheet.getContext("2d");
  pen.drawImage(image, 0, 0);
  done([...pen.getImageData(x, y, 1, 1).data].slice(0, 3));
};
image.src = `data:image/png;base64,${shot}`;
"""
_WIDE = """
const room = document.documentElement.clientWidth;
const scrolled = (each) => { // what stands in a box that scrolls by itself has room enough
  for (let box = each.parentElement; box; box = box.parentElement) if (getComputedStyle(box).overflowX !== "visible") return true;
  return false;
};
const drawn = [...document.body.querySelectorAll("*")].filter((each) => each.checkVisibility({ contentVisibilityAuto: false }));
return drawn.filter((each) => each.getBoundingClientRect().right > room + 1 && !scrolled(each))
  .map((each) => `${each.tagName.toLowerCase()}.${each.getAttribute("class")}: ${each.textContent.slice(0, 40)}`)
  .concat(document.documentElement.scrollWidth > room ? [`the page: ${document.documentElement.scrollWidth} > ${room}`] : []);
"""


class Ink(NamedTuple):
    """How many pixels have a colour, and in which box they lie, in pixels of the canvas."""

    count: int
    left: int
    top: int
    right: int
    bottom: int


def ink(driver: Any, canvas: Any, colour: str, *, part: tuple[float, float] = (0, 1), high: float = 1, near: int = 40) -> Ink:
    """The pixels of a canvas that have a colour (as CSS writes it), give or take `near` in each of red, green and blue; with
    `part` only those in some of its width, where 0 is its left edge and 1 its right, with `high` in the uppermost of its
    height."""
    return Ink(*driver.execute_script(_INK, canvas, colour, near, *part, high))


def pixel(driver: Any, x: int, y: int) -> tuple[int, int, int]:
    """Red, green and blue of a place in the window, as it is drawn."""
    red, green, blue = driver.execute_async_script(_AT, driver.get_screenshot_as_base64(), x, y)
    return red, green, blue


def too_wide(driver: Any) -> list[str]:
    """What reaches over the right edge of the window."""
    return driver.execute_script(_WIDE)


def chart_of(driver: Any, metric: str) -> Any:
    """The canvas of the chart of a metric."""
    (figure,) = [
        each for each in driver.find_elements("css selector", "#curves figure") if each.text.split("\n")[0].strip() == metric
    ]
    return figure.find_element("css selector", "canvas")


def colour_of(driver: Any, run: str) -> str:
    """The colour of a run, as the list of runs shows it."""
    return _beside(driver, run, ".swatch").value_of_css_property("background-color")


def switch_of(driver: Any, run: str) -> Any:
    """The box that shows and hides a run."""
    return _beside(driver, run, "input")


def _beside(driver: Any, run: str, what: str) -> Any:
    (row,) = [each for each in driver.find_elements("css selector", ".runs li") if run in each.text]
    return row.find_element("css selector", what)


def size_of(canvas: Any) -> tuple[int, int]:
    """The pixels of a canvas, from left to right and from top to bottom."""
    return int(canvas.get_property("width")), int(canvas.get_property("height"))
