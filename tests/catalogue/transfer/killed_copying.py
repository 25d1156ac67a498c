"""Starts a copy six times, kills each at a random moment, and prints how many it hit.

Usage: python killed_copying.py FROM TO
"""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from barkive.catalogue.transfer import copying

source, target = sys.argv[1:]
copying._AT_ONCE = 15


def work(ready: int) -> None:
    @contextmanager
    def shown(_step: copying.Step) -> Iterator[Callable[[int, int | None], None]]:
        yield lambda _done, _total: os.write(ready, b".") and None

    copying.copy(source, target, stage=shown)
    os._exit(0)


rng = random.Random(0)
killed = 0
for i in range(6):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        work(write)
    os.close(write)
    os.read(read, 1)  # now it is at work
    # Later each time, because what is there already takes its time to be compared.
    seconds = rng.uniform(0, 0.05 * (i + 1))
    timer = threading.Timer(seconds, os.kill, (child, signal.SIGKILL))
    timer.start()
    while os.read(read, 4096):
        pass
    os.close(read)
    timer.cancel()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    killed += os.WIFSIGNALED(status)
sys.stdout.write(str(killed))
