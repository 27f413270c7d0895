"""One document of HTML with all inside."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html import unescape

import pytest

from scheduler.web.page import packed, self_contained

HOSTILE = "</script><script>alert(1)</script><!--\x00 {script}"


def test_what_comes_from_outside_is_no_html() -> None:
    """A name, a log or a note is written by others than who opens the page."""
    page = self_contained(HOSTILE, {"runs": {"title": HOSTILE}})
    assert "alert(1)" not in re.sub(r"<title>.*?</title>", "", page)
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<script") == 2


def test_the_answers_come_back_as_they_were() -> None:
    """The views see what the store has, to the last letter."""
    answers = {"runs": {"title": HOSTILE, "runs": [{"last": {"loss": "NaN"}}]}}
    assert json.loads(gzip.decompress(base64.b64decode(packed(answers)))) == answers


def test_the_policy_allows_the_own_script_and_no_other() -> None:
    """A browser that is told to run nothing else runs nothing else."""
    page = self_contained("A title", {})
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in unescape(policy)
    assert f"script-src 'sha256-{digest}'" in unescape(policy)
    assert "unsafe" not in policy


def test_a_number_that_json_does_not_know_is_an_error() -> None:
    """`NaN` in the text would be a page that cannot be read at all."""
    with pytest.raises(ValueError, match="JSON"):
        packed({"value": float("nan")})


def test_half_a_letter_in_a_title_is_no_reason_to_write_no_page() -> None:
    """A word of a command line that is no UTF-8 has such letters; they cannot be written, and the rest can."""
    page = self_contained("caf\udce9 \ud83d", {})
    assert "<title>caf? ?</title>" in page
    page.encode()
