"""In which numbers networks are trained: a setting, so that processors of all kinds can agree."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]
"""`auto` is bfloat16 where the processor computes in it, and float32 elsewhere."""


def resolve(precision: Precision, where: torch.device) -> Precision:
    """What a setting means on a device: `float32` or `bfloat16`."""
    if precision != "auto":
        return precision
    # Where bfloat16 is emulated, it is several times slower than float32.
    fast: bool = (
        torch.cuda.is_bf16_supported(including_emulation=False)
        if where.type == "cuda"
        else torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
    return "bfloat16" if fast else "float32"


def autocast(precision: Precision, where: torch.device) -> torch.autocast:
    """The context in which a network computes; weights, sums and losses stay float32."""
    enabled = resolve(precision, where) == "bfloat16"
    return torch.autocast(where.type, torch.bfloat16, enabled=enabled)
