"""Curves are compressed once, and never those of before are sent for those of now."""

from __future__ import annotations

import gzip

from scheduler.web.packed import MOST, Packed


class News:
    """A place in the news, and answers that count how often they are made."""

    def __init__(self) -> None:
        self.place, self.made = "1", list[str]()

    def make(self, metric: str) -> bytes:
        self.made.append(metric)
        return f"{metric} at {self.place}".encode()


def read(packed: Packed, metric: str) -> str:
    return gzip.decompress(packed.of(metric)).decode()


def test_what_is_asked_for_twice_is_made_once() -> None:
    """The second who opens the page waits for nothing."""
    news = News()
    packed = Packed(news.make, lambda: news.place)
    assert [read(packed, "loss"), read(packed, "loss"), read(packed, "acc")] == ["loss at 1", "loss at 1", "acc at 1"]
    assert news.made == ["loss", "acc"]


def test_after_news_it_is_made_anew() -> None:
    """A curve that has grown is sent as it is now."""
    news = News()
    packed = Packed(news.make, lambda: news.place)
    read(packed, "loss")
    news.place = "2"
    assert read(packed, "loss") == "loss at 2"


def test_what_was_made_while_news_came_is_not_kept() -> None:
    """It may lack what has come."""
    news = News()

    def make(metric: str) -> bytes:
        found = news.make(metric)
        news.place += "0" if len(news.made) == 1 else ""
        return found

    packed = Packed(make, lambda: news.place)
    assert [read(packed, "loss"), read(packed, "loss")] == ["loss at 1", "loss at 10"]


def test_so_many_metrics_are_kept_at_most() -> None:
    """A run with a thousand metrics must not fill the memory."""
    news = News()
    packed = Packed(news.make, lambda: news.place)
    for number in range(MOST + 1):
        packed.of(str(number))
    packed.of("0")
    packed.of(str(MOST))
    assert news.made == [*map(str, range(MOST + 1)), "0"]
