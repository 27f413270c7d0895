"""WHAT IS REMEMBERED: jobs, attempts, sweeps and their trials, in SQLite. Every change goes along the table of transitions."""
