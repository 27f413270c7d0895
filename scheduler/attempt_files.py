"""The files in an attempt's private directory. Imports nothing: the launcher reads this too.

The directory itself is locked (flock) for as long as a process of the attempt lives: they inherit its descriptor.
"""

LOG = "log.txt"
METRICS = "metrics.jsonl"
SYSTEM = "system.jsonl"
