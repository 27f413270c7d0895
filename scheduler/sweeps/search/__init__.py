"""What to try next: the door to every search, and one file per algorithm."""
