"""A job's life: its states, the store that remembers them, the plan, the processes and the one loop."""
