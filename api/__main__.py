"""`python -m api`: the same as `lastbook-server`."""

from api.cli import main

main()
