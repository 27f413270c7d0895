"""Jobs on other machines that one can log in to: a line to each, what they send of their files, and their face as launchers."""
