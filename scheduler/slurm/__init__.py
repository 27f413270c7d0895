"""Jobs that Slurm starts: what it is asked for, the folder that both sides see, the launcher on a node, its commands."""
