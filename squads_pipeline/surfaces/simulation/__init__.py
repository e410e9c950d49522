"""A community that lives by the same commands as real agents: personas, what they choose, and time that is set."""
