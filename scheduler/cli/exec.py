"""`exp-queue exec`: any command on claimed GPUs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import leftovers_option, read_pause, say, sharing_options, trackers_option
from scheduler.errors import CannotEverRun, UserError, about

if TYPE_CHECKING:
    from scheduler.gpus.lone import ClaimedDevices
    from scheduler.gpus.observation import Settings
    from scheduler.gpus.placement import Request

OWN_ERROR = 125  # as env(1), nohup(1) and timeout(1) have it; their 126 and 127 too
WAIT_RAN_OUT = 124  # as timeout(1)


class Transparent(click.Command):
    """A command whose own errors must not be taken for those of what it runs."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            raise _own(UserError(error.format_message().rstrip("."), next_step="see `exp-queue exec --help`")) from error
        except UserError as error:
            raise _own(error) from error

    def invoke(self, context: click.Context) -> Any:
        from scheduler.actions.exec import CannotStart

        try:
            return super().invoke(context)
        except CannotStart:
            raise
        except UserError as error:
            raise _own(error) from error


@click.command("exec", cls=Transparent, context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND...")
@click.option("--gpus", type=Whole(min=1), help="That many GPUs, all at once. Default: one, where there are any.")
@click.option("--memory", metavar="SIZE", help="Only so much of each, e.g. 6GiB, beside others. Default: whole GPUs.")
@click.option("--share", type=Whole(1, 64), metavar="N", help="1/N of each, beside others with a share.")
@click.option("--wait", metavar="TIME", help="Wait at most so long, e.g. 10m, or 0. Default: as long as it takes.")
@click.option("--ports", type=Whole(1, 64), help="So many ports that no other job has; MASTER_PORT is the first.")
@leftovers_option
@click.option("--grace", metavar="TIME", help="What was left behind has so long from SIGTERM to SIGKILL. Default: 10s.")
@sharing_options
@trackers_option
def exec(
    command: tuple[str, ...],
    gpus: int | None,
    memory: str | None,
    share: int | None,
    wait: str | None,
    ports: int | None,
    leftovers: str | None,
    grace: str | None,
    settings: Settings,
) -> int:
    """Wait for a GPU, claim it, and run COMMAND on it; the claim ends with the last process of COMMAND.

    The exit status is that of COMMAND; 124: no GPU within --wait; 125: an error of exp-queue itself; 126, 127: COMMAND
    cannot be executed, is not there. Without a GPU in the machine COMMAND runs on the CPU.

    COMMAND is no job: the terminal and the environment are its own, and nothing of it is kept, read or seen by `status`. What
    is to be seen and compared is started with `run`.

    \b
    exp-queue exec -- python train.py --lr 0.1
    exp-queue exec --memory 6GiB --wait 10m -- jupyter lab
    exp-queue prepare grid.yaml | parallel -j8 exp-queue exec -- sh -c {}
    """
    from scheduler.actions.exec import Care, holding_ports, supervise
    from scheduler.linux.processes import die_of

    care = Care(leftovers or Care.leftovers, Care.grace if grace is None else read_pause("--grace", grace))
    environment = {**os.environ, **_local_server()}
    with (
        _claimed(command, _request(gpus, memory, share), wait, environment, settings) as devices,
        holding_ports(ports, environment),
    ):
        status = supervise(command, environment, _say, devices.claim, care)
    return status if status >= 0 else die_of(-status)


def _claimed(
    command: tuple[str, ...],
    request: Request | None,
    wait: str | None,
    environment: dict[str, str],
    settings: Settings,
) -> ClaimedDevices:
    from scheduler.gpus.lone import devices_for
    from scheduler.gpus.placement import Request
    from scheduler.gpus.settings import seconds

    limit = _or_none(wait, lambda text: seconds(text, "--wait"))
    devices = devices_for(request or Request(), limit, _label(command), environment, settings)
    if devices.kind == "cpu" and request and not devices.claim:
        hidden = "unset it, or " if "CUDA_VISIBLE_DEVICES" in devices.note else ""
        step = f"{hidden}leave out --gpus, --memory and --share to use the CPU"
        raise CannotEverRun(f"a GPU is asked for; {devices.note}", next_step=step)
    if devices.note:
        _say(devices.note)
    return devices


def _request(gpus: int | None, memory: str | None, share: int | None) -> Request | None:
    """What is asked of the GPUs; None where nothing is said."""
    from scheduler.experiments import Resources
    from scheduler.gpus.packing import request_of

    if memory and share:
        raise UserError("--memory and --share are two ways to share a GPU", next_step="keep the one that is known better")
    if not (gpus or memory or share):
        return None
    return request_of(Resources(gpus, _or_none(memory, _memory), share=share))


def _or_none(text: str | None, meaning: Callable[[str], Any]) -> Any:
    return None if text is None else meaning(text)


def _memory(text: str) -> int:
    from scheduler.experiments.document import values

    with about("--memory"):
        return values.memory(text)


def _local_server() -> dict[str, str]:
    """What lets W&B's client log at the server of this machine, where `--trackers` asks for that: as a run of its own, since
    COMMAND is no job."""
    from scheduler.home import open_home
    from scheduler.tracking.local_wandb import running
    from scheduler.wandb_server.background import found_or_started, is_asked

    if not is_asked():
        return {}
    home = open_home()
    if not running(home.root):
        _start_server_in_another_process()
    return found_or_started(home).environment


def _start_server_in_another_process() -> None:
    """Who ends what his own processes leave behind would end the server, too."""
    import subprocess

    from scheduler.cli.detaching import in_isolation

    quiet = subprocess.DEVNULL
    subprocess.run(in_isolation(["serve", "--env"]), stdin=quiet, stdout=quiet, check=False)


def _label(command: tuple[str, ...]) -> str:
    """What others see who wait for us."""
    from scheduler.linux import processes

    return shlex.join(processes.told(command))


def _say(text: str) -> None:
    say(f"exp-queue exec: {text}")


def _own(error: UserError) -> UserError:
    from scheduler.gpus.waiting import WaitRanOut

    error.exit_status = WAIT_RAN_OUT if isinstance(error, WaitRanOut) else OWN_ERROR
    return error
