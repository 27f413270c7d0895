"""How many jobs at once, found by measurement (`-j auto`)."""

AUTO = "auto"  # what people write for a number that is to be found out
