"""Networks from pixels to breeds: two small ones from scratch, and any backbone with a head.

Each has four parts: the body makes maps from pixels, the neck makes one vector of them,
the hidden layers make features of that, and the prediction layer makes logits. What is
frozen, cached, exported or drawn as a heat map is a run of these parts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from barkive.errors import UsageError, WeightsError
from barkive.evaluation import HeatMaps
from barkive.images import Preprocessing
from barkive.training.backbones import Backbone
from barkive.training.head import Linear
from barkive.training.process_group.dropout import Dropout

Neck = Literal["pooled", "flattened"]

# ITU-R BT.601, as Pillow has it.
_LUMINANCE = (0.299, 0.587, 0.114)


class Network(nn.Module):
    """Raw pixels → logits.

    Attributes:
        rescaling: uint8 pixels → what the body was trained to see.
        body: → maps, (n, channels, height, width); or (n, channels) for a backbone that has
            no maps.
        neck: → a vector a photo, (n, values).
        hidden: → features, (n, features); the vector itself where there are no dense layers.
        prediction: → logits, (n, classes).
    """

    def __init__(
        self,
        rescaling: nn.Module,
        body: nn.Module,
        neck: nn.Module,
        hidden: nn.Sequential,
        prediction: nn.Linear,
    ) -> None:
        super().__init__()
        self.rescaling = rescaling
        self.body = body
        self.neck = neck
        self.hidden = hidden
        self.prediction = prediction

    def maps(self, pixels: Tensor) -> Tensor:
        """The body's maps of uint8 pixels, (n, height, width, channels)."""
        maps: Tensor = self.body(self.rescaling(pixels))
        return maps

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of uint8 pixels, (n, height, width, channels) → (n, classes)."""
        logits: Tensor = self.head(self.neck(self.maps(pixels)))
        return logits

    def set_prediction(self, layer: Linear) -> None:
        """Gives the prediction layer the weights of one that was solved elsewhere."""
        with torch.no_grad():
            self.prediction.weight.copy_(torch.from_numpy(layer.weight.T))
            self.prediction.bias.copy_(torch.from_numpy(layer.bias))

    def heat_maps(self, preprocessing: Preprocessing) -> HeatMaps | None:
        """Shows what the network looks at; None where it has no maps."""
        if _probe(nn.Sequential(self.rescaling, self.body), preprocessing.size).ndim != 4:
            return None
        return HeatMaps(partial(class_activation, self), preprocessing)

    @property
    def base(self) -> nn.Sequential:
        """Pixels → vectors: what is frozen while a head is trained; shares the weights."""
        return nn.Sequential(self.rescaling, self.body, self.neck)

    @property
    def head(self) -> nn.Sequential:
        """Vectors → logits; shares the weights."""
        return nn.Sequential(*self.hidden, self.prediction)

    @property
    def featurizer(self) -> nn.Sequential:
        """Pixels → features: all but the prediction layer; shares the weights."""
        return nn.Sequential(*self.base, *self.hidden)


class Rescaling(nn.Module):
    """uint8 RGB pixels times a scale plus a shift, each of shape (3, 1, 1)."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, height, width, 3) → (n, 3, height, width)."""
        return pixels.permute(0, 3, 1, 2).float() * self.scale + self.shift


class Grey(nn.Module):
    """The luminance of RGB pixels, rescaled to -1..1; pixels that are grey already as well."""

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, height, width, 3 or 1) → (n, 1, height, width)."""
        planes = pixels.permute(0, 3, 1, 2).float()
        if planes.shape[1] == 3:
            weights = torch.tensor(_LUMINANCE, device=planes.device).view(1, 3, 1, 1)
            planes = (planes * weights).sum(dim=1, keepdim=True).round()
        return planes / 127.5 - 1


def simple_cnn(classes: int, *, image_size: int = 200, grey: bool = False) -> Network:
    """One convolution and two dense layers; 163,843,604 parameters for 20 breeds."""
    body = nn.Sequential(_convolution(1 if grey else 3), nn.ReLU())
    return _from_scratch(body, (128,), classes, image_size, grey)


def deep_cnn(classes: int, *, image_size: int = 200, grey: bool = False) -> Network:
    """Three convolutions with pooling and four dense layers; 2,615,124 for 20 breeds."""
    layers: list[nn.Module] = []
    for channels in (1 if grey else 3, 32, 32):
        layers += [_convolution(channels), nn.ReLU(), nn.MaxPool2d(2)]
    return _from_scratch(nn.Sequential(*layers), (128, 128, 128), classes, image_size, grey)


def _convolution(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, 32, 3, padding="same")


def _from_scratch(
    body: nn.Module, dense: Sequence[int], classes: int, image_size: int, grey: bool
) -> Network:
    # To -1..1: around 0 a layer of a million inputs learns many times as fast as on 0..1.
    ones = torch.ones(3, 1, 1)
    rescaling = Grey() if grey else Rescaling(ones / 127.5, -ones)
    network = _with_head(rescaling, body, nn.Flatten(), dense, 0.0, classes, image_size)
    for module in network.modules():
        # He et al. (2015), "Delving Deep into Rectifiers"; PyTorch's own start is smaller.
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return network


def transfer(
    backbone: Backbone,
    classes: int,
    *,
    neck: Neck = "pooled",
    dense: Sequence[int] = (),
    dropout: float = 0.0,
    image_size: int = 224,
) -> Network:
    """A pre-trained backbone with a new head.

    Args:
        backbone: Its own top is already left out.
        classes: The number of breeds.
        neck: `pooled` takes the mean of each map, `flattened` every value of every map.
        dense: Widths of the layers before the prediction layer, each followed by a ReLU.
        dropout: The share of features left out at random in training, before each layer
            of the head; 0 up to but not 1.
        image_size: Side of the photos, in pixels.

    Raises:
        WeightsError: The maps of this backbone can't be flattened.
        UsageError: There is no such neck.
    """
    if neck not in get_args(Neck):
        raise UsageError("recipe_neck_unknown", neck=neck, necks=", ".join(get_args(Neck)))
    rescaling = Rescaling(backbone.scale, backbone.shift)
    body: nn.Module = Maps(_without_top(backbone.network, image_size))
    maps = _probe(nn.Sequential(rescaling, body), image_size)
    squeeze: nn.Module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if neck == "flattened":
        if maps.ndim != 4:
            raise WeightsError("backbone_not_flattenable", backbone=backbone.name)
        squeeze = nn.Flatten()
    else:
        # Transformers have tokens, and some networks layers of their own after the pooling:
        # there the backbone's own way to one vector is taken whole.
        own = _probe(nn.Sequential(rescaling, backbone.network), image_size)
        pooled = squeeze(maps) if maps.ndim == 4 else maps
        if pooled.shape != own.shape or not torch.allclose(pooled, own, atol=1e-4):
            body, squeeze = backbone.network, nn.Identity()
    return _with_head(rescaling, body, squeeze, dense, dropout, classes, image_size)


class Maps(nn.Module):
    """A timm network up to its maps, before the pooling."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: Tensor) -> Tensor:
        """Rescaled photos (n, 3, height, width) → maps."""
        maps: Tensor = self.network.forward_features(photos)  # type: ignore[operator]
        return maps


