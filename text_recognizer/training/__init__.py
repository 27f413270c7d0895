"""The loop that fits a network, what it keeps on disk, and how the result is measured."""
