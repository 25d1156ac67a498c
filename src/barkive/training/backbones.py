"""A name becomes a pre-trained network and the preprocessing that it was trained with.

Any model of timm works by its name, with its weights from timm's hub or from a local
file. What comes back gives pooled features, and keeps the classifier that they had; it does
not know what they are used for.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import timm
import torch
from timm.models import load_state_dict
from torch import Tensor, nn

from barkive.errors import WeightsError, system_reason
from barkive.messages import Message
from barkive.training.pretrained import CLASSES, PretrainedClassifier, read_classifier

# Weights that were trained with TensorFlow carry a tag such as `tf_in1k`. They need its
# padding, and the networks of that time its scaling to -1..1, whatever timm's default
# weights for the same architecture need.
_TF_TAG = "tf_"
_TF_ARCHITECTURE = {"pad_type": "same"}
_TF_MEAN = _TF_STD = (0.5, 0.5, 0.5)
_HUB_FILE = "model.safetensors"
_HUB_PATIENCE = 10  # seconds
_SHOWN = 3
_BLOCKS_SHOWN = 16


class Backbone(nn.Module):
    """A network from raw pixels to pooled features, with the rescaling inside.

    Attributes:
        name: timm's name, with the weights' tag: `mobilenetv2_100.tf_in1k`.
        digest: SHA-256 of architecture, weights and rescaling, in hexadecimal.
        source: Where the weights came from, for the bundle's provenance.
        classifier: What the weights were pre-trained with, on exactly these features; None
            where it is not one of ImageNet-1k's 1,000 classes, or not known to fit.
        unclassified: Why there is no classifier; None where there is one.
    """

    classifier: PretrainedClassifier | None = None
    unclassified: Message | None = None
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


# The network without its classifier, all of its weights, and where they came from.
_Loaded = tuple[nn.Module, dict[str, Tensor], dict[str, str]]


def check_name(name: str, weights: Path | None) -> None:
    """Checks, without a network, that timm knows a backbone, and has weights if none are given.

    Args:
        name: As for `load_backbone`.
        weights: As for `load_backbone`.

    Raises:
        WeightsError: It does not; the message has the nearest names.
    """
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        close = difflib.get_close_matches(architecture, timm.list_models(), n=_SHOWN)
        if close:
            raise WeightsError("backbone_unknown_near", backbone=architecture, names=close)
        raise WeightsError("backbone_unknown", backbone=architecture)
    tags = _tags(architecture)
    if weights is None and not tags:
        raise WeightsError("weights_none_on_hub", backbone=architecture)
    if weights is None and tag and tag not in tags:
        raise WeightsError(
            "weights_unknown_on_hub",
            weights=name,
            names=", ".join(f"{architecture}.{one}" for one in tags),
        )


def load_backbone(name: str, weights: Path | None = None, *, image_size: int = 224) -> Backbone:
    """Builds a backbone, and loads its pre-trained weights.

    Args:
        name: A timm model, with or without a tag: `mobilenetv2_100`, `xception41.tf_in1k`.
        weights: A `.safetensors` or PyTorch file under timm's parameter names; None loads
            from timm's hub. A file named `<architecture>.<tag>.…` tells the tag, too.
        image_size: Side of the photos that it will get, in pixels.

    Raises:
        WeightsError: The name is unknown, the weights are missing or don't fit, or the
            network takes no photos of that size.
    """
    check_name(name, weights)
    architecture, tag = _resolve(name, weights)
    conventions = _conventions(architecture, tag)
    known = _known(architecture, tag)
    if weights is None:
        network, state, source = _from_hub(known, conventions)
    else:
        network, state, source = _from_file(known, weights, conventions)
    config: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    backbone = Backbone(
        network,
        name=f"{architecture}.{tag}" if tag else architecture,
        source=source,
        mean=conventions.mean or tuple(config["mean"]),
        std=conventions.std or tuple(config["std"]),
    )
    _check_size(backbone, image_size, own=config["input_size"][-1])
    found = read_classifier(
        network,
        state,
        lambda: timm.create_model(known, num_classes=CLASSES, **conventions.arguments),
        backbone.rescale(_noise(image_size)),
    )
    if isinstance(found, Message):
        backbone.unclassified = found
    else:
        backbone.classifier = found
    return backbone


def own_size(name: str, weights: Path | None = None) -> int:
    """Side of the photos that a backbone was trained on, in pixels, as timm knows it.

    Args:
        name: As for `load_backbone`.
        weights: As for `load_backbone`; the file is not opened.

    Raises:
        WeightsError: As `check_name`.
    """
    check_name(name, weights)
    config: Any = timm.get_pretrained_cfg(_known(*_resolve(name, weights)))
    return int(config.input_size[-1])


def _resolve(name: str, weights: Path | None) -> tuple[str, str]:
    """The architecture and the tag of the weights, which is empty where nothing tells it."""
    architecture, _, tag = name.partition(".")
    if weights is None:
        tag = tag or _tags(architecture)[0]
    elif not tag and weights.name.startswith(f"{architecture}."):
        one, dot, _ = weights.name.removeprefix(f"{architecture}.").partition(".")
        tag = one if dot else ""
    return architecture, tag


def _known(architecture: str, tag: str) -> str:
    """What timm calls them: a tag that it knows brings its own scaling of pixels and size."""
    return f"{architecture}.{tag}" if tag in _tags(architecture) else architecture


def _tags(architecture: str) -> list[str]:
    """The tags of the weights on timm's hub, the default one first."""
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    default: Any = timm.get_pretrained_cfg(architecture)
    return sorted(tags, key=lambda tag: (tag != default.tag, tag))


