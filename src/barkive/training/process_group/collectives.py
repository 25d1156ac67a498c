"""A group of several processes: how calls, gradients and results go between the ranks."""

from __future__ import annotations

import io
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from barkive.errors import BarkiveError, ClusterError, UsageError
from barkive.machine import cores
from barkive.messages import Message
from barkive.progress import OnProgress
from barkive.training.process_group.group import (
    Item,
    ProcessGroup,
    RemoteRankError,
    Result,
    Shard,
    Work,
    current_group,
)
from barkive.training.process_group.torch_device import set_device

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_CHECK_SECONDS = 1.0  # between two looks at whether another rank has failed


class _AbortedError(Exception):
    """Another rank has failed, so this one leaves what they did together."""


class DistributedGroup(ProcessGroup):
    """Several processes, each of which runs this code."""

    def __init__(self, shard: Shard, store: Store, local_world_size: int) -> None:
        """Needs torch's default process group to be there already.

        Args:
            shard: This process's rank, and how many there are.
            store: torch's key-value store, which all ranks can read at any time.
            local_world_size: How many of them are on this machine and share its cores.
        """
        self.shard = shard
        self.local_world_size = local_world_size
        self.threads = max(1, cores() // local_world_size)
        self._store = store
        self._nccl: dist.ProcessGroup | None = None
        self._raised: BaseException | None = None
        self._calls = 0
        self._checked = 0.0

    @contextmanager
    def on_all_ranks(self, function: Callable[..., object], *arguments: Any) -> Iterator[None]:
        """Sends the call to the other ranks, and waits until they have it.

        Raises:
            UsageError: The call can't be sent.
            ClusterError: Another rank is gone, or this one has failed where the others
                don't know it, so that they can't go on together.
        """
        call = io.BytesIO()
        try:
            pickle.dump((function, arguments), call)
        except Exception as error:  # pickle raises whatever the objects raise
            raise UsageError("processes_network_not_sent", reason=type(error).__name__) from None
        self._broadcast(call.getbuffer())
        self._calls += 1
        with self.barrier():
            pass  # until all have unpickled it
        torch.set_num_threads(self.threads)
        try:
            yield
        except Exception as error:
            if error is self._raised or isinstance(error, ClusterError):
                raise
            raise ClusterError.of(_failed(error, self.shard)) from error
        finally:
            self._raised = None
            torch.set_num_threads(cores())

    def serve_call(self) -> bool:
        """Makes the next call that rank 0 sends; False once it has shut the group down."""
        call = self._receive()
        if not call:
            return False
        self._calls += 1
        try:
            with self.barrier():
                # As of torch's own collectives of objects: it comes from this program's rank 0.
                function, arguments = pickle.loads(call)
            function(*arguments)
        except _AbortedError:
            pass  # rank 0 tells why
        return True

    def shut_down(self) -> None:
        """Lets the other ranks end."""
        self._broadcast(memoryview(b""))

    def report_failure(self) -> None:
        """Has the other ranks leave what they do, as soon as they check."""
        self._store.set(self._failure_key, "")

    def check_failure(self) -> None:
        """Leaves where another rank has failed; called now and then in long work."""
        now = time.monotonic()
        if now - self._checked < _CHECK_SECONDS:
            return
        self._checked = now
        with _reaching():
            failed = self._store.check([self._failure_key])
        if failed:
            raise _AbortedError

    def set_device(self) -> None:
        """Sets the device on each rank."""
        with self.on_all_ranks(set_device):
            set_device()

    def use_nccl(self) -> None:
        """Makes a group of NCCL, once."""
        if self._nccl is None and dist.is_nccl_available():
            made = dist.new_group(backend="nccl")
            assert isinstance(made, dist.ProcessGroup)
            self._nccl = made

    @contextmanager
    def barrier(self) -> Iterator[None]:
        """An `all_reduce` of whether the context failed on any rank."""
        failure: Exception | None = None
        try:
            yield
        except ClusterError:
            raise  # there is nobody to ask
        except Exception as error:  # Ctrl-C asks nobody either: all end with this process
            failure = error
            if not isinstance(error, _AbortedError):
                self.report_failure()
        failed = torch.tensor([float(failure is not None)])
        with _reaching():
            dist.all_reduce(failed)
        if not failed.item():
            return
        reports = [one for one in self.gather(_report(failure, self.shard)) if one is not None]
        if self.rank:
            raise _AbortedError
        own = failure is not None and not isinstance(failure, _AbortedError)
        self._raised = failure if own else (reports[0] if reports else _AbortedError())
        assert self._raised is not None
        raise self._raised

    def flat_gradients(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Each gradient has the strides of its weights, as the optimiser asks for."""
        first, sizes = parameters[0], [parameter.numel() for parameter in parameters]
        flat = torch.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        for parameter, part in zip(parameters, torch.split(flat, sizes), strict=True):
            parameter.grad = part.as_strided(parameter.shape, parameter.stride())
        return flat

    def all_reduce(self, gradients: Tensor | None) -> None:
        """One exchange for all of them."""
        assert gradients is not None
        with _reaching():
            dist.all_reduce(gradients, group=self._nccl)
        if gradients.is_cuda:
            torch.cuda.synchronize()  # so that the time counts here

    def gather(self, value: Result) -> list[Result]:
        """Pickles the values on their way."""
        values: list[Any] = [None] * self.world_size
        with _reaching():
            dist.gather_object(value, None if self.rank else values, dst=0)
        return [] if self.rank else values

    def map_blocks(
        self,
        work: Work[Item, Result],
        items: Sequence[Item],
        on_progress: OnProgress,
        *,
        block: int,
    ) -> list[Result]:
        """Deals the items out in blocks; where they are one block, rank 0 does it alone."""
        if len(items) <= block:
            return work(items, on_progress)

        def of_all(done: int, total: int | None) -> None:
            on_progress(min(done * self.world_size, len(items)), len(items))

        with self.on_all_ranks(_map_shard, work, items, block):
            parts = _map_shard(work, items, block, of_all)
        results: list[Any] = [None] * len(items)
        for rank, part in enumerate(parts):
            positions = _positions(len(items), block, Shard(rank, self.world_size))
            for position, result in zip(positions, part, strict=True):
                results[position] = result
        return results

    @property
    def _failure_key(self) -> str:
        return f"failed/{self._calls}"

    def _broadcast(self, call: memoryview) -> None:
        """Sends bytes of rank 0; their number goes first, because receivers must make room."""
        with _reaching():
            dist.broadcast(torch.tensor([len(call)]), src=0)
            if call:
                dist.broadcast(torch.frombuffer(call, dtype=torch.uint8), src=0)

    def _receive(self) -> bytes:
        length = torch.zeros(1, dtype=torch.int64)
        with _reaching():
            dist.broadcast(length, src=0)
            call = torch.empty(int(length), dtype=torch.uint8)
            if len(call):
                dist.broadcast(call, src=0)
        return call.numpy().tobytes()


@contextmanager
def _reaching() -> Iterator[None]:
    """Turns what torch raises of a process that is gone into an error of Barkive's own."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise  # it is this process's own
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise ClusterError("processes_one_lost", reason=reason) from None


def _report(failure: Exception | None, shard: Shard) -> BarkiveError | None:
    """A failure as rank 0 can raise it; None where this rank has none of its own."""
    if failure is None or isinstance(failure, _AbortedError):
        return None
    if isinstance(failure, BarkiveError):
        return failure
    return RemoteRankError.of(_failed(failure, shard))


def _failed(failure: Exception, shard: Shard) -> Message:
    reason = f"{type(failure).__name__}: {failure}".partition("\n")[0]
    place = {"number": shard.rank + 1, "count": shard.world_size}
    return Message("processes_one_failed", {**place, "reason": reason})


def _positions(n: int, block: int, shard: Shard) -> list[int]:
    """A rank's positions among n, in whole blocks dealt out by turns."""
    starts = range(shard.rank * block, n, shard.world_size * block)
    return [position for i in starts for position in range(i, min(i + block, n))]


def _map_shard(
    work: Work[Any, Any],
    items: Sequence[Any],
    block: int,
    on_progress: OnProgress = lambda done, total: None,
) -> list[list[Any]]:
    group = current_group()
    assert isinstance(group, DistributedGroup)

    def advance(done: int, total: int | None) -> None:
        group.check_failure()
        on_progress(done, total)

    with group.barrier():
        positions = _positions(len(items), block, group.shard)
        found = work([items[i] for i in positions], advance)
    return group.gather(found)
