"""Several processes that train as one, as torch's own launcher starts them.

The first process leads: it runs the command as if it were alone, and it alone writes files
and prints. The others wait for functions to call with it, each on its share of the work: a
part of the photos, or its rows of every batch. They end when it ends.

Words between processes go by way of gloo, also where gradients go by way of NCCL: a process
that has died is seen there at once, and nobody waits for it on a GPU.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import torch
import torch.distributed as dist

from barkive.errors import ClusterError, UsageError
from barkive.machine import cores
from barkive.training.process_group.group import Share, joined

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

    from barkive.training.process_group.collectives import Several

_ARRIVAL = timedelta(minutes=5)
# What the first does alone may take long; of a process that has died gloo tells at once.
_PATIENCE = timedelta(days=7)
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def together() -> Iterator[None]:
    """Joins the processes that a launcher has started; the context is the first one's only.

    The others serve it here, and exit with status 0 when it ends. `torchrun` and what else
    sets `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT` will do.

    Raises:
        UsageError: The variables of the environment don't fit together.
        ClusterError: The other processes can't be reached.
    """
    share = _launched()
    if share.size == 1:
        yield
        return
    if not dist.is_available():
        raise UsageError("This PyTorch can't train in several processes; start Barkive alone.")
    # Where PyTorch lacks what it stands on, it can't even be imported.
    from barkive.training.process_group.collectives import Several

    several = Several(share, _meet(share), _beside(share))
    before = [signal.getsignal(number) for number in _INTERRUPTIONS]
    try:
        with joined(several):
            if share.rank:
                _serve(several)
            _hear_once()
            torch.set_num_threads(cores())
            yield
            several.dismiss()
    except BaseException:
        # The launcher ends all where one has failed; this one has yet to say why.
        before = [signal.SIG_IGN for _ in _INTERRUPTIONS]
        if not share.rank:
            # Of Ctrl-C the others know nothing, and would go on with what they are doing.
            with suppress(RuntimeError):  # where all words are lost, so are they
                several.raise_alarm()
        raise
    finally:
        for number, handler in zip(_INTERRUPTIONS, before, strict=True):
            signal.signal(number, handler)
        dist.destroy_process_group()


def _launched() -> Share:
    """This process's place among those that a launcher has started."""
    rank, size = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if rank is None or size is None:
        return Share()
    if not (rank.isdecimal() and size.isdecimal() and int(rank) < int(size)):
        raise UsageError(
            f"RANK is “{rank}” and WORLD_SIZE “{size}”; they must be whole numbers, and RANK "
            "the smaller one. Start the processes with torchrun, which sets them."
        )
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        if int(size) > 1 and not os.environ.get(name):
            raise UsageError(
                f"WORLD_SIZE is {size}, and {name} is not set; start the processes with torchrun, "
                "which sets both."
            )
    return Share(int(rank), int(size))


def _beside(share: Share) -> int:
    """How many of the processes are on this machine; all of them where it isn't told."""
    told = os.environ.get("LOCAL_WORLD_SIZE", "")
    return int(told) if told.isdecimal() and int(told) else share.size


def _meet(share: Share) -> Store:
    """Waits until all processes are there.

    Raises:
        ClusterError: They don't come.
    """
    from torch.distributed.rendezvous import rendezvous

    address = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        store: Store
        store, _, _ = next(rendezvous("env://", share.rank, share.size, timeout=_ARRIVAL))
        store.set(f"here/{share.rank}", "")
        store.wait([f"here/{rank}" for rank in range(share.size)], _ARRIVAL)
        dist.init_process_group(
            "gloo", store=store, rank=share.rank, world_size=share.size, timeout=_PATIENCE
        )
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise ClusterError(
            f"The {share.size} processes of the training did not meet at {address} within "
            f"{_ARRIVAL.total_seconds():.0f} seconds ({reason}); start all of them, with the same "
            "address."
        ) from None
    return store


def _serve(several: Several) -> NoReturn:
    """What all processes but the first do."""
    # Interruptions reach all; the first says so, and the others end with it, what they have
    # computed being kept.
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(several.threads)
    try:
        while several.follow():
            pass
    except ClusterError:
        pass  # the first is gone, and has said why
    sys.exit(0)


def _hear_once() -> None:
    """Makes an interruption of Ctrl-C and of the launcher's SIGTERM, and one only.

    The launcher sends each again, and would disturb what has to be written at the end.
    """

    def interrupt(number: int, frame: object) -> None:
        for one in _INTERRUPTIONS:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _INTERRUPTIONS:
        signal.signal(number, interrupt)
