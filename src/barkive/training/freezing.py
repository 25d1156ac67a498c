"""How deep a network is trained: which blocks of its backbone are frozen."""

from __future__ import annotations

import difflib

from torch import nn

from barkive.errors import UsageError
from barkive.training.networks import Maps, Network

_SHOWN = 8


def train_from(network: Network, name: str) -> None:
    """Freezes the body below a named module of its backbone; the head is always trained.

    Args:
        network: With a backbone as its body.
        name: As timm names it, such as `blocks.4.1.conv_dw` of MobileNetV2: this module and
            all after it are trained. Empty freezes the whole body, `all` nothing.

    Raises:
        UsageError: The backbone has no such module with weights.
    """
    for parameter in network.body.parameters():
        parameter.requires_grad = name == "all"
    if name in ("", "all"):
        return
    backbone = _backbone(network)
    found = False
    for parameter_name, parameter in backbone.named_parameters():
        found = found or parameter_name.startswith(f"{name}.")
        parameter.requires_grad = found
    if not found:
        modules = [n for n, part in backbone.named_modules() if n and [*part.parameters()]]
        near = difflib.get_close_matches(name, modules, n=_SHOWN) or [
            block for block, _ in backbone.named_children()
        ]
        raise UsageError("recipe_block_unknown", block=name, blocks=", ".join(near))


def blocks(network: Network) -> list[str]:
    """The names that `train_from` takes: a backbone's parts with weights, from input to output.

    A part that is a row of parts, as `blocks` of MobileNetV2 is, counts as these.
    """
    backbone = _backbone(network)
    names: list[str] = []
    for name, part in backbone.named_children():
        row = isinstance(part, nn.Sequential | nn.ModuleList)
        names += [f"{name}.{inner}" for inner, _ in part.named_children()] if row else [name]
    # A norm alone, whose weights are vectors, is no part of its own.
    return [
        name
        for name in names
        if any(weight.ndim > 1 for weight in backbone.get_submodule(name).parameters())
    ]


def _backbone(network: Network) -> nn.Module:
    return network.body.network if isinstance(network.body, Maps) else network.body
