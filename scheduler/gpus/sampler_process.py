"""The sampler process: one reading as a line of JSON per second on stdout, until stdin ends.

An empty line comes first: from then on it is the driver that is waited for, not this process.
An empty line on stdin asks for a reading at once; a number there also sets the seconds between readings. The process
ends after a reading that says the driver failed, since only a fresh process can load the library of an upgraded driver;
whoever wants readings starts another.
"""

from __future__ import annotations

import os
import select
import sys
import time

from scheduler.gpus.reading import Reading, unknown

INTERVAL = 1.0


def main() -> None:
    """Print readings until nobody wants them. Never raises: what went wrong is the last reading."""
    try:
        _sample()
    except BrokenPipeError:
        os._exit(0)
    except ImportError as error:
        _print(unknown(f"NVIDIA's Python binding is missing ({error}); pip install nvidia-ml-py", time.monotonic()))
    except Exception as error:  # noqa: BLE001 - the reader must learn why the readings end
        _print(unknown(f"reading the GPUs failed: {type(error).__name__}: {error}", time.monotonic()))


def _sample() -> None:
    from scheduler.gpus import nvml  # the driver's library is loaded here and nowhere else

    sys.stdout.write("\n")
    sys.stdout.flush()
    library = nvml.opened()
    if isinstance(library, Reading):
        _print(library)
        return
    interval: float | None = INTERVAL
    while interval is not None:
        reading = nvml.current(library)
        _print(reading)
        interval = None if reading.problem else _next(interval)


def _print(reading: Reading) -> None:
    sys.stdout.write(reading.to_json() + "\n")
    sys.stdout.flush()


def _next(interval: float) -> float | None:
    """Wait for the next reading's time or a request, whichever is first; returns the interval from now on. None when
    stdin has ended: nobody needs us any more."""
    ready, _, _ = select.select([0], [], [], interval)
    if not ready:
        return interval
    said = os.read(0, 4096)
    numbers = said.split()
    return (float(numbers[-1]) if numbers else interval) if said else None
