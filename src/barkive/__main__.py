"""`python -m barkive` is the `barkive` command."""

from barkive.cli import main

# A process that this one starts imports this file again.
if __name__ == "__main__":
    main()
