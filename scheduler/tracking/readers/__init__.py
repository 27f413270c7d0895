"""What any script logs, read while it runs: one file per format."""
