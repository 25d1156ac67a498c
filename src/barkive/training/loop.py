"""The training loop: epochs of batches, with validation after each, resumable.

What is trained is any module from inputs to logits, be it a whole network on pixels or a
head on features. Each epoch's randomness follows from the seed and the epoch's number
alone, so that a run that was interrupted ends as one that was not.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from barkive.training import checkpoints
from barkive.training.curves import Epoch, best_epoch

OnEpoch = Callable[[Epoch], None]

_SCORED_AT_ONCE = 64
# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


class Batches(Protocol):
    """What the loop trains on; `loading.Loader` is one."""

    def __len__(self) -> int:
        """How many samples an epoch has."""
        ...

    def epoch(self, number: int = 0) -> Iterator[tuple[NDArray[Any], NDArray[np.intp]]]:
        """The inputs and classes of one pass."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        epochs: Passes over the photos, at least 1.
        learning_rate: At the start; it falls to 0 along half a cosine (Loshchilov & Hutter,
            2017, "SGDR").
        penalty: Weight decay of AdamW (Loshchilov & Hutter, 2019).
        seed: Of the dropout; the batches have a seed of their own.
    """

    epochs: int
    learning_rate: float
    penalty: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of training; the module holds the weights of the best epoch.

    Attributes:
        history: The epochs.
        best: Number of the epoch with the most right answers on validation; of equals the
            one with the lowest loss.
        seconds: Of training and validation, interrupted parts included.
        rate: Samples trained on a second while the network was working.
        waited: The share of the time in which the network waited for batches, 0..1.
    """

    history: tuple[Epoch, ...]
    best: int
    seconds: float
    rate: float
    waited: float


def device() -> torch.device:
    """Where networks are trained: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(where: torch.device) -> torch.autocast:
    """bfloat16 where the processor computes in it; elsewhere it would be slower."""
    fast = where.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(where.type, torch.bfloat16, enabled=fast)


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
        UsageError: The checkpoint can't be written.
    """
    _keep_memory()
    where = device()
    module.to(where)
    trained = {n: p for n, p in module.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(
        trained.values(),
        lr=schedule.learning_rate,
        weight_decay=schedule.penalty,
        fused=True,
    )
    state = checkpoints.resume(checkpoint, trained, optimiser, where)
    samples = len(batches)
    while len(state.history) < schedule.epochs:
        number = len(state.history) + 1
        start = time.perf_counter()
        torch.manual_seed(1000 * schedule.seed + number)
        _train_mode(module)
        loss_sum = right = done = 0.0
        waiting_from = time.perf_counter()
        for inputs, truth in batches.epoch(number):
            arrived = time.perf_counter()
            state.waiting += arrived - waiting_from
            passed = (number - 1 + done / samples) / schedule.epochs
            for group in optimiser.param_groups:
                group["lr"] = schedule.learning_rate * (1 + math.cos(math.pi * passed)) / 2
            x, y = torch.from_numpy(inputs).to(where), torch.from_numpy(truth).to(where)
            optimiser.zero_grad()
            with autocast(where):
                logits = module(x)
            loss = functional.cross_entropy(logits.float(), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            loss_sum += loss.item() * len(truth)
            right += int((logits.argmax(dim=1) == y).sum())
            done += len(truth)
            on_progress((number - 1) * samples + int(done), schedule.epochs * samples)
            waiting_from = time.perf_counter()
            state.working += waiting_from - arrived
        judged_loss, judged_accuracy = score(module, validation)
        seconds = time.perf_counter() - start
        epoch = Epoch(number, loss_sum / done, right / done, judged_loss, judged_accuracy, seconds)
        state.history.append(epoch)
        if best_epoch(state.history) is epoch:
            state.best = {n: p.detach().clone() for n, p in trained.items()}
        on_epoch(epoch)
        if checkpoint is not None and number < schedule.epochs:
            checkpoints.save(checkpoint, state, trained, optimiser)
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(state.best[name])
    module.eval()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return Fitted(
        history=tuple(state.history),
        best=best_epoch(state.history).epoch,
        seconds=sum(epoch.seconds for epoch in state.history),
        rate=samples * len(state.history) / max(state.working, 1e-9),
        waited=state.waiting / max(state.working + state.waiting, 1e-9),
    )


def score(module: nn.Module, batches: Batches) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers, 0..1."""
    logits, truth = predict(module, batches)
    loss = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth)).item()
    return loss, float((logits.argmax(axis=1) == truth).mean())


def predict(module: nn.Module, batches: Batches) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The logits of samples, (n, classes), and their classes, (n,)."""
    where = next(module.parameters()).device
    module.eval()
    logits, truths = [], []
    with torch.inference_mode(), autocast(where):
        for inputs, truth in batches.epoch():
            logits.append(module(torch.from_numpy(inputs).to(where)).float().cpu().numpy())
            truths.append(truth)
    return np.concatenate(logits), np.concatenate(truths)


@dataclass(frozen=True, slots=True)
class Rows:
    """Features as batches: shape (n, channels), with the classes, shape (n,).

    Attributes:
        rows: The features.
        truth: Their classes.
        batch: Samples a batch.
        seed: Of the order; None keeps it.
    """

    rows: NDArray[np.float32]
    truth: NDArray[np.intp]
    batch: int = _SCORED_AT_ONCE
    seed: int | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def epoch(self, number: int = 0) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
        """One pass; the same number gives the same batches, always."""
        order: NDArray[np.intp] = np.arange(len(self))
        if self.seed is not None:
            order = np.random.default_rng((self.seed, number)).permutation(order)
        for i in range(0, len(order), self.batch):
            chosen = order[i : i + self.batch]
            yield self.rows[chosen], self.truth[chosen]


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
