"""The checkpoint of a training: written after each epoch, and read to resume the training.

It holds tensors, numbers and strings alone, so that reading it runs no code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from barkive.atomic import replacing
from barkive.errors import UsageError
from barkive.training.curves import Epoch
from barkive.training.precision import Precision
from barkive.training.throughput import Times

WEIGHT_BYTES = 16
"""A weight's in a checkpoint: now, in the best epoch, and the two moments of AdamW."""


@dataclass(slots=True)
class State:
    """All that an epoch needs from the ones before, besides the weights.

    Attributes:
        history: The epochs so far.
        best: The trained weights of the best of them, by name.
        times: Where their time went.
        precision: In which they were trained, `float32` or `bfloat16`.
        optimiser: The state that the optimiser was left in; None at the start of a training.
    """

    history: list[Epoch]
    best: dict[str, Tensor]
    times: Times = field(default_factory=Times)
    precision: Precision = "float32"
    optimiser: dict[str, Any] | None = None


def save(
    checkpoint: Path,
    state: State,
    trained: dict[str, nn.Parameter],
    optimiser: torch.optim.Optimizer,
) -> None:
    """Writes a checkpoint, which appears under its name when it is whole.

    Raises:
        UsageError: It can't be written.
    """
    content = {
        "history": [asdict(epoch) for epoch in state.history],
        "best": state.best,
        "times": asdict(state.times),
        "precision": state.precision,
        "weights": {name: parameter.detach() for name, parameter in trained.items()},
        "optimiser": optimiser.state_dict(),
    }
    try:
        with replacing(checkpoint) as part:
            torch.save(content, part)
    except (OSError, RuntimeError):  # torch raises the latter on a full disk
        raise UsageError("checkpoint_not_writable", path=checkpoint) from None


def resume(checkpoint: Path | None, trained: dict[str, nn.Parameter]) -> State:
    """The state in which an interrupted training was left, or that of a new one.

    Args:
        checkpoint: Its file; None, or one that is missing or damaged, begins anew.
        trained: The weights by name. They become what they were when it was interrupted.
    """
    state = State([], {})
    if checkpoint is None or not checkpoint.exists():
        return state
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        history: Sequence[dict[str, Any]] = content["history"]
        resumed = State(
            [Epoch(**epoch) for epoch in history],
            content["best"],
            Times(**content["times"]),
            content["precision"],
            content["optimiser"],
        )
        weights = content["weights"]
        if any(_shapes(saved) != _shapes(trained) for saved in (weights, resumed.best)):
            return state
        # Tried before anything is changed, so that a new training begins unspoilt.
        torch.optim.AdamW(trained.values()).load_state_dict(content["optimiser"])
        with torch.no_grad():
            for name, parameter in trained.items():
                parameter.copy_(weights[name])
        return resumed
    except Exception:  # a damaged checkpoint: torch raises whatever it stumbles over
        return state


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
