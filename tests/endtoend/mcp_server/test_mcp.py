"""`exp-queue mcp`, asked by the protocol's own client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import CommandLine

anyio = pytest.importorskip("anyio", reason="the extra `mcp` is not installed")
mcp = pytest.importorskip("mcp", reason="the extra `mcp` is not installed")
GRID = "experiment_group: Asked\ncommand: [sh, -c, 'echo loss: 0.25; echo \"\\033[31mred\"', '${args}']\ngrid: {x: [1, 2]}\n"


@pytest.fixture
def asked(command_line: CommandLine) -> Callable[..., Any]:
    """What `act` makes of a session with the server, started as an assistant starts it."""
    from mcp.client.stdio import stdio_client

    def session_of(act: Callable[[Any], Awaitable[Any]], *options: str) -> Any:
        command = ["-m", "scheduler.cli.main", "mcp", *options]
        started = mcp.StdioServerParameters(
            command=sys.executable, args=command, env=command_line.environment, cwd=command_line.directory
        )

        async def talk() -> Any:
            with anyio.fail_after(100):
                async with stdio_client(started) as streams, mcp.ClientSession(*streams) as session:
                    await session.initialize()
                    return await act(session)

        return anyio.run(talk)

    command_line.write("grid.yaml", GRID)
    return session_of


def value(result: Any) -> Any:
    """What a tool has returned."""
    assert not result.is_error, result.content
    found = result.structured_content
    return found["result"] if set(found) == {"result"} else found


def test_an_assistant_sees_how_jobs_stand_and_what_they_said(command_line: CommandLine, asked: Callable[..., Any]) -> None:
    """The four questions, and an error in words; what a program prints steers nobody's terminal."""
    assert command_line("run", "grid.yaml", "-j2").returncode == 0

    async def questions(session: Any) -> list[Any]:
        calls = [
            ("status", {"jobs": ["group:Asked"]}),
            ("logs", {"job": "last"}),
            ("best", {"metric": "loss:min"}),
            ("compare", {"limit": -1}),
        ]
        found = [value(await session.call_tool(name, arguments)) for name, arguments in calls]
        return [*found, await session.call_tool("logs", {"job": "nosuch"})]

    status, logs, best, compared, wrong = asked(questions)
    assert [(job["state"], job["metrics"]["loss"]) for job in status] == [("done", 0.25)] * 2
    assert logs == "loss: 0.25\n\\x1b[31mred\n"
    assert len(best) == 1
    assert len(compared) == 2
    assert wrong.is_error
    assert "nosuch" in wrong.content[0].text


def test_nothing_is_queued_or_cancelled_before_it_was_confirmed(command_line: CommandLine, asked: Callable[..., Any]) -> None:
    """A model that errs must not start a night of training; a code is for what was shown, and for nothing else."""

    async def changes(session: Any) -> list[Any]:
        shown = value(await session.call_tool("submit", {"file": "grid.yaml"}))
        before = value(await session.call_tool("status", {}))
        other = await session.call_tool("submit", {"file": "grid.yaml", "changes": ["x=3"], "confirm": shown["confirm"]})
        done = value(await session.call_tool("submit", {"file": "grid.yaml", "confirm": shown["confirm"]}))
        cancelling = value(await session.call_tool("cancel", {"jobs": ["queued"]}))
        waiting = value(await session.call_tool("status", {"jobs": ["queued"]}))
        ended = value(await session.call_tool("cancel", {"jobs": ["queued"], "confirm": cancelling["confirm"]}))
        return [shown, before, other, done, waiting, ended]

    shown, before, other, done, waiting, ended = asked(changes)
    assert (shown["would_queue"], shown["warnings"]) == (2, [])
    assert before == []
    assert other.is_error
    assert len(waiting) == 2
    assert set(done["jobs"]) == set(ended["cancelled"])
    assert {job["state"] for job in command_line.jobs()} == {"cancelled"}


def test_a_code_for_a_submit_fits_no_more_once_its_jobs_stand_otherwise(
    command_line: CommandLine, asked: Callable[..., Any]
) -> None:
    """What has succeeded meanwhile would not be queued; an assistant said that three would be, and none was."""

    async def twice(session: Any) -> list[Any]:
        shown = value(await session.call_tool("submit", {"file": "grid.yaml"}))
        ran = command_line("run", "grid.yaml", "x=1")
        late = await session.call_tool("submit", {"file": "grid.yaml", "confirm": shown["confirm"]})
        return [shown, ran, late, value(await session.call_tool("submit", {"file": "grid.yaml"}))]

    shown, ran, late, then = asked(twice)
    assert ran.returncode == 0, ran.stderr
    assert (shown["would_queue"], shown["what"]) == (2, {"new": 2})
    assert late.is_error
    assert (then["would_queue"], then["what"]) == (1, {"succeeded before": 1, "new": 1})


def test_before_jobs_are_queued_it_is_said_what_is_wrong_with_their_program(
    command_line: CommandLine, asked: Callable[..., Any]
) -> None:
    """An assistant that confirms queues a night of failures; whoever types `run --dry-run` is warned."""
    command_line.write("train.py", "")
    command_line.write("typo.yaml", "command: [python, trian.py, '${args}']\ngrid: {x: [1, 2]}\n")

    async def preview(session: Any) -> Any:
        return value(await session.call_tool("submit", {"file": "typo.yaml"}))

    (warning,) = asked(preview)["warnings"]
    assert warning.startswith("warning: typo.yaml: a program is not there: no file trian.py in ")
    assert warning.endswith('did you mean "train.py"?')


def test_an_argument_that_a_tool_does_not_have_is_refused(asked: Callable[..., Any]) -> None:
    """It was passed over: `change` in place of `changes` meant the file as it stands, and `best` had another metric."""

    async def misspelt(session: Any) -> tuple[list[Any], list[Any]]:
        calls = [
            ("submit", {"file": "grid.yaml", "change": ["x=3"]}),
            ("best", {"metrics": "loss:max"}),
            ("status", {"job": "last"}),
        ]
        schemas = [tool.input_schema.get("additionalProperties") for tool in (await session.list_tools()).tools]
        return [await session.call_tool(name, arguments) for name, arguments in calls], schemas

    refused, schemas = asked(misspelt)
    for found, word in zip(refused, ("change", "metrics", "job"), strict=True):
        assert found.is_error
        assert word in found.content[0].text
    assert schemas == [False] * 6, "an assistant that keeps to them errs less"


def test_a_server_that_only_reads_offers_nothing_else(asked: Callable[..., Any]) -> None:
    """And what changes something says so: clients ask their user before they call it."""

    async def tools(session: Any) -> dict[str, bool]:
        return {tool.name: tool.annotations.read_only_hint for tool in (await session.list_tools()).tools}

    assert asked(tools, "--read-only") == dict.fromkeys(("status", "logs", "best", "compare"), True)
    assert asked(tools) == {**dict.fromkeys(("status", "logs", "best", "compare"), True), "submit": False, "cancel": False}


def test_a_ctrl_c_ends_it_in_a_terminal(command_line: CommandLine) -> None:
    """Typed to see what it is, it said nothing, and only SIGKILL ended it."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "somebody", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    terminal, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler.cli.main", "mcp"],
        env=command_line.environment,
        cwd=command_line.directory,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    try:
        assert b"waiting for an assistant" in process.stderr.readline()
        os.write(terminal, json.dumps(message).encode() + b"\n")
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "exp-queue"
        process.send_signal(signal.SIGINT)
        assert process.wait(100) == -signal.SIGINT
    finally:
        process.kill()
        for each in (terminal, theirs):
            os.close(each)
