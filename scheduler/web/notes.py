"""A person's own words in a report: Markdown with formulas and pictures, and places for views between them.

    ```view
    curves val_loss train_loss
    ```

puts the view of that name there, here with two of its charts. HTML in the text stands there as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler.errors import Place, UserError, nearest
from scheduler.web.documents.pictures import address
from scheduler.web.formulas import mathml

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

VIEWS = ("curves", "table", "parallel", "scatter", "sweep", "media", "system", "timeline")  # as app.js has them, in its order
LARGEST = 8 << 20  # bytes of a picture


def rendered(path: Path) -> str:
    """The HTML of a file of Markdown. UserError for a file that cannot be read, and with the line for what is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", next_step="name a file of Markdown with --notes") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8", next_step="save it as UTF-8") from error
    markdown = _markdown()
    tokens = markdown.parse(text)
    for line, token in _all(tokens, 0):
        _prepared(token, path, line)
    return markdown.renderer.render(tokens, markdown.options, {})


def _markdown() -> MarkdownIt:
    try:
        from markdown_it import MarkdownIt
        from mdit_py_plugins.dollarmath import dollarmath_plugin
    except ImportError as error:
        what = "--notes needs markdown-it-py, mdit-py-plugins and latex2mathml, which are not installed here"
        raise UserError(what, next_step="pip install 'exp-queue[ui]'") from error
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])
    markdown.use(dollarmath_plugin, allow_digits=False, double_inline=True)
    for name in ("math_inline", "math_block", "math_inline_double"):
        markdown.add_render_rule(name, _formula)
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("image", _image)
    return markdown


def _all(tokens: Sequence[Token], line: int) -> Any:
    """Each token with the line that it begins at, from 1."""
    for token in tokens:
        here = token.map[0] + 1 if token.map else line
        yield here, token
        yield from _all(token.children or (), here)


def _prepared(token: Token, path: Path, line: int) -> None:
    """What is wrong is found here, where the line is known; what a content policy does not allow becomes a class."""
    where = Place(str(path), line)
    if style := token.attrs.pop("style", None):
        token.attrSet("class", f"to-{str(style).rpartition(':')[2]}")
    if token.type.startswith("math_"):
        try:
            token.meta["mathml"] = mathml(token.content, block=token.type != "math_inline")
        except ValueError as error:
            raise UserError(
                f"this is no formula: {error}", where=where, next_step="mend it, or write \\$ for a dollar"
            ) from error
    elif token.type == "fence" and token.info.strip() == "view":
        token.meta["view"] = _view(token.content, where)
    elif token.type == "image":
        token.meta["url"] = _picture(str(token.attrs.get("src", "")), path, where)
    elif re.fullmatch(r"heading_(open|close)", token.type):
        token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"  # the page has a title of its own, and its sections have


def _view(text: str, where: Place) -> list[str]:
    words = text.split()
    if not words or words[0] not in VIEWS:
        name = words[0] if words else ""
        raise UserError(f'there is no view "{name}"', where=where, next_step=nearest(name, VIEWS))
    return words


def _picture(source: str, path: Path, where: Place) -> str:
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", source):
        raise UserError(
            f"the picture {source} is not a file: a report loads nothing",
            where=where,
            next_step="save it beside the notes, or link to it",
        )
    from urllib.parse import unquote

    file = path.parent / unquote(source)
    try:
        content = file.read_bytes() if file.stat().st_size <= LARGEST else b""
    except OSError as error:
        raise UserError(f"cannot read the picture {source}: {error.strerror}", where=where) from error
    url = address(content)
    if url is None:
        what = f"{source} is no PNG, JPEG, GIF or WebP of at most {LARGEST >> 20} MiB"
        raise UserError(what, where=where, next_step="convert it")
    return url


# The rules of the renderer: what is returned is HTML.


def _formula(_: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    token = tokens[index]
    return token.meta["mathml"] if token.type == "math_inline" else f'<p class="formula">{token.meta["mathml"]}</p>\n'


def _fence(_: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    token = tokens[index]
    if words := token.meta.get("view"):
        return f'<div class="place" data-view="{escape(words[0])}" data-of="{escape(" ".join(words[1:]))}"></div>\n'
    return f"<pre><code>{escape(token.content)}</code></pre>\n"


def _image(_: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    token = tokens[index]
    title: Mapping[str, Any] = token.attrs
    told = f' title="{escape(str(title["title"]))}"' if "title" in title else ""
    return f'<img src="{token.meta["url"]}" alt="{escape(token.content)}"{told}>'
