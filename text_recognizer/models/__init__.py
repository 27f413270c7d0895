"""The networks, and the two ways of reading with them: a class per image, or a text per line."""
