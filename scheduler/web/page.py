"""One document of HTML with the views inside: no request leaves it, and nothing in it runs but our own script."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from html import escape
from typing import Any

from scheduler.web import assets

LEVEL = 6  # of gzip: 9 takes five times as long for a file that is 2 % smaller

# What a browser may do with the page: draw. It may load nothing, send nothing, and stand in no other page's frame.
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="exp-queue">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<p>This page needs JavaScript; nothing is loaded from anywhere.</p>
<template id="notes">{notes}</template>
<script type="application/octet-stream" id="answers">{answers}</script>
<script>{script}</script>
</body>
</html>
"""

_ASKING = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>exp-queue</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/app.css">
<script src="/app.js" defer></script>
</head>
<body>
<p>This page needs JavaScript; nothing is loaded from anywhere but this server.</p>
</body>
</html>
"""


def asking() -> str:
    """The page that asks for its answers, and has its script and its style beside it."""
    return _ASKING


def self_contained(title: str, answers: dict[str, Any], notes: str = "") -> str:
    """The page with all its answers inside. `notes`: HTML that is safe, as `scheduler.web.notes` makes it."""
    script, style = assets.script(), assets.style()
    return _PAGE.format(
        policy=escape(_POLICY.format(script=_hash(script), style=_hash(style))),
        title=escape(title.encode(errors="replace").decode()),  # half a letter cannot be written
        style=_unclosed(style, "style"),
        notes=notes,
        answers=packed(answers),
        script=_unclosed(script, "script"),
    )


def packed(answers: dict[str, Any]) -> str:
    """The answers as text that means nothing to a parser of HTML: JSON, compressed, in base64."""
    text = json.dumps(answers, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), LEVEL, mtime=0)).decode("ascii")


def _hash(text: str) -> str:
    """As a content policy names an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _unclosed(text: str, tag: str) -> str:
    """The text of an element that ends with its closing tag only. ValueError for what a parser would end or begin in it."""
    lower = text.lower()
    if f"</{tag}" in lower or "<!--" in lower:
        raise ValueError(f"a {tag} with a tag of HTML inside")
    return text
