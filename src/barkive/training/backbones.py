"""A name becomes a pre-trained network and the preprocessing that it was trained with.

Any model of timm works by its name, with its weights from timm's hub or from a local
file. What comes back gives pooled features; it does not know what they are used for.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import timm
import torch
from torch import Tensor, nn

from barkive.errors import WeightsError

# Weights that were trained with TensorFlow carry a tag such as `tf_in1k`. They need its
# padding, and the networks of that time its scaling to -1..1, whatever timm's default
# weights for the same architecture need.
_TF_TAG = "tf_"
_TF_ARCHITECTURE = {"pad_type": "same"}
_TF_MEAN = _TF_STD = (0.5, 0.5, 0.5)
_SHOWN = 3


class Backbone(nn.Module):
    """A network from raw pixels to pooled features, with the rescaling inside.

    Attributes:
        name: timm's name, with the weights' tag: `mobilenetv2_100.tf_in1k`.
        digest: SHA-256 of architecture, weights and rescaling, in hexadecimal.
        source: Where the weights came from, for the bundle's provenance.
        channels: The number of features.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        source: dict[str, str],
        mean: tuple[float, ...],
        std: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.network = network.eval()
        self.name = name
        self.source = source
        scale = torch.tensor([1 / (255 * s) for s in std])
        shift = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)])
        self.register_buffer("scale", scale.view(3, 1, 1))
        self.register_buffer("shift", shift.view(3, 1, 1))
        self.channels = int(network.num_features)  # type: ignore[arg-type]
        self.digest = _digest(name, self.state_dict())

    def forward(self, pixels: Tensor) -> Tensor:
        """Features of uint8 RGB pixels, (n, height, width, 3) → (n, channels)."""
        features: Tensor = self.network(self.rescale(pixels))
        return features

    def rescale(self, pixels: Tensor) -> Tensor:
        """What the network was trained to see: (n, height, width, 3) → (n, 3, height, width)."""
        return pixels.permute(0, 3, 1, 2).float() * self.scale + self.shift


@dataclass(frozen=True, slots=True)
class _Conventions:
    """What the weights ask of the architecture and of the pixels."""

    arguments: dict[str, Any]
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


def load_backbone(name: str, weights: Path | None = None) -> Backbone:
    """Builds a backbone without its classifier, and loads its pre-trained weights.

    Args:
        name: A timm model, with or without a tag: `mobilenetv2_100`, `xception41.tf_in1k`.
        weights: A `.safetensors` or PyTorch file under timm's parameter names; None loads
            from timm's hub. A file named `<architecture>.<tag>.…` tells the tag, too.

    Raises:
        WeightsError: The name is unknown, or the weights are missing or don't fit.
    """
    architecture, _, tag = name.partition(".")
    if weights is not None and not tag and weights.name.startswith(f"{architecture}."):
        tag = weights.name.split(".")[1] if weights.name.count(".") > 1 else ""
    if not timm.is_model(architecture):
        raise WeightsError(_unknown(architecture))
    conventions = _conventions(architecture, tag)
    full_name = f"{architecture}.{tag}" if tag else architecture
    if weights is None:
        network, source = _from_hub(full_name, conventions)
    else:
        network, source = _from_file(architecture, weights, conventions)
    config = network.pretrained_cfg
    return Backbone(
        network,
        name=full_name,
        source=source,
        mean=conventions.mean or tuple(config["mean"]),  # type: ignore[index]
        std=conventions.std or tuple(config["std"]),  # type: ignore[index]
    )


def _conventions(architecture: str, tag: str) -> _Conventions:
    if tag.startswith(_TF_TAG) and architecture.startswith("mobilenet"):
        return _Conventions(_TF_ARCHITECTURE, _TF_MEAN, _TF_STD)
    return _Conventions({})


def _from_hub(name: str, conventions: _Conventions) -> tuple[nn.Module, dict[str, str]]:
    try:
        network = timm.create_model(name, pretrained=True, num_classes=0, **conventions.arguments)
    except Exception as error:  # the hub's client raises whatever its transport raises
        raise WeightsError(
            f"The pre-trained weights of {name} could not be had from timm's hub "
            f"({type(error).__name__}); download {name}.safetensors from "
            f"https://huggingface.co/timm on a machine with a network, and give it with "
            "--backbone-weights."
        ) from None
    config: dict[str, Any] = dict(network.pretrained_cfg)  # type: ignore[arg-type]
    return network, {"from": str(config.get("hf_hub_id") or config.get("url"))}


def _from_file(
    architecture: str, weights: Path, conventions: _Conventions
) -> tuple[nn.Module, dict[str, str]]:
    network = timm.create_model(architecture, num_classes=0, **conventions.arguments)
    state = _read(weights)
    expected = network.state_dict()
    missing = [key for key in expected if key not in state]
    misfits = [key for key in expected if key in state and state[key].shape != expected[key].shape]
    if missing or misfits:
        faults = missing + misfits
        raise WeightsError(
            f"The weights in {weights} don't fit {architecture}: {len(missing)} of its "
            f"{len(expected)} layers' tensors are not in the file and {len(misfits)} have another "
            f"shape ({', '.join(faults[:_SHOWN])}{', …' if len(faults) > _SHOWN else ''}); "
            "give the file or the --backbone that belongs to it."
        )
    # What the file holds beyond that is its classifier.
    network.load_state_dict({key: state[key] for key in expected})
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return network, {"from": weights.name, "sha256": digest}


def _read(weights: Path) -> dict[str, Tensor]:
    try:
        if weights.suffix == ".safetensors":
            return safetensors.torch.load_file(weights)
        state = torch.load(weights, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
        return {str(key): value for key, value in state.items()}
    except FileNotFoundError:
        raise WeightsError(
            f"The weights file {weights} does not exist; check --backbone-weights."
        ) from None
    except Exception:  # each of the two readers has exceptions of its own
        raise WeightsError(
            f"The weights file {weights} can't be read; "
            "give a .safetensors file or a PyTorch state dict."
        ) from None


def _unknown(architecture: str) -> str:
    close = difflib.get_close_matches(architecture, timm.list_models(), n=_SHOWN)
    hint = f" The nearest names: {', '.join(close)}." if close else ""
    return f"timm has no backbone called “{architecture}”.{hint}"


def _digest(name: str, state: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(name.encode())
    for key, value in state.items():
        digest.update(key.encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()
