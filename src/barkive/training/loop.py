"""The training loop: epochs of batches, with validation after each, resumable.

What is trained is any module from inputs to logits, be it a whole network on pixels or a
head on features. Each epoch's randomness follows from the seed and the epoch's number
alone, so that a run that was interrupted ends as one that was not.

Several processes train on the same batches as one would: each rank takes its rows of every
batch, and the gradients are added up by `all_reduce`. Validation is divided likewise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from barkive.progress import OnProgress
from barkive.training import checkpoints
from barkive.training.batches import Batches, Shardable, local_batches
from barkive.training.curves import Epoch, best_epoch
from barkive.training.precision import Precision, autocast, resolve
from barkive.training.process_group.dropout import shard_dropout
from barkive.training.process_group.group import SINGLE_PROCESS, ProcessGroup, current_group
from barkive.training.process_group.torch_device import device, memory_errors
from barkive.training.throughput import Times, slowest

OnEpoch = Callable[[Epoch], None]

_NOTHING = np.empty((0, 0), np.float32)


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
    on_progress: OnProgress = lambda done, total: None,
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
    group = current_group() if isinstance(batches, Shardable) else SINGLE_PROCESS
    group.set_device()
    # In main memory, from where it goes to the other ranks, each of which has another GPU.
    module.cpu()
    state = checkpoints.resume(checkpoint, _trained(module))
    if schedule.precision != "auto" or not state.history:
        state.precision = resolve(schedule.precision, device())
    schedule = replace(schedule, precision=state.precision)
    work = (module, batches, validation, schedule, state.optimiser)
    done = len(state.history)
    if done < schedule.epochs:
        with group.on_all_ranks(_follow, done, *work):
            with group.barrier():
                training = _Training(*work, group)
            for number in range(done + 1, schedule.epochs + 1):
                epoch, times = training.epoch(number, on_progress)
                with group.barrier():
                    state.history.append(epoch)
                    state.times = state.times.plus(times)
                    weights = _trained(module)
                    if best_epoch(state.history) is epoch:
                        state.best = {n: p.detach().clone() for n, p in weights.items()}
                    on_epoch(epoch)
                    if checkpoint is not None and number < schedule.epochs:
                        checkpoints.save(checkpoint, state, weights, training.optimiser)
    with torch.no_grad():
        for name, parameter in _trained(module).items():
            parameter.copy_(state.best[name])
    shard_dropout(module)
    module.eval().to(memory_format=torch.contiguous_format)
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


def _trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that are not frozen, by name."""
    return {name: one for name, one in module.named_parameters() if one.requires_grad}


def _follow(
    done: int,
    module: nn.Module,
    batches: Shardable,
    validation: Batches,
    schedule: Schedule,
    optimiser: dict[str, Any] | None,
) -> None:
    """What the other ranks do while rank 0 fits; `done` epochs were trained before."""
    group = current_group()
    with group.barrier():
        training = _Training(module, batches, validation, schedule, optimiser, group)
    for number in range(done + 1, schedule.epochs + 1):
        training.epoch(number)
        with group.barrier():
            pass  # until rank 0 goes on


