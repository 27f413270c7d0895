"""WHAT STARTS NOW: the one loop (see, decide, do, wait), its pure plan, and what it makes of the ends of attempts."""