def _without_top(network: nn.Module, image_size: int) -> nn.Module:
    """A copy that shares the weights, but for those after the maps, such as VGG's dense layers."""
    passed: set[nn.Module] = set()
    hooks = [
        part.register_forward_pre_hook(lambda part, _: passed.add(part))
        for part in network.modules()
    ]
    with torch.inference_mode():
        network.eval().forward_features(torch.zeros(1, 3, image_size, image_size))  # type: ignore[operator]
    for hook in hooks:
        hook.remove()
    bare = copy.copy(network)
    bare._modules = network._modules.copy()
    for name, child in network.named_children():
        if passed.isdisjoint(child.modules()):
            setattr(bare, name, nn.Identity())
    return bare


def _with_head(
    rescaling: nn.Module,
    body: nn.Module,
    neck: nn.Module,
    dense: Sequence[int],
    dropout: float,
    classes: int,
    image_size: int,
) -> Network:
    width = _probe(nn.Sequential(rescaling, body, neck), image_size).shape[1]
    layers: list[nn.Module] = []
    for units in dense:
        layers += [Dropout(dropout)] if dropout else []
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    layers += [Dropout(dropout)] if dropout else []
    return Network(rescaling, body, neck, nn.Sequential(*layers), nn.Linear(width, classes)).eval()


def _probe(module: nn.Module, image_size: int) -> Tensor:
    """What a module makes of one black photo."""
    channels = 1 if any(isinstance(part, Grey) for part in module.modules()) else 3
    pixels = torch.zeros(1, image_size, image_size, channels, dtype=torch.uint8)
    with torch.inference_mode():
        output: Tensor = module.eval()(pixels)
    return output


def parameters(network: nn.Module, *, trainable: bool = False) -> int:
    """The number of weights; with `trainable` only of those that are not frozen."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not trainable)


def layer_table(network: Network, image_size: int) -> list[tuple[str, str, int]]:
    """Each layer's kind and name, output shape without the batch, and parameters.

    A layer is a module without modules in it; a backbone counts as one.
    """
    rows: list[tuple[str, str, int]] = []
    hooks = []

    def add(name: str, module: nn.Module) -> None:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            shape = " x ".join(str(side) for side in output.shape[1:])
            rows.append((f"{type(module).__name__} ({name})", shape, parameters(module)))

        hooks.append(module.register_forward_hook(hook))

    def walk(prefix: str, module: nn.Module) -> None:
        children = dict(module.named_children())
        whole = isinstance(module, Maps) or module is network.body
        if not children or (whole and not isinstance(module, nn.Sequential)):
            add(prefix, module)
            return
        for name, child in children.items():
            walk(f"{prefix}.{name}" if prefix else name, child)

    walk("", network)
    _probe(network, image_size)
    for handle in hooks:
        handle.remove()
    return rows


def class_activation(
    network: Network, pixels: NDArray[np.uint8], classes: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Where in each photo the network saw the class: the maps weighted by the prediction layer.

    HiResCAM (Draelos & Carin, 2020, "Use HiResCAM instead of Grad-CAM"): the gradient of
    the class's logit times the maps, summed over the channels. Where the prediction layer
    follows the pooling at once this is the class activation map of Zhou et al. (2016),
    "Learning Deep Features for Discriminative Localization", divided by the area.

    Args:
        network: Its body must give maps.
        pixels: Photos as the network takes them, (n, size, size, channels).
        classes: The class to look for, shape (n,).

    Returns:
        Shape (n, height, width): above 0 where a place speaks for the class.

    Raises:
        WeightsError: The network has no maps.
    """
    network.eval()
    device = network.prediction.weight.device
    with torch.no_grad():
        maps = network.maps(torch.from_numpy(pixels).to(device))
    if maps.ndim != 4:
        raise WeightsError("heat_map_no_feature_maps")
    maps = maps.detach().float().requires_grad_()
    logits = network.head(network.neck(maps))
    chosen = logits[torch.arange(len(classes)), torch.from_numpy(classes).to(device)].sum()
    (gradient,) = torch.autograd.grad(chosen, maps)
    activation: NDArray[np.float32] = (gradient * maps).sum(dim=1).detach().cpu().numpy()
    return activation
