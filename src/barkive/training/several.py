"""A group of several processes: how words, gradients and results go between them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import nn

from barkive.errors import BarkiveError, ClusterError, UsageError
from barkive.training.group import Group, Item, OnProgress, Result, Share, Work, cores, group

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_LOOKS = 1.0  # seconds between two looks whether another process has failed


class _LeftError(Exception):
    """Another process has failed, so this one leaves what they did together."""


class Several(Group):
    """Processes of which each runs this code."""

    def __init__(self, share: Share, store: Store, threads: int) -> None:
        """Joins nothing yet: torch's process group must be there.

        Args:
            share: This process's, and how many there are.
            store: Where all can leave words.
            threads: This process's share of the cores.
        """
        self.share = share
        self.threads = threads
        self._store = store
        self._gradients: dist.ProcessGroup | None = None
        self._calls = 0
        self._looked = 0.0

    @contextmanager
    def led(self, function: Callable[..., object], *arguments: Any) -> Iterator[None]:
        """Sends the call to the others, and waits until they have understood."""
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
        finally:
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

    def exchange_on_gpus(self) -> None:
        """Lets gradients go from GPU to GPU, where that can be."""
        if dist.is_nccl_available():
            made = dist.new_group(backend="nccl")
            assert isinstance(made, dist.ProcessGroup)
            self._gradients = made

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
                self._store.set(self._alarm, "")
        failed = torch.tensor([float(failure is not None)])
        with _reaching():
            dist.all_reduce(failed)
        if not failed.item():
            return
        told = [one for one in self.gather(_told(failure, self.share)) if one is not None]
        if failure is not None and not (self.share.rank or isinstance(failure, _LeftError)):
            raise failure
        raise told[0] if told else _LeftError

    def add_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Adds up all gradients in one exchange."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        with _reaching():
            dist.all_reduce(flat, group=self._gradients)
        if flat.is_cuda:
            torch.cuda.synchronize()  # so that the time counts here
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for parameter, gradient, part in zip(parameters, gradients, parts, strict=True):
            parameter.grad = gradient.copy_(part.view(gradient.shape))

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

        def told(done: int, total: int) -> None:
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
    except RuntimeError:
        raise ClusterError(
            "Another process of the training has ended, or can't be reached any more; run the "
            "same command again, it goes on where it was."
        ) from None


def _told(failure: Exception | None, share: Share) -> BarkiveError | None:
    """A failure as the first process can tell it; None where this process has none of its own."""
    if failure is None or isinstance(failure, _LeftError):
        return None
    if isinstance(failure, BarkiveError):
        return failure
    reason = f"{type(failure).__name__}: {failure}".partition("\n")[0]
    return ClusterError(f"Process {share.rank + 1} of {share.size} has failed ({reason}).")


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

    def advance(done: int, total: int) -> None:
        several.look()
        on_progress(done, total)

    with several.agreed():
        positions = _positions(len(items), block, several.share)
        found = work([items[i] for i in positions], advance)
    return several.gather(found)
