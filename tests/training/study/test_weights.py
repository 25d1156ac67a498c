"""The weights of a recipe's network: from a file, from a folder, or from timm's hub."""

import huggingface_hub
import pytest

from barkive.errors import UsageError, WeightsError
from barkive.training.study.study_recipe import StudyRecipe
from barkive.training.study.weights import find_weights, load_weights

MOBILENET = StudyRecipe(about="x", image_size=32)


@pytest.fixture
def offline(monkeypatch):
    class Offline:
        def head(self, url, timeout):
            raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "get_session", Offline)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: None)


def test_a_file_is_taken_whatever_its_name(tiny, weights):
    assert find_weights("vgg16", weights) == weights
    assert load_weights(tiny(), weights).source["from"] == "test_resnet.pt.safetensors"
    assert find_weights("vgg16", None) is None


def test_a_folder_gives_each_network_its_own_file(tmp_path):
    names = ["vgg16.pth", "vgg16_bn.safetensors", "vgg16.tv_in1k.txt", "resnet50.a1.safetensors"]
    for name in names:
        (tmp_path / name).touch()
    assert find_weights("vgg16", tmp_path) == tmp_path / "vgg16.pth"
    assert find_weights("vgg16_bn", tmp_path) == tmp_path / "vgg16_bn.safetensors"
    assert find_weights("resnet50", tmp_path) == tmp_path / "resnet50.a1.safetensors"
    assert find_weights("resnet50.a1", tmp_path) == tmp_path / "resnet50.a1.safetensors"
    assert find_weights("resnet50.a2", tmp_path) is None
    assert find_weights("resnet5", tmp_path) is None


def test_what_the_folder_lacks_and_the_hub_too_is_named(offline, tmp_path):
    with pytest.raises(WeightsError) as caught:
        load_weights(MOBILENET, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no file mobilenetv2_100.….safetensors. The pre-trained weights of "
        "mobilenetv2_100.ra_in1k could not be fetched from timm's hub (ConnectionError); where "
        "there is a network, download https://huggingface.co/timm/mobilenetv2_100.ra_in1k/resolve/"
        "main/model.safetensors, save it as mobilenetv2_100.ra_in1k.safetensors, and give that "
        "file with --backbone-weights."
    )


def test_without_a_folder_only_the_hub_is_named(offline):
    with pytest.raises(WeightsError, match=r"^The pre-trained weights of mobilenetv2_100\.ra_in1k"):
        load_weights(MOBILENET, None)


def test_weights_of_another_architecture(weights):
    with pytest.raises(WeightsError, match=r"don't fit mobilenetv2_100: .* \(conv_stem \(1\), "):
        load_weights(MOBILENET, weights)


def test_a_head_on_the_backbones_own_classifier_needs_one(tiny, weights, classified):
    assert load_weights(tiny(head="own"), classified).classifier is not None
    with pytest.raises(WeightsError) as caught:
        load_weights(tiny(head="centred"), weights)
    assert str(caught.value) == (
        "The recipe's head is “centred”, and test_resnet.pt brings no classifier of its own. The "
        "weights hold no classifier (fc.weight). Give other weights, or take head “anew”."
    )


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"weights .*none do not exist; check --backbone-weights"):
        load_weights(MOBILENET, tmp_path / "none")
