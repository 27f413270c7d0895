"""Which trials to stop: the door, and one file per rule."""