def _conventions(architecture: str, tag: str) -> _Conventions:
    if tag.startswith(_TF_TAG) and architecture.startswith("mobilenet"):
        return _Conventions(_TF_ARCHITECTURE, _TF_MEAN, _TF_STD)
    return _Conventions({})


def _from_hub(name: str, conventions: _Conventions) -> _Loaded:
    config: Any = timm.get_pretrained_cfg(name)
    repository = config.hf_hub_id
    source = (
        f"{huggingface_hub.constants.ENDPOINT}/{repository}/resolve/main/{_HUB_FILE}"
        if repository
        else str(config.url)
    )
    overlay = {}
    try:
        if repository:
            cached = huggingface_hub.try_to_load_from_cache(repository, _HUB_FILE)
            if isinstance(cached, str):
                overlay = {"file": cached}
            else:
                # The hub's client would try again and again for most of a minute.
                huggingface_hub.get_session().head(source, timeout=_HUB_PATIENCE)
        # What torch says of a download is no result.
        with redirect_stdout(sys.stderr):
            network = timm.create_model(
                name,
                pretrained=True,
                num_classes=0,
                pretrained_cfg_overlay=overlay,
                **conventions.arguments,
            )
    except Exception as error:  # the hub's client raises whatever its transport raises
        raise WeightsError(
            "weights_not_fetched",
            backbone=name,
            reason=type(error).__name__,
            url=source,
            stem=name,
            suffix=Path(source).suffix,
        ) from None
    try:
        with redirect_stdout(sys.stderr):
            whole = timm.create_model(
                name, pretrained=True, pretrained_cfg_overlay=overlay, **conventions.arguments
            )
    except Exception:  # these weights have no classifier, which each network says in its way
        return network, {}, {"from": source}
    return network, whole.state_dict(), {"from": source}


def _from_file(name: str, weights: Path, conventions: _Conventions) -> _Loaded:
    network = timm.create_model(name, num_classes=0, **conventions.arguments)
    state = _read(weights)
    # Some files leave out the batch norms' counters, which only training needs.
    expected = {
        key: value
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    misfits = [
        key
        for key, value in expected.items()
        if key not in state or state[key].shape != value.shape
    ]
    if misfits:
        missing = len([key for key in misfits if key not in state])
        raise WeightsError(
            "weights_misfit",
            path=weights,
            backbone=name,
            missing=missing,
            count=len(expected),
            misshapen=len(misfits) - missing,
            blocks=_by_block(misfits),
        )
    # What the file holds beyond that is its classifier.
    network.load_state_dict({key: state[key] for key in expected}, strict=False)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return network, state, {"from": weights.name, "sha256": digest}


def _by_block(tensors: list[str]) -> str:
    """Where tensors belong, and how many to each: `conv_stem (1), blocks.0 (9)`.

    Where there are many blocks, what they belong to: `layer1 (60), layer2 (75)`.
    """
    counts = Counter(re.sub(r"^(\w+(\.\d+)?).*", r"\1", name) for name in tensors)
    if len(counts) > _BLOCKS_SHOWN:
        counts = Counter(name.partition(".")[0] for name in tensors)
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _read(weights: Path) -> dict[str, Tensor]:
    try:
        # The readers take a file without permission for one that is not there.
        weights.open("rb").close()
        state = load_state_dict(str(weights), weights_only=True)
        return {key: value for key, value in state.items() if isinstance(value, Tensor)}
    except FileNotFoundError:
        raise WeightsError("weights_file_not_found", path=weights) from None
    except OSError as error:
        raise WeightsError(
            "weights_file_unreadable", path=weights, reason=system_reason(error)
        ) from None
    except Exception:  # each of the readers has exceptions of its own
        raise WeightsError("weights_file_format", path=weights) from None


def _noise(size: int) -> Tensor:
    """Two pictures of noise, always the same: (2, size, size, 3), uint8."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, size, size, 3), dtype=torch.uint8, generator=generator)


def _check_size(backbone: Backbone, image_size: int, *, own: int) -> None:
    try:
        with torch.inference_mode():
            features = backbone(torch.zeros(1, image_size, image_size, 3, dtype=torch.uint8))
    except Exception as error:  # whatever the network's layers raise
        raise WeightsError(
            "backbone_image_size",
            backbone=backbone.name,
            width=image_size,
            height=image_size,
            reason=str(error).partition(chr(10))[0],
            own_size=own,
        ) from None
    if features.ndim != 2:
        raise WeightsError(
            "backbone_no_pooled_features", backbone=backbone.name, shape=tuple(features.shape[1:])
        )


def _digest(name: str, state: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(name.encode())
    for key, value in state.items():
        digest.update(key.encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()
