"""`python -m barkive` is the `barkive` command."""

from barkive.cli import main

main()
