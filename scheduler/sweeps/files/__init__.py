"""Sweep files in the format of Weights & Biases: read, checked, and what their writer should know."""
