"""`exp-queue ui`, as typed: what it prints, and what is left when it is killed."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from typing import Any

FILE = "command: ['true']\ngrid: {x: [1, 2]}\n"
PATIENCE = 100


def asked(told: dict[str, Any]) -> Any:
    """The list of runs of the page that has printed this."""
    line = http.client.HTTPConnection("127.0.0.1", told["port"], timeout=PATIENCE)
    key = told["url"].partition("#token=")[2]
    line.request("GET", "/api/runs", headers={"Authorization": f"Bearer {key}"})
    answer = json.loads(line.getresponse().read())
    line.close()
    return answer


def test_a_page_is_served_until_a_ctrl_c_and_a_kill_leaves_nothing(command_line) -> None:
    """It starts nothing, so nothing stays; the next one has the same address, and an open page goes on."""
    command_line.write("grid.yaml", FILE)
    command_line("submit", "grid.yaml", check=True)

    def begin() -> tuple[subprocess.Popen[str], dict[str, Any]]:
        process = command_line.start("ui", "--format", "json")
        assert process.stdout
        return process, json.loads(process.stdout.readline())

    first, told = begin()
    assert [run["state"] for run in asked(told)["runs"]] == ["queued", "queued"]
    first.kill()
    first.wait(PATIENCE)
    second, again = begin()
    assert again == told
    assert len(asked(again)["runs"]) == 2
    taken = command_line("ui", "--port", str(told["port"]))
    assert (taken.returncode, taken.stdout) == (2, "")
    assert "is taken" in taken.stderr
    second.send_signal(signal.SIGINT)
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 130
    assert "ssh -L" in said
    assert "Traceback" not in said
    assert command_line.states() == ["queued", "queued"]
