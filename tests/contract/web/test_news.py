"""What comes by itself while jobs run: of the right things, once, and nothing else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from scheduler.home import Home
from scheduler.queue.chosen import of_numbers
from scheduler.queue.job import Job
from scheduler.queue.remarks import annotate
from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.browser.filling import Left, curve
from tests.contract.web.conftest import Running, Visitor, done, visited

Runs = Callable[[float], Running]


def points(events: Iterator[dict[str, Any]], run: str, metric: str, count: int) -> list[tuple[float, float]]:
    """The first points of a curve that come."""
    found: list[tuple[float, float]] = []
    while len(found) < count:
        said = next(events)["data"].get("points", {}).get(run, {}).get("curves", {}).get(metric)
        if said:
            at = said["at"]
            steps = at if isinstance(at, list) else [at["from"] + at["by"] * index for index in range(at["count"])]
            found += zip(steps, said["last"], strict=True)
    return found


def until(events: Iterator[dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(each["data"] for each in events if holds(each["data"]))


def row(news: dict[str, Any], run: str) -> dict[str, Any]:
    return next((each for each in news.get("runs", ()) if each["id"] == run), {})


def test_what_a_job_logs_comes_while_it_runs(visitor: Visitor, runs: Runs) -> None:
    """That is what the page is for: nobody presses a button."""
    running = runs(0.5)
    rows = curve({"lr": 0.5}, 6)
    place = visitor.ask("/api/runs").json["place"]
    with visitor.listening(place) as events:
        running.log(rows[:2])
        first = points(events, running.job.id, "loss", 2)
        running.log(rows[2:])
        assert [at for at, _ in first + points(events, running.job.id, "loss", 4)] == [0, 1, 2, 3, 4, 5]
    told = next(each for each in visitor.ask("/api/runs").json["runs"] if each["id"] == running.job.id)
    assert (told["state"], told["step"], told["rows"]) == ("running", 5, 6)


def test_a_line_that_was_lost_goes_on_where_it_was(visitor: Visitor, runs: Runs) -> None:
    """A laptop that sleeps must not lose points, nor draw them twice."""
    running = runs(0.5)
    rows = curve({"lr": 0.5}, 9)
    place = visitor.ask("/api/runs").json["place"]
    with visitor.listening(place) as events:
        running.log(rows[:3])
        assert len(points(events, running.job.id, "loss", 3)) == 3
    with visitor.listening(place) as events:
        seen = []
        for event in events:
            seen.append(event)
            if "points" in event["data"]:
                break
        running.log(rows[3:6])
        later = points(events, running.job.id, "loss", 3)
    with visitor.listening(seen[-1]["id"]) as events:
        assert points(events, running.job.id, "loss", 3) == later
    assert [at for at, _ in later] == [3, 4, 5]


def test_curves_and_news_fit_together(visitor: Visitor, runs: Runs) -> None:
    """What is in the answer does not come again, and what is not in it comes: the answer says where it ends."""
    running = runs(0.5)
    rows = curve({"lr": 0.5}, 8)
    with visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        running.log(rows[:5])
        points(events, running.job.id, "loss", 5)
    found = visitor.ask("/api/curves?metric=loss").json
    assert found["curves"][running.job.id]["at"] == {"from": 0, "by": 1, "count": 5}
    with visitor.listening(found["place"]) as events:
        running.log(rows[5:])
        assert [at for at, _ in points(events, running.job.id, "loss", 3)] == [5, 6, 7]


def test_what_nobody_wrote_an_event_about_comes_too(home: Home, store: Store, filled: Callable[..., list[Job]]) -> None:
    """A note changes no state, and leaves no event in the queue."""
    job, other = filled([0.1, 0.2], done)
    with visited(home) as visitor, visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        with store.change() as change:
            annotate(change, of_numbers([job.number]), "look here")
        news = until(events, lambda data: bool(row(data, job.id)))
    assert row(news, job.id) == {"id": job.id, "note": "look here"}, "what has not changed does not come again"
    assert row(news, other.id) == {}


def test_what_is_new_is_small_however_many_runs_there_are(home: Home, runs: Runs, filled: Callable[..., list[Job]]) -> None:
    """An update that grows with the queue is what makes other pages crawl at a thousand runs."""
    filled([each / 1000 for each in range(1, 200)], lambda config: Left(State.DONE, curve(config, 3)))
    running = runs(0.5)
    running.log(curve({"lr": 0.5}, 1))
    with ExitStack() as open_now:
        visitor = open_now.enter_context(visited(home))
        index = visitor.ask("/api/runs")
        events = open_now.enter_context(visitor.listening(index.json["place"]))
        running.log(curve({"lr": 0.5}, 2)[1:])
        news = until(events, lambda data: "points" in data)
    assert [each["id"] for each in news["runs"]] == [running.job.id]
    assert len(str(news)) < 1500 < len(index.body) / 50


def test_a_new_attempt_begins_a_new_curve(visitor: Visitor, runs: Runs, again: Callable[[Job], Running], store: Store) -> None:
    """The steps of two attempts in one line would be a curve that never was."""
    running = runs(0.5)
    with visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        running.log(curve({"lr": 0.5}, 4))
        until(events, lambda data: "points" in data)
        running.end(State.FAILED)
        until(events, lambda data: row(data, running.job.id).get("state") == "failed")
        with store.change() as change:
            change.ask_again(running.job.id, "retry")
        second = again(store.job(running.job.id))
        until(events, lambda data: data.get("points", {}).get(running.job.id, {}).get("anew") is True)
        second.log(curve({"lr": 0.5}, 2))
        until(events, lambda data: row(data, running.job.id).get("step") == 1)
    found = visitor.ask(f"/api/curves?metric=loss&run={running.job.id}").json["curves"]
    assert found[running.job.id]["last"] == [2.1, 1.6576]


def test_compressed_curves_are_those_of_now(visitor: Visitor, runs: Runs) -> None:
    """They are made once for all who ask, and anew when a row has come."""
    running = runs(0.5)
    rows = curve({"lr": 0.5}, 6)

    def count() -> int:
        told = visitor.ask("/api/curves?metric=loss", Accept_Encoding="gzip")
        assert told.headers["content-encoding"] == "gzip"
        found = json.loads(gzip.decompress(told.body))
        return len(found["curves"][running.job.id]["last"])

    with visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        running.log(rows[:5])
        points(events, running.job.id, "loss", 5)
        assert [count(), count()] == [5, 5]
        running.log(rows[5:])
        points(events, running.job.id, "loss", 1)
    assert count() == 6


def test_a_script_that_goes_back_begins_its_curves_anew_and_they_go_on(visitor: Visitor, runs: Runs) -> None:
    """A page that put the points of a restored training behind those of before would draw a line back over itself."""
    running = runs(0.5)
    place = visitor.ask("/api/runs").json["place"]
    with visitor.listening(place) as events:
        running.log(curve({"lr": 0.5}, 10))
        points(events, running.job.id, "loss", 10)
        running.log([{"_step": 6, "loss": 7.0}])
        until(events, lambda data: data.get("points", {}).get(running.job.id, {}).get("anew") is True)
        found = visitor.ask("/api/curves?metric=loss").json["curves"][running.job.id]
        assert (found["at"]["count"], found["last"][6:]) == (7, [7.0])
        running.log([{"_step": 7, "loss": 8.0}])
        assert points(events, running.job.id, "loss", 1) == [(7, 8.0)]


def test_the_curve_of_a_run_that_ends_stays_as_it_was(visitor: Visitor, runs: Runs) -> None:
    """What the store keeps takes the place of what was followed, and nobody sees it."""
    running = runs(0.5)
    with visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        running.log(curve({"lr": 0.5}, 20))
        until(events, lambda data: "points" in data)
        before = visitor.ask("/api/curves?metric=loss").json
        running.end()
        until(events, lambda data: row(data, running.job.id).get("state") == "done")
    after = visitor.ask("/api/curves?metric=loss").json
    assert (after["curves"], after["clocks"]) == (before["curves"], before["clocks"])


def test_what_was_said_by_a_server_that_has_ended_is_loaded_anew(home: Home, filled: Callable[..., list[Job]]) -> None:
    """Its numbers mean nothing to the next one, which has read the queue anew."""
    filled([0.1], done)
    with visited(home) as visitor:
        place = visitor.ask("/api/runs").json["place"]
    with visited(home) as visitor, visitor.listening(place) as events:
        assert next(events)["event"] == "anew"


def test_two_pages_of_one_queue_are_served_at_once(home: Home, runs: Runs) -> None:
    """Somebody has forgotten one in another window: both show the same, at ports of their own, with one key."""
    running = runs(0.5)
    with visited(home) as one, visited(home) as other:
        assert one.page.port != other.page.port
        assert one.key == other.key
        places = [each.ask("/api/runs").json["place"] for each in (one, other)]
        with one.listening(places[0]) as first, other.listening(places[1]) as second:
            running.log(curve({"lr": 0.5}, 3))
            assert points(first, running.job.id, "loss", 3) == points(second, running.job.id, "loss", 3)


def test_a_run_that_is_lost_is_written_down_as_every_command_does_that_looks(visitor: Visitor, runs: Runs) -> None:
    """Nobody else may be there to see that its processes are gone."""
    running = runs(0.5)
    with visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        running.hold.close()
        until(events, lambda data: row(data, running.job.id).get("state") == "lost")


def test_an_answer_and_its_news_say_what_time_it_is(home: Home, store: Store, filled: Callable[..., list[Job]]) -> None:
    """The bars of jobs that run end now, and not when the page was opened; a list that is kept for all who ask is of now too."""
    (job,) = filled([0.1], done)
    with visited(home) as visitor, visitor.listening(visitor.ask("/api/runs").json["place"]) as events:
        with store.change() as change:
            annotate(change, of_numbers([job.number]), "look here")
        news = until(events, lambda data: bool(row(data, job.id)))
        assert len({news["made"], *(visitor.ask("/api/runs").json["made"] for _ in range(2))}) == 3
