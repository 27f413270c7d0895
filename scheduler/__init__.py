"""exp-queue: a single-machine scheduler for GPU experiments. The rooms are described in docs/architecture.md."""

__version__ = "0.1.0"
