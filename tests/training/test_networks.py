"""Networks have the design's layers and counts, and are put together as asked for."""

import copy
import functools
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import nn

from barkive.errors import UsageError, WeightsError
from barkive.images import Preprocessing
from barkive.training import networks
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.freezing import train_from
from barkive.training.head import Linear

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def untouched(weights):
    return load_backbone("test_resnet", weights, image_size=32)


@pytest.fixture
def backbone(untouched):
    return copy.deepcopy(untouched)


@functools.cache
def outline(architecture):
    """A backbone with weights drawn at random."""
    torch.manual_seed(0)
    network = timm.create_model(architecture, num_classes=0).eval()
    ones = torch.ones(3, 1, 1)
    return SimpleNamespace(name=architecture, network=network, scale=ones, shift=ones)


def own(network, name="own"):
    """A backbone with the weights that its network has, made without a file."""
    halves = (0.5, 0.5, 0.5)
    return Backbone(network, name=name, source={}, mean=halves, std=halves)


class Tiny(nn.Module):
    """As timm's networks are: one convolution, pooling, and a layer after it."""

    def __init__(self):
        super().__init__()
        self.num_features = 6
        self.conv = nn.Conv2d(3, 6, 4, stride=8)
        self.top = nn.Linear(6, 5)

    def forward_features(self, photos):
        return self.conv(photos).relu()

    def forward(self, photos):
        return self.top(self.forward_features(photos).mean((2, 3)))


# The design's table.


def test_the_simple_cnn_is_the_designs():
    with torch.device("meta"):
        network = networks.simple_cnn(20)
        table = networks.layer_table(network, 200)
    assert networks.parameters(network) == 163_843_604
    assert table == [
        ("Rescaling (rescaling)", "3 x 200 x 200", 0),
        ("Conv2d (body.0)", "32 x 200 x 200", 896),
        ("ReLU (body.1)", "32 x 200 x 200", 0),
        ("Flatten (neck)", "1280000", 0),
        ("Linear (hidden.0)", "128", 163_840_128),
        ("ReLU (hidden.1)", "128", 0),
        ("Linear (prediction)", "20", 2_580),
    ]


def test_the_deep_cnn_is_the_designs():
    network = networks.deep_cnn(20)
    assert networks.parameters(network) == 2_615_124
    assert networks.layer_table(network, 200) == [
        ("Rescaling (rescaling)", "3 x 200 x 200", 0),
        ("Conv2d (body.0)", "32 x 200 x 200", 896),
        ("ReLU (body.1)", "32 x 200 x 200", 0),
        ("MaxPool2d (body.2)", "32 x 100 x 100", 0),
        ("Conv2d (body.3)", "32 x 100 x 100", 9_248),
        ("ReLU (body.4)", "32 x 100 x 100", 0),
        ("MaxPool2d (body.5)", "32 x 50 x 50", 0),
        ("Conv2d (body.6)", "32 x 50 x 50", 9_248),
        ("ReLU (body.7)", "32 x 50 x 50", 0),
        ("MaxPool2d (body.8)", "32 x 25 x 25", 0),
        ("Flatten (neck)", "20000", 0),
        ("Linear (hidden.0)", "128", 2_560_128),
        ("ReLU (hidden.1)", "128", 0),
        ("Linear (hidden.2)", "128", 16_512),
        ("ReLU (hidden.3)", "128", 0),
        ("Linear (hidden.4)", "128", 16_512),
        ("ReLU (hidden.5)", "128", 0),
        ("Linear (prediction)", "20", 2_580),
    ]


def test_a_grey_photo_has_a_third_of_the_weights_in_the_first_convolution():
    network = networks.deep_cnn(20, image_size=32, grey=True)
    rows = {name: (shape, count) for name, shape, count in networks.layer_table(network, 32)}
    assert rows["Grey (rescaling)"] == ("1 x 32 x 32", 0)
    assert rows["Conv2d (body.0)"] == ("32 x 32 x 32", 320)


