"""Dropout that is the same in one process and in several."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from barkive.training.process_group.group import WHOLE, Shard


class Dropout(nn.Dropout):
    """Draws its mask for a whole batch, and takes the rows of this rank.

    All ranks draw from the same seed, so together they leave out what one process would. In main
    memory the mask is the one that PyTorch's own layer draws.

    Attributes:
        shard: Of this rank; the whole batch by default.
        total: Rows of the whole batch; None where this rank has all of them.
    """

    def __init__(self, p: float) -> None:
        super().__init__(p)
        self.shard = WHOLE
        self.total: int | None = None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """(n, ...) → (n, ...)."""
        if not self.training or self.p == 0:
            return input
        total = len(input) if self.total is None else self.total
        kept = torch.empty(total, *input.shape[1:], dtype=input.dtype, device=input.device)
        kept.bernoulli_(1 - self.p).div_(1 - self.p)
        return input * kept[self.shard.rows(total)]


def shard_dropout(module: nn.Module, shard: Shard = WHOLE, total: int | None = None) -> None:
    """Sets which rows of a batch the dropout layers of a module get next.

    Args:
        module: Its `Dropout` layers are set.
        shard: Of this rank; by default the whole batch.
        total: Rows of the whole batch; None where this rank has all of them.
    """
    for part in module.modules():
        if isinstance(part, Dropout):
            part.shard, part.total = shard, total
