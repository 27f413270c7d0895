"""Sweeps of a W&B server, computed here: its own search and early stopping decide, our runner claims and runs."""