@pytest.mark.parametrize(
    ("architecture", "trainable", "with_running_statistics"),
    [
        ("mobilenetv2_100", 3_504_872, 3_538_984),
        ("legacy_xception", 22_855_952, 22_910_480),
        ("resnet50", 25_557_032, 25_610_152),
    ],
)
def test_backbones_with_their_own_top_are_the_designs(
    architecture, trainable, with_running_statistics
):
    with torch.device("meta"):
        network = timm.create_model(architecture)
    statistics = sum(
        buffer.numel()
        for name, buffer in network.named_buffers()
        if name.endswith(("running_mean", "running_var"))
    )
    assert networks.parameters(network) == trainable
    assert networks.parameters(network) + statistics == with_running_statistics


@pytest.mark.parametrize(
    ("architecture", "neck", "table"),
    [
        (
            "vgg16",
            "flattened",
            [
                ("Rescaling (rescaling)", "3 x 224 x 224", 0),
                ("Maps (body)", "512 x 7 x 7", 14_714_688),
                ("Flatten (neck)", "25088", 0),
                ("Linear (prediction)", "20", 501_780),
            ],
        ),
        (
            "mobilenetv2_100",
            "pooled",
            [
                ("Rescaling (rescaling)", "3 x 224 x 224", 0),
                ("Maps (body)", "1280 x 7 x 7", 2_223_872),
                ("AdaptiveAvgPool2d (neck.0)", "1280 x 1 x 1", 0),
                ("Flatten (neck.1)", "1280", 0),
                ("Linear (prediction)", "20", 25_620),
            ],
        ),
    ],
)
def test_backbones_without_their_top_are_the_designs(architecture, neck, table):
    network = networks.transfer(outline(architecture), 20, neck=neck)
    assert networks.layer_table(network, 224) == table


@pytest.mark.parametrize(
    ("block", "dense", "trainable"),
    [
        ("", (), 25_620),
        ("blocks.4.1.conv_dw", (), 1_861_440 + 25_620),
        ("", (1280, 1280), 3_304_980),
        ("all", (), 2_223_872 + 25_620),
    ],
)
def test_what_is_trained_of_mobilenetv2_is_the_designs(block, dense, trainable):
    network = networks.transfer(outline("mobilenetv2_100"), 20, dense=dense, dropout=0.5)
    train_from(network, block)
    assert networks.parameters(network, trainable=True) == trainable
    assert networks.parameters(network) == 2_223_872 + networks.parameters(network.head)


# The parts.


@pytest.mark.parametrize("make", [networks.simple_cnn, networks.deep_cnn])
def test_the_start_is_he_uniform(make):
    torch.manual_seed(0)
    network = make(20, image_size=32)
    first = network.hidden[0]
    bound = (6 / first.in_features) ** 0.5
    assert first.weight.abs().max() <= bound
    assert first.weight.abs().max() > 0.99 * bound
    assert all(not bias.any() for name, bias in network.named_parameters() if "bias" in name)


def test_a_head_has_dropout_before_each_of_its_layers(backbone):
    network = networks.transfer(backbone, 4, dense=(8, 6), dropout=0.25, image_size=32)
    assert [str(layer) for layer in network.head] == [
        "Dropout(p=0.25, inplace=False)",
        "Linear(in_features=96, out_features=8, bias=True)",
        "ReLU()",
        "Dropout(p=0.25, inplace=False)",
        "Linear(in_features=8, out_features=6, bias=True)",
        "ReLU()",
        "Dropout(p=0.25, inplace=False)",
        "Linear(in_features=6, out_features=4, bias=True)",
    ]


def test_the_parts_put_together_are_the_network(backbone):
    network = networks.transfer(backbone, 4, dense=(8,), dropout=0.5, image_size=32)
    pixels = torch.from_numpy(PIXELS)
    with torch.inference_mode():
        logits = network(pixels)
        assert logits.shape == (3, 4)
        assert torch.equal(network.head(network.base(pixels)), logits)
        assert torch.equal(network.prediction(network.featurizer(pixels)), logits)
        assert torch.equal(network.base(pixels), backbone(pixels))


def test_a_prediction_layer_can_be_solved_elsewhere(backbone):
    network = networks.transfer(backbone, 4, image_size=32)
    rng = np.random.default_rng(2)
    layer = Linear(*(rng.normal(size=side).astype(np.float32) for side in ((96, 4), (4,))))
    network.set_prediction(layer)
    rows = rng.normal(size=(3, 96)).astype(np.float32)
    with torch.inference_mode():
        assert network.head(torch.from_numpy(rows)).numpy() == pytest.approx(layer(rows), abs=1e-4)


