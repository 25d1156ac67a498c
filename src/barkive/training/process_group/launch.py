"""Joins the process group that torch's own launcher has started.

Calls and results between ranks go by way of gloo, also where gradients go by way of NCCL: gloo
sees at once that a process has died, and nobody waits for it on a GPU.
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
from barkive.training.process_group.group import Shard, use_group

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

    from barkive.training.process_group.collectives import DistributedGroup

_RENDEZVOUS_TIMEOUT = timedelta(minutes=5)
# What rank 0 does alone may take long; of a process that has died gloo tells at once.
_COLLECTIVE_TIMEOUT = timedelta(days=7)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def init_process_group() -> Iterator[None]:
    """Joins the processes that a launcher has started; only rank 0 enters the context.

    The other ranks serve it inside this function, and exit with status 0 when it ends. `torchrun`
    and whatever else sets `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT` will do.

    Raises:
        UsageError: The variables of the environment don't fit together.
        ClusterError: The other processes can't be reached.
    """
    shard = _launched()
    if shard.world_size == 1:
        yield
        return
    if not dist.is_available():
        raise UsageError("processes_unsupported")
    # Where PyTorch lacks what it stands on, it can't even be imported.
    from barkive.training.process_group.collectives import DistributedGroup

    group = DistributedGroup(shard, _rendezvous(shard), _local_world_size(shard))
    before = [signal.getsignal(number) for number in _SIGNALS]
    try:
        with use_group(group):
            if shard.rank:
                _serve(group)
            _interrupt_once()
            torch.set_num_threads(cores())
            yield
            group.shut_down()
    except BaseException:
        # The launcher ends all where one has failed; this one has yet to say why.
        before = [signal.SIG_IGN for _ in _SIGNALS]
        if not shard.rank:
            # The others know nothing of Ctrl-C, and would go on with what they are doing.
            with suppress(RuntimeError):  # the store may be gone with another process
                group.report_failure()
        raise
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
        dist.destroy_process_group()


def _launched() -> Shard:
    """This process's rank among those that a launcher has started."""
    rank, size = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if rank is None or size is None:
        return Shard()
    if not (rank.isdecimal() and size.isdecimal() and int(rank) < int(size)):
        raise UsageError("processes_rank_invalid", rank=rank, world_size=size)
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        if int(size) > 1 and not os.environ.get(name):
            raise UsageError("processes_address_missing", world_size=size, variable=name)
    return Shard(int(rank), int(size))


def _local_world_size(shard: Shard) -> int:
    """How many of the processes are on this machine; all of them where no variable tells."""
    size = os.environ.get("LOCAL_WORLD_SIZE", "")
    return int(size) if size.isdecimal() and int(size) else shard.world_size


def _rendezvous(shard: Shard) -> Store:
    """Waits until all processes are there, and makes torch's default process group.

    Raises:
        ClusterError: They don't come.
    """
    from torch.distributed.rendezvous import rendezvous

    address = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    rank, world_size = shard.rank, shard.world_size
    try:
        store: Store
        store, _, _ = next(rendezvous("env://", rank, world_size, timeout=_RENDEZVOUS_TIMEOUT))
        store.set(f"here/{rank}", "")
        store.wait([f"here/{one}" for one in range(world_size)], _RENDEZVOUS_TIMEOUT)
        dist.init_process_group(
            "gloo", store=store, rank=rank, world_size=world_size, timeout=_COLLECTIVE_TIMEOUT
        )
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise ClusterError(
            "processes_not_met",
            count=shard.world_size,
            address=address,
            seconds=_RENDEZVOUS_TIMEOUT.total_seconds(),
            reason=reason,
        ) from None
    return store


def _serve(group: DistributedGroup) -> NoReturn:
    """What every rank but 0 does."""
    # Interruptions reach all ranks. Rank 0 reports them; the others end with it, and what they
    # have computed is kept.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(group.threads)
    try:
        while group.serve_call():
            pass
    except ClusterError:
        pass  # rank 0 is gone, and has said why
    sys.exit(0)


def _interrupt_once() -> None:
    """Raises KeyboardInterrupt at the first Ctrl-C or SIGTERM, and ignores those that follow.

    The launcher sends each again, and would disturb what has to be written at the end.
    """

    def interrupt(number: int, frame: object) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
