"""How fast, how fair, how well: figures of the whole lab, measured on one machine. Never deployed, never a test."""
