"""The space that is searched: distributions, and drawing from them. Pure."""
