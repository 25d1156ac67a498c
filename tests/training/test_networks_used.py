"""Networks are trained from a block up, show what they look at, and are exported."""

import copy

import numpy as np
import pytest
import timm
import torch
from torch import nn

from barkive.bundle import OUTPUTS
from barkive.errors import UsageError
from barkive.images import Preprocessing
from barkive.training import loop, networks, onnx_export
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.batches import Rows
from barkive.training.freezing import train_from
from barkive.training.head import DogDetector, Linear

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
TRUTH = np.array([0, 1, 0])


@pytest.fixture(scope="module")
def untouched(weights):
    return load_backbone("test_resnet", weights, image_size=32)


@pytest.fixture
def backbone(untouched):
    return copy.deepcopy(untouched)


def own(network, name="own"):
    """A backbone with the weights that its network has, made without a file."""
    halves = (0.5, 0.5, 0.5)
    return Backbone(network, name=name, source={}, mean=halves, std=halves)


class Tiny(nn.Module):
    """As timm's networks are: one convolution and pooling."""

    def __init__(self):
        super().__init__()
        self.num_features = 6
        self.conv = nn.Conv2d(3, 6, 4, stride=8)

    def forward_features(self, photos):
        return self.conv(photos).relu()

    def forward(self, photos):
        return self.forward_features(photos).mean((2, 3))


# Fine-tuning.


def frozen(network):
    return [name for name, weight in network.named_parameters() if not weight.requires_grad]


def test_a_block_and_all_after_it_are_trained(backbone):
    network = networks.transfer(backbone, 2, image_size=32)
    train_from(network, "layer4")
    names = [name for name, _ in network.named_parameters()]
    first = names.index("body.network.layer4.0.conv1.weight")
    assert first > 0
    assert frozen(network) == names[:first]
    # Another choice forgets the one before.
    train_from(network, "all")
    assert frozen(network) == []
    train_from(network, "")
    assert frozen(network) == [name for name in names if name.startswith("body.")]


def test_a_block_of_a_backbone_that_is_taken_whole():
    network = networks.transfer(
        own(timm.create_model("test_vit", num_classes=0)), 4, image_size=160
    )
    train_from(network, "blocks.5")
    assert "body.blocks.4.mlp.fc2.weight" in frozen(network)
    assert "body.blocks.5.norm1.weight" not in frozen(network)
    assert "prediction.weight" not in frozen(network)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("layer4.0.conv9", "layer4.0.conv2"),
        ("layer", "layer4"),
        ("lyaer4.0", "layer4.0"),
        ("zzz", "conv1, bn1, act1, maxpool, layer1, layer2, layer3, layer4"),
        # The beginning of a name is not a name.
        ("layer4.0.con", "layer4.0.conv1"),
    ],
)
def test_an_unknown_block_gets_names_near_to_it(backbone, name, shown):
    network = networks.transfer(backbone, 2, image_size=32)
    with pytest.raises(UsageError) as raised:
        train_from(network, name)
    message = str(raised.value)
    start = f"The network has no block “{name}” to train from; it has, for instance, "
    assert message.startswith(start)
    assert message.endswith(".")
    assert shown in message.removeprefix(start)


def test_training_leaves_frozen_weights_and_running_statistics_alone(backbone):
    torch.manual_seed(0)
    network = networks.transfer(backbone, 2, dense=(8,), image_size=32)
    train_from(network, "layer4")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    # More than one step: the last norm of a block starts at 0, and hides those before it.
    batches = Rows(PIXELS, TRUTH, batch=1)
    loop.fit(network, batches, batches, loop.Schedule(epochs=1, learning_rate=0.01))
    after = network.cpu().state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    trained = {name for name, value in network.named_parameters() if value.requires_grad}
    assert changed == trained
    assert "body.network.layer4.0.bn1.weight" in changed


# Heat maps.


@pytest.mark.parametrize("neck", ["pooled", "flattened"])
def test_a_heat_map_is_the_maps_weighted_by_the_prediction_layer(backbone, neck):
    torch.manual_seed(0)
    network = networks.transfer(backbone, 4, neck=neck, dropout=0.5, image_size=64)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    classes = np.array([3, 1])
    network.train()
    activation = networks.class_activation(network, pixels, classes)
    network.eval()
    with torch.inference_mode():
        maps = network.maps(torch.from_numpy(pixels)).numpy()
        logits = network(torch.from_numpy(pixels)).numpy()
    assert maps.shape == (2, 96, 2, 2)
    weight, bias = (
        one.detach().numpy() for one in (network.prediction.weight, network.prediction.bias)
    )
    if neck == "pooled":
        expected = np.einsum("nc,nchw->nhw", weight[classes], maps) / 4
    else:
        expected = (weight[classes].reshape(2, 96, 2, 2) * maps).sum(axis=1)
    assert activation.shape == (2, 2, 2)
    assert activation.dtype == np.float32
    assert activation == pytest.approx(expected, abs=1e-5)
    # What all places say together, and the bias, is the logit.
    assert activation.sum(axis=(1, 2)) + bias[classes] == pytest.approx(
        logits[[0, 1], classes], abs=1e-5
    )


def test_a_heat_map_goes_through_dense_layers():
    torch.manual_seed(0)
    network = networks.deep_cnn(3, image_size=32)
    activation = networks.class_activation(network, PIXELS, np.array([0, 1, 2]))
    with torch.inference_mode():
        logits = network(torch.from_numpy(PIXELS)).numpy()
    # All biases are 0 at the start, so the logit is made of the maps alone.
    assert activation.shape == (3, 4, 4)
    assert activation.sum(axis=(1, 2)) == pytest.approx(np.diag(logits), abs=1e-4)
    assert network.heat_maps(Preprocessing(size=32)) is not None


# Export.


def prepare(kind):
    torch.manual_seed(0)
    if kind == "grey":
        return networks.deep_cnn(3, image_size=32, grey=True)
    return networks.transfer(own(Tiny()), 3, neck=kind, dense=(8,), dropout=0.5, image_size=32)


@pytest.mark.parametrize("kind", ["pooled", "flattened", "grey"])
def test_the_exported_network_answers_as_torch_does(kind):
    network = prepare(kind)
    graph = onnx_export.to_graph(network.featurizer, 32)
    weight, bias = (
        one.detach().numpy() for one in (network.prediction.weight, network.prediction.bias)
    )
    prediction, detector = Linear(weight.T.copy(), bias), DogDetector(1.0, 0.0)
    model = onnx_export.add_head(graph, prediction, detector)
    logits, _, features = onnx_export.session(model).run(OUTPUTS, {"pixels": PIXELS})
    with torch.inference_mode():
        # Features are rounded to float16, which has eleven bits.
        expected = network.featurizer(torch.from_numpy(PIXELS)).numpy()
        assert features == pytest.approx(expected, rel=2**-11, abs=1e-4)
        assert logits == pytest.approx(network(torch.from_numpy(PIXELS)).numpy(), abs=2e-3)
    assert np.ptp(logits, axis=0).min() > 0  # other photos, other answers
    onnx_export.check_same_answers(
        network.featurizer, prediction, detector, model, PIXELS, int8=False
    )
