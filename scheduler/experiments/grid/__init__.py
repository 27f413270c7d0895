"""From a block of a file to its combinations."""