def test_what_comes_after_the_maps_is_left_out_of_the_network_and_stays_in_the_backbone():
    backbone = own(Tiny())
    pixels = torch.from_numpy(PIXELS)
    with torch.inference_mode():
        before = backbone(pixels)
        network = networks.transfer(backbone, 4, neck="flattened", image_size=32)
        assert torch.equal(backbone(pixels), before)
    assert [name for name, _ in network.body.named_parameters()] == [
        "network.conv.weight",
        "network.conv.bias",
    ]
    assert network.body.network.conv.weight is backbone.network.conv.weight


def test_where_layers_come_after_the_pooling_the_backbones_own_vector_is_taken():
    backbone = own(Tiny())
    network = networks.transfer(backbone, 4, image_size=32)
    pixels = torch.from_numpy(PIXELS)
    with torch.inference_mode():
        assert torch.equal(network.base(pixels), backbone(pixels))
    assert network.prediction.in_features == 5


def test_flattened_maps_keep_every_value(backbone):
    network = networks.transfer(backbone, 4, neck="flattened", image_size=64)
    pixels = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    with torch.inference_mode():
        assert network.maps(pixels).shape == (2, 96, 2, 2)
        assert torch.equal(network.base(pixels), network.maps(pixels).reshape(2, 384))
    assert network.prediction.in_features == 384


def test_another_neck_is_refused(backbone):
    with pytest.raises(
        UsageError, match=r"^“long” is no neck; choose one of: pooled, flattened\.$"
    ):
        networks.transfer(backbone, 4, neck="long", image_size=32)


def test_a_transformer_is_taken_whole_and_can_not_be_flattened():
    backbone = own(timm.create_model("test_vit", num_classes=0), "test_vit")
    with pytest.raises(
        WeightsError,
        match=r"^test_vit has no maps that can be flattened; take its pooled features\.$",
    ):
        networks.transfer(backbone, 4, neck="flattened", image_size=160)
    network = networks.transfer(backbone, 4, image_size=160)
    pixels = torch.zeros(1, 160, 160, 3, dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(network.base(pixels), backbone(pixels))
    assert network.heat_maps(Preprocessing(size=160)) is None
    with pytest.raises(WeightsError, match=r"no maps of features, so no heat map can be drawn\.$"):
        networks.class_activation(network, pixels.numpy(), np.array([0]))


def test_grey_is_pillows_luminance():
    grey = 127.5 * (networks.Grey()(torch.from_numpy(PIXELS)) + 1)
    expected = [np.asarray(Image.fromarray(photo).convert("L"), int) for photo in PIXELS]
    assert grey.shape == (3, 1, 32, 32)
    off = np.abs(grey[:, 0].numpy() - expected)
    # Pillow's weights are whole 65536ths, so that a few come out on the other side of a half.
    assert off.max() < 1.001
    assert (off > 0.001).mean() < 0.01
    colours = 255 * torch.eye(3, dtype=torch.uint8).view(1, 1, 3, 3)
    luminance = 127.5 * (networks.Grey()(colours).flatten() + 1)
    assert luminance.tolist() == pytest.approx([76, 150, 29], abs=1e-4)


def test_grey_pixels_and_their_copies_in_colour_are_the_same_to_grey():
    one = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1)
    assert torch.equal(networks.Grey()(one), networks.Grey()(one.expand(1, 16, 16, 3)))
    expected = np.linspace(-1, 1, 256)
    assert networks.Grey()(one).flatten().numpy() == pytest.approx(expected, abs=1e-6)


def test_colours_from_scratch_are_rescaled_to_minus_1_to_1():
    rescaled = networks.simple_cnn(2, image_size=32).rescaling(torch.from_numpy(PIXELS))
    assert rescaled.shape == (3, 3, 32, 32)
    assert rescaled.numpy() == pytest.approx(PIXELS.transpose(0, 3, 1, 2) / 127.5 - 1, abs=1e-6)
