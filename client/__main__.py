"""`python -m client` is the `lab` command."""

from client.cli import main

main()
