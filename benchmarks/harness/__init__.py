"""What all benchmarks share: figures and their arithmetic, rounds in processes of their own, the machine, tables."""
