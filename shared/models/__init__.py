"""The shapes of what is stored and what is answered. Pure: no I/O, no settings."""
