"""Starts a merge eight times, kills each at a random moment, and prints how many it hit.

Usage: python killed_merging.py OTHER CATALOGUE
"""

import os
import random
import signal
import sys
import threading

from barkive.catalogue import Catalogue
from barkive.catalogue.transfer import merging

other, where = sys.argv[1:]
merging._AT_ONCE = 15


def work(ready: int) -> None:
    with Catalogue(where) as catalogue:
        catalogue.merge(other, on_progress=lambda _done, _total: os.write(ready, b".") and None)
    os._exit(0)


Catalogue(where).close()
rng = random.Random(0)
killed = 0
for i in range(8):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        work(write)
    os.close(write)
    os.read(read, 1)  # now it is at work
    timer = threading.Timer(rng.uniform(0, 0.04 * (i + 1)), os.kill, (child, signal.SIGKILL))
    timer.start()
    while os.read(read, 4096):
        pass
    os.close(read)
    timer.cancel()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    killed += os.WIFSIGNALED(status)
sys.stdout.write(str(killed))
