"""Dropout that is the same in one process and in several."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from barkive.training.process_group.group import WHOLE, Share


class Dropout(nn.Dropout):
    """Draws its mask for a whole batch, and takes the rows of this process.

    All processes draw from the same seed, so together they leave out what one alone would.
    In main memory the mask is the one that PyTorch's own layer draws.

    Attributes:
        share: Of this process; the whole batch by default.
        total: Rows of the whole batch; None where this process has all of them.
    """

    def __init__(self, p: float) -> None:
        super().__init__(p)
        self.share = WHOLE
        self.total: int | None = None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """(n, ...) → (n, ...)."""
        if not self.training or self.p == 0:
            return input
        total = len(input) if self.total is None else self.total
        kept = torch.empty(total, *input.shape[1:], dtype=input.dtype, device=input.device)
        kept.bernoulli_(1 - self.p).div_(1 - self.p)
        return input * kept[self.share.rows(total)]


def share_dropout(module: nn.Module, share: Share = WHOLE, total: int | None = None) -> None:
    """Tells the layers of a module which rows of a batch come next.

    Args:
        module: Its `Dropout` layers are told.
        share: Of this process; by default the whole batch.
        total: Rows of the whole batch; None where this process has all of them.
    """
    for part in module.modules():
        if isinstance(part, Dropout):
            part.share, part.total = share, total
