"""The page at ``/_host``: what a developer sees of functions and orchestrations, and may do with them. Runs nothing."""
