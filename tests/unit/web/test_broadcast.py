"""What is new, for all who look."""

from __future__ import annotations

import threading

from scheduler.web.broadcast import Broadcast


def test_who_lost_the_line_goes_on_where_it_was() -> None:
    """Nothing is lost and nothing comes twice."""
    news = Broadcast()
    first = news.place
    for text in (b"1", b"2", b"3"):
        news.say(text)
    heard = news.after(first) or []
    assert [each.text for each in heard] == [b"1", b"2", b"3"]
    assert [each.text for each in news.after(heard[0].place) or []] == [b"2", b"3"]
    assert news.after(news.place) == []


def test_what_is_not_kept_any_more_is_not_passed_over_in_silence() -> None:
    """Who sleeps for a day loads all of it anew, instead of going on with a hole."""
    news = Broadcast(kept=10)
    begin = news.place
    for _ in range(10):
        news.say(b"12345")
    assert news.after(begin) is None
    assert len(news.after(f"{begin.split('-')[0]}-8") or []) == 2


def test_the_place_of_another_server_means_nothing_here() -> None:
    """A server that was started anew counts from nothing, and 3 of the old one is not 3 of the new one."""
    one, other = Broadcast(), Broadcast()
    one.say(b"1")
    other.say(b"1")
    assert other.after(one.place) is None
    assert [other.after(place) for place in ("", "x", "-1", f"{other.place}0", other.place.replace("-", "-x"))] == [None] * 5
    place = one.place
    one.begin_anew()
    assert one.after(place) is None


def test_a_word_wakes_all_who_wait() -> None:
    """They sleep in the kernel until then."""
    news, heard = Broadcast(), []
    place = news.place
    waiting = [threading.Thread(target=lambda: heard.append(news.wait(place, 3600)), daemon=True) for _ in range(5)]
    for each in waiting:
        each.start()
    news.say(b"now")
    for each in waiting:
        each.join(60)
    assert [[each.text for each in found or []] for found in heard] == [[b"now"]] * 5


def test_the_end_wakes_them_too() -> None:
    """A server that ends does not wait for those who listen."""
    news = Broadcast()
    waiting = threading.Thread(target=lambda: news.wait(news.place, 3600), daemon=True)
    waiting.start()
    news.end()
    waiting.join(60)
    assert not waiting.is_alive()
    assert news.is_over
