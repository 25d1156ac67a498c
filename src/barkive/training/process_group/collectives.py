"""A group of several processes: how words, gradients and results go between them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from barkive.errors import BarkiveError, ClusterError, UsageError
from barkive.machine import cores
from barkive.progress import OnProgress
from barkive.training.process_group.devices import take_device
from barkive.training.process_group.group import (
    ElsewhereError,
    Group,
    Item,
    Result,
    Share,
    Work,
    group,
)

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_LOOKS = 1.0  # seconds between two looks whether another process has failed


class _LeftError(Exception):
    """Another process has failed, so this one leaves what they did together."""


class Several(Group):
    """Processes of which each runs this code."""

    def __init__(self, share: Share, store: Store, beside: int) -> None:
        """Joins nothing yet: torch's process group must be there.

        Args:
            share: This process's, and how many there are.
            store: Where all can leave words.
            beside: How many of them are on this machine, which share its cores.
        """
        self.share = share
        self.beside = beside
        self.threads = max(1, cores() // beside)
        self._store = store
        self._gpus: dist.ProcessGroup | None = None
        self._parted: BaseException | None = None
        self._calls = 0
        self._looked = 0.0

    @contextmanager
    def led(self, function: Callable[..., object], *arguments: Any) -> Iterator[None]:
        """Sends the call to the others, and waits until they have understood.

        Raises:
            UsageError: The call can't be sent.
            ClusterError: Another process is gone, or this one has failed where the others
                don't know it, so that they can't go on together.
        """
        content = io.BytesIO()
        try:
            torch.save((function, arguments), content)
        except Exception as error:  # pickle raises whatever the objects raise
            raise UsageError(
                f"The network can't be sent to other processes ({type(error).__name__}); "
                "train it in one process."
            ) from None
        self._send(content.getbuffer())
        self._calls += 1
        with self.agreed():
            pass  # whether all have understood
        torch.set_num_threads(self.threads)
        try:
            yield
        except Exception as error:
            if error is self._parted or isinstance(error, ClusterError):
                raise
            raise ClusterError(_reason(error, self.share)) from error
        finally:
            self._parted = None
            torch.set_num_threads(cores())

    def follow(self) -> bool:
        """Calls what the first process wants to be called; False where it wants no more."""
        content = self._receive()
        if not content:
            return False
        self._calls += 1
        try:
            with self.agreed():
                function, arguments = torch.load(
                    io.BytesIO(content), map_location="cpu", weights_only=False
                )
            function(*arguments)
        except _LeftError:
            pass  # the first knows why
        return True

    def dismiss(self) -> None:
        """Lets the others end."""
        self._send(memoryview(b""))

    def raise_alarm(self) -> None:
        """Has the others leave what is being done, as soon as they look."""
        self._store.set(self._alarm, "")

    def take_device(self) -> None:
        """Has each process take its own."""
        with self.led(take_device):
            take_device()

    def exchange_on_gpus(self) -> None:
        """Makes a group of NCCL, once."""
        if self._gpus is None and dist.is_nccl_available():
            made = dist.new_group(backend="nccl")
            assert isinstance(made, dist.ProcessGroup)
            self._gpus = made

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Asks the others after each context whether it went well."""
        failure: Exception | None = None
        try:
            yield
        except ClusterError:
            raise  # there is nobody to ask
        except Exception as error:  # Ctrl-C asks nobody either: all end with this process
            failure = error
            if not isinstance(error, _LeftError):
                self.raise_alarm()
        failed = torch.tensor([float(failure is not None)])
        with _reaching():
            dist.all_reduce(failed)
        if not failed.item():
            return
        told = [one for one in self.gather(_told(failure, self.share)) if one is not None]
        if self.share.rank:
            raise _LeftError
        own = failure is not None and not isinstance(failure, _LeftError)
        self._parted = failure if own else (told[0] if told else _LeftError())
        assert self._parted is not None
        raise self._parted

    def gradients(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Each gradient has the strides of its weights, as the optimiser asks for."""
        first, sizes = parameters[0], [parameter.numel() for parameter in parameters]
        flat = torch.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        for parameter, part in zip(parameters, torch.split(flat, sizes), strict=True):
            parameter.grad = part.as_strided(parameter.shape, parameter.stride())
        return flat

    def add_up(self, gradients: Tensor | None) -> None:
        """One exchange for all of them."""
        assert gradients is not None
        with _reaching():
            dist.all_reduce(gradients, group=self._gpus)
        if gradients.is_cuda:
            torch.cuda.synchronize()  # so that the time counts here

    def gather(self, value: Result) -> list[Result]:
        """Pickles the values on their way."""
        first = self.share.rank == 0
        values: list[Any] = [None] * self.size
        with _reaching():
            dist.gather_object(value, values if first else None, dst=0)
        return values if first else []

    def divided(
        self,
        work: Work[Item, Result],
        items: Sequence[Item],
        on_progress: OnProgress,
        *,
        block: int,
    ) -> list[Result]:
        """Deals the items out in blocks; where they are one block, the first does it alone."""
        if len(items) <= block:
            return work(items, on_progress)

        def told(done: int, total: int | None) -> None:
            on_progress(min(done * self.size, len(items)), len(items))

        with self.led(_do_share, work, items, block):
            parts = _do_share(work, items, block, told)
        results: list[Any] = [None] * len(items)
        for rank, part in enumerate(parts):
            positions = _positions(len(items), block, Share(rank, self.size))
            for position, result in zip(positions, part, strict=True):
                results[position] = result
        return results

    def look(self) -> None:
        """Leaves where another process has failed: called now and then in long work."""
        now = time.monotonic()
        if now - self._looked < _LOOKS:
            return
        self._looked = now
        with _reaching():
            failed = self._store.check([self._alarm])
        if failed:
            raise _LeftError

    @property
    def _alarm(self) -> str:
        return f"failed/{self._calls}"

    def _send(self, content: memoryview) -> None:
        with _reaching():
            dist.broadcast(torch.tensor([len(content)]), src=0)
            if content:
                dist.broadcast(torch.frombuffer(content, dtype=torch.uint8), src=0)

    def _receive(self) -> bytes:
        length = torch.zeros(1, dtype=torch.int64)
        with _reaching():
            dist.broadcast(length, src=0)
            content = torch.empty(int(length), dtype=torch.uint8)
            if len(content):
                dist.broadcast(content, src=0)
        return content.numpy().tobytes()


@contextmanager
def _reaching() -> Iterator[None]:
    """Turns what torch raises of a process that is gone into an error of Barkive's own."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise  # it is this process's own
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise ClusterError(
            f"Another process of the training has ended, or can't be reached any more ({reason}); "
            "run the same command again, it goes on where it was."
        ) from None


def _told(failure: Exception | None, share: Share) -> BarkiveError | None:
    """A failure as the first process can tell it; None where this process has none of its own."""
    if failure is None or isinstance(failure, _LeftError):
        return None
    if isinstance(failure, BarkiveError):
        return failure
    return ElsewhereError(_reason(failure, share))


def _reason(failure: Exception, share: Share) -> str:
    reason = f"{type(failure).__name__}: {failure}".partition("\n")[0]
    return f"Process {share.rank + 1} of {share.size} has failed ({reason})."


def _positions(n: int, block: int, share: Share) -> list[int]:
    """A process's positions among n, in whole blocks dealt out by turns."""
    starts = range(share.rank * block, n, share.size * block)
    return [position for i in starts for position in range(i, min(i + block, n))]


def _do_share(
    work: Work[Any, Any],
    items: Sequence[Any],
    block: int,
    on_progress: OnProgress = lambda done, total: None,
) -> list[list[Any]]:
    several = group()
    assert isinstance(several, Several)

    def advance(done: int, total: int | None) -> None:
        several.look()
        on_progress(done, total)

    with several.agreed():
        positions = _positions(len(items), block, several.share)
        found = work([items[i] for i in positions], advance)
    return several.gather(found)
