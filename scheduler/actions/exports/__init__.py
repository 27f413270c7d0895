"""What jobs have logged, in the formats of other programs: one file for each."""
