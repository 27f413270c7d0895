"""Which descriptors can be read, of however many."""

from __future__ import annotations

import fcntl
import os
import resource

import pytest

from scheduler.linux.readable import readable

MANY = 1100  # select(2) knows 1024


def test_a_descriptor_beyond_those_that_select_knows_is_seen() -> None:
    """A notebook or a live page may have as many open: `cancel` and `logs -f` ended there with a ValueError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != hard <= MANY:
        pytest.skip("this machine allows a process too few descriptors")
    reader, writer = os.pipe()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY + 1), hard))
    try:
        high = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, MANY)
        assert readable([high], 0.0) == set()
        os.write(writer, b".")
        assert readable([high, writer]) == {high}
        os.close(high)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(reader)
        os.close(writer)


def test_what_has_come_to_its_end_can_be_read() -> None:
    """Else who waits for a launcher that was killed would wait for ever."""
    reader, writer = os.pipe()
    os.close(writer)
    assert readable([reader], 100.0) == {reader}
    os.close(reader)
