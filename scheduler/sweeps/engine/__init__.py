"""A sweep under way: its trials as they go on, and where the runner gets the next."""
