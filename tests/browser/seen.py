"""What is to be seen on a page: pixels of canvases and of the whole window, and what does not fit."""

from __future__ import annotations

from typing import Any, NamedTuple

# Pixels of a canvas near a colour, and between which columns and rows they lie. A canvas that is not opaque is read over paper.
_INK = """
const [canvas, colour, near] = arguments;
const { width, height } = canvas;
const sheet = document.createElement("canvas").getContext("2d");
sheet.fillStyle = colour;
sheet.fillRect(0, 0, 1, 1);
const wanted = sheet.getImageData(0, 0, 1, 1).data;
const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
let count = 0, left = width, right = -1, top = height, bottom = -1;
for (let at = 0; at < data.length; at += 4) {
  if (data[at + 3] < 200 || [0, 1, 2].some((part) => Math.abs(data[at + part] - wanted[part]) > near)) continue;
  const x = (at / 4) % width, y = Math.floor(at / 4 / width);
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
return [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > room + 1 && !scrolled(each))
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


def ink(driver: Any, canvas: Any, colour: str, near: int = 40) -> Ink:
    """The pixels of a canvas that have a colour (as CSS writes it), give or take `near` in each of red, green and blue."""
    return Ink(*driver.execute_script(_INK, canvas, colour, near))


def pixel(driver: Any, x: int, y: int) -> tuple[int, int, int]:
    """Red, green and blue of a place in the window, as it is drawn."""
    red, green, blue = driver.execute_async_script(_AT, driver.get_screenshot_as_base64(), x, y)
    return red, green, blue


def too_wide(driver: Any) -> list[str]:
    """What reaches over the right edge of the window."""
    return driver.execute_script(_WIDE)