class _Training:
    """One rank's part in fitting a module."""

    @memory_errors()
    def __init__(
        self,
        module: nn.Module,
        batches: Batches,
        validation: Batches,
        schedule: Schedule,
        optimiser: dict[str, Any] | None,
        group: ProcessGroup,
    ) -> None:
        self._device = device()
        self._precision = resolve(schedule.precision, self._device)
        self._module = module.to(self._device)
        if self._device.type == "cuda":
            # What the convolutions of a GPU compute in bfloat16 fastest.
            module.to(memory_format=torch.channels_last)
        weights = [*_trained(module).values()]
        self._gradients = group.flat_gradients(weights)
        self.optimiser = torch.optim.AdamW(
            weights, lr=schedule.learning_rate, weight_decay=schedule.penalty, fused=True
        )
        if optimiser is not None:
            self.optimiser.load_state_dict(optimiser)
        self._samples = len(batches)
        self._batches = local_batches(batches, group)
        self._validation = validation
        self._schedule = schedule
        self._group = group

    def epoch(
        self, number: int, on_progress: OnProgress = lambda done, total: None
    ) -> tuple[Epoch, Times]:
        """Trains once on all batches, and validates; on rank 0 the figures are those of all ranks.

        Args:
            number: Of the epoch, from 1.
            on_progress: Called with (samples done, samples in all epochs).
        """
        start = time.perf_counter()
        group, epochs = self._group, self._schedule.epochs
        torch.manual_seed(1000 * self._schedule.seed + number)
        _train_mode(self._module)
        loss_sum = right = done = 0.0
        times, batch, batches = Times(), None, iter(self._batches.epoch(number))
        while True:
            begun = time.perf_counter()
            with group.barrier(), memory_errors():
                if batch is not None:
                    # Of the batch before: inside the barrier, so that a failure reaches all ranks.
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
                group.all_reduce(self._gradients)
            working, added = asked - begun + learned - arrived, time.perf_counter()
            times = times.plus(Times(arrived - asked, working, added - learned))
            if batch is None:
                break
        gathered = group.gather((loss_sum, right, times))
        judged = score(self._module, self._validation, self._precision, group)
        if gathered:
            loss_sum, right = sum(one[0] for one in gathered), sum(one[1] for one in gathered)
            times = slowest([one[2] for one in gathered])
        seconds = time.perf_counter() - start
        return Epoch(number, loss_sum / done, right / done, *judged, seconds), times

    def _set_rate(self, passed: float) -> None:
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = self._schedule.learning_rate * (1 + math.cos(math.pi * passed)) / 2

    def _learn(self, inputs: NDArray[Any], truth: NDArray[np.intp]) -> tuple[float, float]:
        """Computes the gradients of this rank's rows of a batch.

        Returns:
            The sum of their cross-entropies, and how many were answered rightly.
        """
        self.optimiser.zero_grad(set_to_none=self._gradients is None)
        if not len(inputs):
            return 0.0, 0.0
        shard = self._group.shard
        shard_dropout(self._module, shard, len(truth))
        x = torch.from_numpy(inputs).to(self._device)
        y = torch.from_numpy(truth[shard.rows(len(truth))]).to(self._device)
        with autocast(self._precision, self._device):
            logits = self._module(x)
        loss = functional.cross_entropy(logits.float(), y, reduction="sum")
        (loss / len(truth)).backward()  # type: ignore[no-untyped-call]
        right = (logits.argmax(dim=1) == y).sum()
        loss_sum, right_sum = torch.stack([loss.detach(), right.float()]).tolist()
        return loss_sum, right_sum


def score(
    module: nn.Module,
    batches: Batches,
    precision: Precision = "auto",
    group: ProcessGroup = SINGLE_PROCESS,
) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers, 0..1; NaN on every rank but 0."""
    logits, truth = predict(module, batches, precision, group)
    if not len(logits):
        return math.nan, math.nan
    loss = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth)).item()
    return loss, float((logits.argmax(axis=1) == truth).mean())


def predict(
    module: nn.Module,
    batches: Batches,
    precision: Precision = "auto",
    group: ProcessGroup = SINGLE_PROCESS,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The logits of samples, (n, classes), and their classes, (n,).

    Rank 0 gets them, and the others get none.
    """
    where = next(module.parameters()).device
    module.eval()
    parts: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.intp]] = []
    # What can't be sharded takes so little that rank 0 does it alone.
    idle = group.rank > 0 and not isinstance(batches, Shardable)
    with group.barrier(), memory_errors(), torch.inference_mode(), autocast(precision, where):
        for inputs, truth in () if idle else local_batches(batches, group).epoch():
            logits = module(torch.from_numpy(inputs).to(where)).float() if len(inputs) else None
            parts.append(_NOTHING if logits is None else logits.cpu().numpy())
            truths.append(truth)
    # Batch by batch the rows of each process, of which it may have none.
    by_batch = zip_longest(*group.gather(parts), fillvalue=_NOTHING)
    rows = [part for batch in by_batch for part in batch if len(part)]
    if not rows:
        return _NOTHING, np.empty(0, np.intp)
    return np.concatenate(rows), np.concatenate(truths)


def _train_mode(module: nn.Module) -> None:
    module.train()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()
