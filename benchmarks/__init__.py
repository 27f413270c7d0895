"""What exp-queue costs, beside what people use now and beside the least that it could cost: `python -m benchmarks --list`."""
