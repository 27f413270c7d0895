"""A file that a person wrote, with the place of every part of it."""
