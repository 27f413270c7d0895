"""Configurations: merging, changing, and working out what they leave open."""
