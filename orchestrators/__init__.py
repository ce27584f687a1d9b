"""Generator functions: the story of a job. No I/O, no clock, no randomness, no settings."""
