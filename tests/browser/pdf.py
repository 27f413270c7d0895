"""What a page that was printed to PDF says of itself: its headings and figures, and on which sheet each begins."""

from __future__ import annotations

import base64
import re
from typing import Any

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_KIND = re.compile(rb"/Type /StructElem\s+/S /(\w+)")
_SHEET = re.compile(rb"/Pg (\d+) 0 R")
_CHILD = re.compile(rb"(\d+) 0 R")
_CHILDREN = re.compile(rb"/K (.*)", re.DOTALL)


def sheets(driver: Any, *kinds: str) -> list[tuple[str, int]]:
    """Print the page; its elements of these kinds, as tags of a PDF call them (`H2`, `Figure`), from the first to the last, each
    with the number of its sheet. What Chromium writes is read here, and no other PDF."""
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"generateTaggedPDF": True})
    objects = {int(number): text for number, text in _OBJECT.findall(base64.b64decode(printed["data"]))}
    pages = [number for number, text in sorted(objects.items()) if re.search(rb"/Type /Page\b", text)]
    root = next(number for number, text in objects.items() if b"/Type /StructTreeRoot" in text)
    return [(kind, pages.index(page)) for kind, page in _walked(objects, root) if kind in kinds and page is not None]


def _walked(objects: dict[int, bytes], number: int) -> list[tuple[str, int | None]]:
    """Each element of the tree below this one, itself first, with the page of the first thing in it."""
    text = objects[number]
    below = [found for child in _children(text) if child in objects for found in _walked(objects, child)]
    own = _SHEET.search(text)
    page = int(own[1]) if own else next((page for _, page in below if page is not None), None)
    kind = _KIND.search(text)
    return [*([(kind[1].decode(), page)] if kind else []), *below]


def _children(text: bytes) -> list[int]:
    found = _CHILDREN.search(text)
    return [int(each) for each in _CHILD.findall(re.sub(rb"<<.*?>>", b"", found[1]))] if found else []
