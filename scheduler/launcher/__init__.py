"""WHO OWNS A PROCESS: the launcher that starts, reaps and records the attempts of one slot, and the way to reach it."""
