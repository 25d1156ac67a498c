"""The command line: read arguments, make one call into the library, print.

One file a command group. The commands are loaded when they are run, and the library inside
them, so that `barkive --help` is instant, and Ctrl-C is heard from the first moment on.
"""

import os

from barkive.cli import interruption


def main() -> None:
    """Runs the command line from the program's first moment to its last; exits with a status.

    0 all went well, 1 some photos failed, 2 wrong usage, 130 interrupted by Ctrl-C or SIGTERM.
    """
    # Also for the processes that a command starts; in programs `barkive.devices` sees to it.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    with interruption.told() as from_now_on_raised:
        from barkive.cli.commands import run

        from_now_on_raised()
        run()
