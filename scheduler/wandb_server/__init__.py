"""A W&B server on loopback: what its client sends becomes jobs, sweeps and logs like all others here."""
