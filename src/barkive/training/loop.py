"""The training loop: epochs of batches, with validation after each, resumable.

What is trained is any module from inputs to logits, be it a whole network on pixels or a
head on features. Each epoch's randomness follows from the seed and the epoch's number
alone, so that a run that was interrupted ends as one that was not.

Several processes train on the same batches as one would: each takes its rows of every
batch, and what they learn from these is added up. Validation is divided likewise.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from barkive.training import checkpoints
from barkive.training.batches import Batches, Divisible, own_part
from barkive.training.curves import Epoch, best_epoch
from barkive.training.precision import Precision, autocast, resolve
from barkive.training.process_group.devices import device, enough_memory
from barkive.training.process_group.dropout import share_dropout
from barkive.training.process_group.group import ALONE, Group, group
from barkive.training.throughput import Times, slowest

OnEpoch = Callable[[Epoch], None]

_NOTHING = np.empty((0, 0), np.float32)

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        epochs: Passes over the photos, at least 1.
        learning_rate: At the start; it falls to 0 along half a cosine (Loshchilov & Hutter,
            2017, "SGDR").
        penalty: Weight decay of AdamW (Loshchilov & Hutter, 2019).
        seed: Of the dropout; the batches have a seed of their own.
        precision: Of the network; an interrupted training of `auto` keeps what it began with.
    """

    epochs: int
    learning_rate: float
    penalty: float = 0.0
    seed: int = 0
    precision: Precision = "auto"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of training; the module holds the weights of the best epoch.

    Attributes:
        history: The epochs.
        best: Number of the epoch with the most right answers on validation; of equals the
            one with the lowest loss.
        seconds: Of training and validation, interrupted parts included.
        rate: Samples trained on a second while the network was working.
        waited: The share of the time in which the network waited for batches, 0..1; of
            several processes that of the one that waited most.
        exchanged: The share of the time in which it waited for other processes, 0..1; of
            the one that waited least, because the others waited for this one.
        precision: `float32` or `bfloat16`.
    """

    history: tuple[Epoch, ...]
    best: int
    seconds: float
    rate: float
    waited: float
    exchanged: float = 0.0
    precision: Precision = "float32"


def fit(
    module: nn.Module,
    batches: Batches,
    validation: Batches,
    schedule: Schedule,
    *,
    checkpoint: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_epoch: OnEpoch = lambda epoch: None,
) -> Fitted:
    """Trains those weights of a module that are not frozen, with AdamW.

    Batch norms keep their running statistics, because a fine-tuned network's are better
    than what a small data set gives.

    Args:
        module: From inputs to logits. It ends with the weights of its best epoch.
        batches: The training samples.
        validation: The samples that tell which epoch was best.
        schedule: How long and how fast.
        checkpoint: A file written after each epoch, from which an interrupted training goes
            on; it is removed at the end. None for none.
        on_progress: Called with (samples done, samples in all epochs).
        on_epoch: Called after each epoch; what it raises ends the training.

    Raises:
        UsageError: The checkpoint can't be written, or the processes can't train this module.
        DataError: A photo can't be read any more.
        DeviceError: The memory is too small.
        ClusterError: Another process has failed, or is gone.
    """
    several = group() if isinstance(batches, Divisible) else ALONE
    several.take_device()
    training = _Training(module, batches, validation, schedule, several)
    weights, optimiser = training.weights, training.optimiser
    state = checkpoints.resume(checkpoint, weights, optimiser, training.where)
    if schedule.precision == "auto" and state.history:
        training.precision = state.precision  # that of another processor, perhaps
    state.precision = training.precision
    schedule = replace(schedule, precision=state.precision)
    done = len(state.history)
    if done < schedule.epochs:
        start = optimiser.state_dict()
        with several.led(_follow, module, start, batches, validation, schedule, done):
            with several.agreed():
                pass  # whether all are ready
            for number in range(done + 1, schedule.epochs + 1):
                epoch, times = training.epoch(number, on_progress)
                with several.agreed():
                    state.history.append(epoch)
                    state.times = state.times.plus(times)
                    if best_epoch(state.history) is epoch:
                        state.best = {n: p.detach().clone() for n, p in weights.items()}
                    on_epoch(epoch)
                    if checkpoint is not None and number < schedule.epochs:
                        checkpoints.save(checkpoint, state, weights, optimiser)
    with torch.no_grad():
        for name, parameter in weights.items():
            parameter.copy_(state.best[name])
    training.end()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    times = state.times
    return Fitted(
        history=tuple(state.history),
        best=best_epoch(state.history).epoch,
        seconds=sum(epoch.seconds for epoch in state.history),
        rate=len(batches) * len(state.history) / max(times.working, 1e-9),
        waited=times.waiting / times.all,
        exchanged=times.exchanging / times.all,
        precision=state.precision,
    )


def _follow(
    module: nn.Module,
    optimiser: dict[str, Any],
    batches: Divisible,
    validation: Batches,
    schedule: Schedule,
    done: int,
) -> None:
    """What the other processes do while the first one fits."""
    several = group()
    with several.agreed():
        training = _Training(module, batches, validation, schedule, several)
        training.optimiser.load_state_dict(optimiser)
    for number in range(done + 1, schedule.epochs + 1):
        training.epoch(number)
        with several.agreed():
            pass  # whether the first goes on


class _Training:
    """One process's part in fitting a module."""

    @enough_memory()
    def __init__(
        self,
        module: nn.Module,
        batches: Batches,
        validation: Batches,
        schedule: Schedule,
        several: Group,
    ) -> None:
        _keep_memory()
        self.where = device()
        self.precision = resolve(schedule.precision, self.where)
        self._module = module.to(self.where)
        if self.where.type == "cuda":
            # What the convolutions of a GPU compute in bfloat16 fastest.
            module.to(memory_format=torch.channels_last)
        self.weights = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self._gradients = several.gradients([*self.weights.values()])
        self.optimiser = torch.optim.AdamW(
            self.weights.values(),
            lr=schedule.learning_rate,
            weight_decay=schedule.penalty,
            fused=True,
        )
        self._samples = len(batches)
        self._batches = own_part(batches, several)
        self._validation = validation
        self._schedule = schedule
        self._several = several

    def epoch(
        self, number: int, on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[Epoch, Times]:
        """Trains once on all batches, and validates; what it tells is right in the first process.

        Args:
            number: Of the epoch, from 1.
            on_progress: Called with (samples done, samples in all epochs).
        """
        start = time.perf_counter()
        several, epochs = self._several, self._schedule.epochs
        torch.manual_seed(1000 * self._schedule.seed + number)
        _train_mode(self._module)
        loss_sum = right = done = 0.0
        times, batch, batches = Times(), None, iter(self._batches.epoch(number))
        while True:
            begun = time.perf_counter()
            with several.agreed(), enough_memory():
                if batch is not None:
                    # Of the batch before: here, so that all hear where that fails.
                    self.optimiser.step()
                    on_progress((number - 1) * self._samples + int(done), epochs * self._samples)
                asked = time.perf_counter()
                batch = next(batches, None)
                arrived = time.perf_counter()
                if batch is not None:
                    self._set_rate((number - 1 + done / self._samples) / epochs)
                    loss, hits = self._learn(*batch)
                    loss_sum, right, done = loss_sum + loss, right + hits, done + len(batch[1])
                learned = time.perf_counter()
            if batch is not None:
                several.add_up(self._gradients)
            working, added = asked - begun + learned - arrived, time.perf_counter()
            times = times.plus(Times(arrived - asked, working, added - learned))
            if batch is None:
                break
        told = several.gather((loss_sum, right, times))
        judged = score(self._module, self._validation, self.precision, several)
        if told:
            loss_sum, right = sum(one[0] for one in told), sum(one[1] for one in told)
            times = slowest([one[2] for one in told])
        seconds = time.perf_counter() - start
        return Epoch(number, loss_sum / done, right / done, *judged, seconds), times

    def end(self) -> None:
        """Leaves the module as it came, but for its weights."""
        share_dropout(self._module)
        self._module.eval().to(memory_format=torch.contiguous_format)

    def _set_rate(self, passed: float) -> None:
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = self._schedule.learning_rate * (1 + math.cos(math.pi * passed)) / 2

    def _learn(self, inputs: NDArray[Any], truth: NDArray[np.intp]) -> tuple[float, float]:
        """Computes the gradients of this process's rows of a batch.

        Returns:
            The sum of their cross-entropies, and how many were answered rightly.
        """
        self.optimiser.zero_grad(set_to_none=self._gradients is None)
        if not len(inputs):
            return 0.0, 0.0
        share = self._several.share
        share_dropout(self._module, share, len(truth))
        x = torch.from_numpy(inputs).to(self.where)
        y = torch.from_numpy(truth[share.rows(len(truth))]).to(self.where)
        with autocast(self.precision, self.where):
            logits = self._module(x)
        loss = functional.cross_entropy(logits.float(), y, reduction="sum")
        (loss / len(truth)).backward()  # type: ignore[no-untyped-call]
        right = (logits.argmax(dim=1) == y).sum()
        loss_sum, right_sum = torch.stack([loss.detach(), right.float()]).tolist()
        return loss_sum, right_sum


def score(
    module: nn.Module, batches: Batches, precision: Precision = "auto", several: Group = ALONE
) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers, 0..1; of several processes, in the first."""
    logits, truth = predict(module, batches, precision, several)
    if not len(logits):
        return math.nan, math.nan
    loss = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth)).item()
    return loss, float((logits.argmax(axis=1) == truth).mean())


def predict(
    module: nn.Module, batches: Batches, precision: Precision = "auto", several: Group = ALONE
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The logits of samples, (n, classes), and their classes, (n,).

    Of several processes the first one gets them, and the others get none.
    """
    where = next(module.parameters()).device
    module.eval()
    parts: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.intp]] = []
    # What can't be divided takes so little that the first does it alone.
    idle = several.share.rank > 0 and not isinstance(batches, Divisible)
    with several.agreed(), enough_memory(), torch.inference_mode(), autocast(precision, where):
        for inputs, truth in () if idle else own_part(batches, several).epoch():
            logits = module(torch.from_numpy(inputs).to(where)).float() if len(inputs) else None
            parts.append(_NOTHING if logits is None else logits.cpu().numpy())
            truths.append(truth)
    # Batch by batch the rows of each process, of which it may have none.
    by_batch = zip_longest(*several.gather(parts), fillvalue=_NOTHING)
    rows = [part for batch in by_batch for part in batch if len(part)]
    if not rows:
        return _NOTHING, np.empty(0, np.intp)
    return np.concatenate(rows), np.concatenate(truths)


def _keep_memory() -> None:
    """Has glibc keep what a step frees, for the next step.

    Otherwise it gives hundreds of megabytes back to the system in every step and has them
    filled with zeros again, which takes half of the time of the large networks. Elsewhere
    nothing is changed.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def _train_mode(module: nn.Module) -> None:
    module.train()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()
