"""What `wandb.Api()` of 0.31 was seen to ask about a run, and what it gets."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.wandb_server.conftest import Client

WHERE = {"entity": "me", "project": "proj"}
RUN = {**WHERE, "name": "run1"}


def logged(client: Client, count: int = 6) -> None:
    client.begin()
    client.log(*[float(count - step) for step in range(count)])
    event = json.dumps({"_timestamp": 1.0, "system.gpu.0.gpu": 50})
    client.stream(files={"wandb-events.jsonl": {"offset": 0, "content": [event]}})
    row = json.dumps({"_step": count, "accuracy": 0.5})
    client.stream(files={"wandb-history.jsonl": {"offset": count, "content": [row]}}, complete=True, exitcode=0)


def of_run(client: Client, operation: str, **variables: Any) -> dict[str, Any]:
    return client.ask(operation, **variables)["project"]["run"]


def test_the_rows_are_told_as_history_asks_for_them(client: Client) -> None:
    """`run.history()`: all of them or evenly fewer, and what was measured of the machine."""
    logged(client)
    whole = of_run(client, "RunFullHistory", **RUN, samples=500)
    assert [json.loads(text).get("loss") for text in whole["history"]] == [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, None]
    assert [json.loads(text)["system.gpu.0.gpu"] for text in whole["events"]] == [50]
    assert [json.loads(text)["_step"] for text in of_run(client, "RunFullHistory", **RUN, samples=4)["history"]] == [0, 2, 4, 6]


def test_the_rows_that_have_all_keys_are_told_where_keys_are_named(client: Client) -> None:
    """`run.history(keys=...)`, with a specification for each; an older client names one."""
    logged(client)
    specs = [json.dumps({"keys": ["_step", name], "samples": 500}) for name in ("loss", "accuracy")]
    first, second = of_run(client, "RunSampledHistory", **RUN, specs=specs)["sampledHistory"]
    assert (first[-1], second) == ({"_step": 5, "loss": 1.0}, [{"_step": 6, "accuracy": 0.5}])


def test_a_scan_gets_the_keys_and_all_rows(client: Client) -> None:
    """`run.scan_history()`: no row is in a file of columns, so all are told as those that are not there yet."""
    logged(client)
    keys = of_run(client, "RunHistoryKeys", **RUN)["historyKeys"]
    assert keys["keys"]["loss"]["typeCounts"] == [{"count": 6}]
    assert (keys["keys"]["_step"]["monotonic"], keys["lastStep"]) == (True, 6)
    found = of_run(client, "RunParquetHistory", **WHERE, runName="run1", liveKeys=["_step"])["parquetHistory"]
    assert (found["parquetUrls"], [row["_step"] for row in found["liveData"]]) == ([], list(range(7)))
    page = of_run(client, "HistoryPage", **WHERE, run="run1", minStep=2, maxStep=4, pageSize=10)
    assert [json.loads(text)["_step"] for text in page["history"]] == [2, 3]


def test_a_run_that_has_diverged_is_read_back_as_any_other(client: Client) -> None:
    """W&B's client reads JSON, which has no NaN: all rows were refused for one. W&B's own server tells it as a text."""
    client.begin()
    client.log(1.0, float("nan"), float("-inf"))
    wanted = [1.0, "NaN", "-Infinity"]
    spec = json.dumps({"keys": ["loss"], "samples": 500})
    told = {
        "RunFullHistory": [json.loads(text)["loss"] for text in of_run(client, "RunFullHistory", **RUN, samples=500)["history"]],
        "HistoryPage": [json.loads(text)["loss"] for text in of_run(client, "HistoryPage", **WHERE, run="run1")["history"]],
        "RunSampledHistory": [row["loss"] for row in of_run(client, "RunSampledHistory", **RUN, spec=spec)["sampledHistory"][0]],
        "RunParquetHistory": [
            row["loss"] for row in of_run(client, "RunParquetHistory", **WHERE, runName="run1")["parquetHistory"]["liveData"]
        ],
    }
    assert told == dict.fromkeys(told, wanted)


def saved(client: Client, *names: str) -> None:
    client.begin()
    for each in client.ask("CreateRunFiles", **WHERE, run="run1", files=list(names))["createRunFiles"]["files"]:
        assert client.send("PUT", each["uploadUrl"].partition(f":{client.port}")[2], each["name"].encode())[0] == 200


def of_files(client: Client, **variables: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found = of_run(client, "RunFiles", **RUN, **variables)["files"]
    return [edge["node"] for edge in found["edges"]], found["pageInfo"]


def test_files_are_listed_in_pages_and_come_to_an_end(client: Client) -> None:
    """A client that is never told so asks for ever."""
    saved(client, "a.txt", "b/c.txt", "d.png")
    first, page = of_files(client, fileLimit=2, fileNames=[], fileCursor=None)
    assert ([each["name"] for each in first], page["hasNextPage"]) == (["a.txt", "b/c.txt"], True)
    rest, end = of_files(client, fileLimit=2, fileNames=[], fileCursor=page["endCursor"])
    assert ([each["name"] for each in rest], end["hasNextPage"]) == (["d.png"], False)
    assert [each["name"] for each in of_files(client, pattern="%.txt")[0]] == ["a.txt", "b/c.txt"]


def test_a_file_is_read_where_the_client_is_told_and_nowhere_else(client: Client) -> None:
    """The address is the permission; that for writing is another one, and so is that of another name."""
    saved(client, "b/c.txt", "d.txt")
    ((node,), _) = of_files(client, fileNames=["b/c.txt"])
    path = node["url"].partition(f":{client.port}")[2]
    assert (node["sizeBytes"], client.send("GET", path, Authorization="")) == (7, (200, "b/c.txt"))
    assert client.send("GET", path.replace("b/c.txt", "d.txt"))[0] == 404
    assert client.send("PUT", path.replace("/download/", "/upload/"), b"other")[0] == 403
    assert client.send("GET", path.replace("b/c.txt", "..%2Fposts.jsonl"))[0] == 404
    ((none,), _) = of_files(client, fileNames=["nothing"])
    assert (none["url"], none["sizeBytes"]) == ("", 0)


def test_runs_are_filtered_and_ordered_and_a_filter_that_is_not_known_is_an_error(client: Client) -> None:
    """`Api().runs(path, filters=..., order=...)`."""
    for name, loss in (("a", 0.5), ("b", 0.1), ("c", 0.3)):
        client.begin(name)
        summary = json.dumps({"loss": loss})
        client.stream(
            name, files={"wandb-summary.json": {"offset": 0, "content": [summary]}}, complete=True, exitcode=name == "c"
        )
    client.ask("StopRun", id=client.begin("a", groupName="later")["bucket"]["id"])  # what comes later does not make it newer

    def names(**asked: Any) -> list[str]:
        found = client.ask("Runs", **WHERE, **asked)["project"]
        assert found["runCount"] == len(found["runs"]["edges"])
        return [edge["node"]["name"] for edge in found["runs"]["edges"]]

    less = json.dumps({"summary_metrics.loss": {"$lt": 0.4}})
    assert names(filters=less, order="+summary_metrics.loss") == ["b", "c"]
    assert names(filters=json.dumps({"state": "finished"}), order="-summary_metrics.loss") == ["a", "b"]
    assert (names(filters="{}", order="+created_at"), names(order="-created_at")) == (["a", "b", "c"], ["c", "b", "a"])
    for filters in ('{"wonder": 1}', "{"):
        query = {"query": "query Runs { x }", "variables": {**WHERE, "filters": filters}}
        status, answer = client.send("POST", "/graphql", json.dumps(query).encode())
        assert (status, "errors" in answer) == (200, True)
