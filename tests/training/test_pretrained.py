"""A backbone keeps the classifier of its weights, or says why there is none."""

import huggingface_hub
import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from timm.data.imagenet_info import ImageNetInfo
from torch import nn

from barkive.breeds import dog_ids
from barkive.messages import Message
from barkive.training.backbones import load_backbone
from barkive.training.pretrained import read_classifier

PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8))


def load(name, weights):
    return load_backbone(name, weights, image_size=32)


def test_the_rows_give_the_networks_own_answers(classified):
    backbone = load("test_resnet", classified)
    rows = backbone.classifier
    assert backbone.unclassified is None
    assert (rows.weight.shape, rows.bias.shape) == ((96, 1000), (1000,))
    assert rows.weight.dtype == rows.bias.dtype == np.float32
    assert (rows.ids[0], rows.ids[999]) == ("n01440764", "n15075141")
    assert rows.ids[151:154] == ("n02085620", "n02085782", "n02085936")
    whole = timm.create_model("test_resnet", checkpoint_path=str(classified)).eval()
    with torch.inference_mode():
        expected = whole(backbone.rescale(PIXELS)).numpy()
        features = backbone(PIXELS).numpy()
    np.testing.assert_allclose(features @ rows.weight + rows.bias, expected, atol=1e-5)


def test_the_hub_brings_them_too(classified, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_session", None)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: str(classified))
    hub, file = load("test_resnet", None), load("test_resnet", classified)
    assert hub.digest == file.digest
    assert np.array_equal(hub.classifier.weight, file.classifier.weight)
    assert np.array_equal(hub.classifier.bias, file.classifier.bias)


def test_the_hubs_weights_may_have_none(weights, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: str(weights))
    backbone = load("test_resnet", None)
    assert backbone.classifier is None
    assert str(backbone.unclassified) == "The weights hold no classifier (fc.weight)."


def test_the_comparison_is_with_the_padding_of_the_weights(tmp_path):
    torch.manual_seed(0)
    network = timm.create_model("mobilenetv2_035", pad_type="same")
    path = tmp_path / "mobilenetv2_035.tf_x.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    assert load("mobilenetv2_035", path).classifier is not None


def test_half_precision_is_read(classified, tmp_path):
    state = {k: v.half() for k, v in safetensors.torch.load_file(classified).items()}
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    rows = load("test_resnet", tmp_path / "w.safetensors").classifier
    assert rows.weight.dtype == np.float32
    assert np.array_equal(rows.weight, state["fc.weight"].float().numpy().T)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"fc.weight": None, "fc.bias": None},
            "The weights hold no classifier (fc.weight).",
        ),
        (
            {"fc.weight": (1001, 96), "fc.bias": (1001,)},
            "The weights' classifier has 1,001 classes (ImageNet-1k's and the background, which "
            "may stand first or last), not the 1,000 of ImageNet-1k.",
        ),
        (
            {"fc.weight": (21843, 96), "fc.bias": (21843,)},
            "The weights' classifier has 21,843 classes (ImageNet-21k's), not the 1,000 of "
            "ImageNet-1k.",
        ),
        (
            {"fc.weight": (9, 96), "fc.bias": (9,)},
            "The weights' classifier has 9 classes, not the 1,000 of ImageNet-1k.",
        ),
        ({"fc.bias": None}, "The weights' classifier has no bias (fc.bias)."),
        (
            {"fc.weight": (1000, 5)},
            "The weights' classifier has the shapes [1000, 5] and [1000], not [1000, 96] and "
            "[1000].",
        ),
        (
            {"fc.bias": (1000, 1)},
            "The weights' classifier has the shapes [1000, 96] and [1000, 1], not [1000, 96] and "
            "[1000].",
        ),
    ],
)
def test_other_classifiers_are_passed_over_and_the_features_stay(
    classified, weights, tmp_path, change, reason
):
    state = safetensors.torch.load_file(classified)
    for name, shape in change.items():
        del state[name]
        if shape is not None:
            state[name] = torch.zeros(shape)
    path = tmp_path / "test_resnet.r160_in1k.safetensors"
    safetensors.torch.save_file(state, path)
    backbone = load("test_resnet", path)
    assert backbone.classifier is None
    assert str(backbone.unclassified) == reason
    assert backbone.digest == load("test_resnet", classified).digest


class Network(nn.Module):
    """Two features of a picture, and a classifier on something near them."""

    def __init__(self, head=None, scale=1.0):
        super().__init__()
        self.pretrained_cfg = {"classifier": "head"}
        self.norm = nn.BatchNorm1d(2)
        self.head, self.scale = head or nn.Identity(), scale

    def forward(self, pixels):
        features = self.norm(pixels.mean((2, 3))[:, :2])
        return self.head(features * self.scale if self.scale != 1 else features)


def read(whole, network=None, **changed):
    state = whole.state_dict() | changed
    pixels = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return read_classifier(
        network or Network().eval(),
        {key: value for key, value in state.items() if value is not None},
        lambda: whole,
        pixels,
    )


def test_only_a_linear_layer_on_the_pooled_features_counts():
    assert read(Network(nn.Linear(2, 1000))).weight.shape == (2, 1000)
    linear = Message("classifier_not_linear")
    assert read(Network(nn.Bilinear(2, 2, 1000))) == linear
    two = Network()
    two.pretrained_cfg = {"classifier": ("head", "head_dist")}
    assert read(Network(nn.Linear(2, 1000)), two) == linear
    other = Message("classifier_answers_differ")
    assert read(Network(nn.Linear(2, 1000), scale=1.1)) == other
    assert read(Network(nn.Linear(2, 1000)), **{"head.bias": torch.full((1000,), torch.nan)}) == (
        other
    )


def test_a_part_of_a_classifier_is_none():
    assert read(Network(nn.Linear(2, 1000)), **{"norm.weight": None}) == Message(
        "classifier_incomplete", {"name": "norm.weight"}
    )


def test_the_tables_breeds_are_all_of_imagenets_dogs():
    ids = ImageNetInfo().label_names()
    dogs = [one for one in ids if "n02085620" <= one <= "n02113978"]
    assert len(dogs) == 118
    dingo, dhole, wild_dog = "n02115641", "n02115913", "n02116738"
    assert dog_ids() == {*dogs, dingo, dhole, wild_dog}
    assert dog_ids() <= set(ids)
    # Wolves, coyote, hyena and foxes.
    others = {"n02114367", "n02114548", "n02114712", "n02114855", "n02117135"}
    others |= {"n02119022", "n02119789", "n02120079", "n02120505"}
    assert others <= set(ids) - dog_ids()
