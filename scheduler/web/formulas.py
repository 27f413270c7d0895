"""Formulas of LaTeX as MathML, which browsers draw by themselves (https://www.w3.org/TR/mathml-core/).

What the library makes is taken apart and put together anew: it leaves texts as they are, so that `\\text{<script>}` would be one,
and knows attributes that link and style.
"""

from __future__ import annotations

from html import unescape
from xml.etree.ElementTree import Element, tostring

_KEPT = {
    *(
        "accent",
        "accentunder",
        "columnalign",
        "columnlines",
        "columnspacing",
        "depth",
        "display",
        "displaystyle",
        "fence",
        "form",
    ),
    *("height", "linethickness", "lspace", "mathcolor", "mathsize", "mathvariant", "maxsize", "minsize", "movablelimits"),
    *("rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width", "xmlns"),
}
_NAMES = {"arg", "deg", "dim", "gcd", "hom", "inf", "ker", "liminf", "limsup", "Pr", "sup"}  # of functions that it may not know


def mathml(formula: str, *, block: bool) -> str:
    """The formula as an element of MathML. ValueError, with what is wrong, for what is none."""
    from latex2mathml.converter import convert_to_element

    try:
        found = convert_to_element(formula, display="block" if block else "inline")
    except Exception as error:  # the library has one of its own for each mistake, and fails with others too
        raise ValueError(_words(type(error).__name__)) from error
    for element in found.iter():
        _cleaned(element)
    return tostring(found, encoding="unicode")


def _cleaned(element: Element) -> None:
    if not element.tag.startswith("m"):
        element.tag = "mrow"
    for name in list(element.attrib):
        if name not in _KEPT:
            del element.attrib[name]
    element.text, element.tail = _plain(element.text), _plain(element.tail)


def _plain(text: str | None) -> str | None:
    """The library writes characters as references, and leaves commands that it does not know."""
    if not text or not text.startswith("\\") or len(text) == 1:
        return text and unescape(text)
    if text[1:] not in _NAMES:
        raise ValueError(f"the command {text} is not known here")
    return text[1:]


def _words(name: str) -> str:
    """
    >>> _words("ExtraLeftOrMissingRightError")
    'extra left or missing right'
    """
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name.removesuffix("Error")).strip()
