"""One way to reach a person, one file; `send` raises Undelivered with a reason that holds no secret."""
