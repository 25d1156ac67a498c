"""A name and a file of weights become a network; what does not fit is told."""

from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import safetensors.torch
import timm
import torch

from barkive.errors import WeightsError
from barkive.training.backbones import check_name, load_backbone, own_size

WHITE = torch.full((1, 32, 32, 3), 255, dtype=torch.uint8)


def load(name, weights):
    return load_backbone(name, weights, image_size=32)


def test_a_tf_tag_brings_its_padding_and_its_scaling(tf_weights):
    backbone = load("mobilenetv2_035", tf_weights)
    assert backbone.name == "mobilenetv2_035.tf_x"
    assert backbone.rescale(WHITE).unique().tolist() == [1]
    assert backbone.rescale(WHITE * 0).unique().tolist() == [-1]
    assert type(backbone.network.conv_stem).__name__ == "Conv2dSame"
    assert backbone.source["from"] == "mobilenetv2_035.tf_x.safetensors"
    assert len(backbone.source["sha256"]) == 64


def test_the_tag_may_stand_in_the_name_instead(tf_weights, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(tf_weights.read_bytes())
    tagged, plain = load("mobilenetv2_035.tf_x", path), load("mobilenetv2_035", path)
    assert tagged.rescale(WHITE).unique().tolist() == [1]
    # Without the tag it is timm's own: the means and deviations of ImageNet.
    assert plain.name == "mobilenetv2_035"
    assert plain.rescale(WHITE)[0, :, 0, 0].tolist() == pytest.approx(
        [2.2489, 2.4286, 2.64], abs=1e-4
    )
    assert plain.network.conv_stem.padding == (1, 1)
    assert plain.digest != tagged.digest


def test_a_tag_of_timms_brings_timms_scaling(monkeypatch, weights):
    # The default weights of this architecture want the mean and deviation 0.5.
    backbone = load("test_resnet.r160_in1k", weights)
    assert backbone.name == "test_resnet.r160_in1k"
    assert backbone.rescale(WHITE).unique().tolist() == [1]


@pytest.mark.parametrize(("number", "size"), [(0, 224), (1, 240), (2, 260)])
def test_efficientnet_lite_is_known_by_its_name(tmp_path, number, size):
    name = f"tf_efficientnet_lite{number}"
    path = tmp_path / f"{name}.in1k.safetensors"
    safetensors.torch.save_file(timm.create_model(name, num_classes=0).state_dict(), path)
    backbone = load(name, path)
    assert backbone.name == f"{name}.in1k"
    assert backbone.rescale(WHITE).unique().tolist() == [1]
    assert backbone.rescale(WHITE * 0).unique().tolist() == [-1]
    assert type(backbone.network.conv_stem).__name__ == "Conv2dSame"
    assert own_size(name) == own_size(name, path) == size


def test_the_tag_tells_the_size_that_the_weights_were_trained_on():
    assert own_size("convnext_base") == 224
    assert own_size("convnext_base.fb_in22k_ft_in1k_384") == 384
    file = Path("convnext_base.fb_in22k_ft_in1k_384.safetensors")
    assert own_size("convnext_base", file) == 384
    assert own_size("convnext_base", Path("convnext_base.mine.pth")) == 224
    with pytest.raises(WeightsError, match="no backbone called “convnext_bass”"):
        own_size("convnext_bass")


def test_features_are_pooled(weights):
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), np.uint8))
    with torch.inference_mode():
        assert load("test_resnet", weights)(pixels).shape == (2, 96)


def test_a_classifier_in_the_file_is_passed_over_and_counters_may_lack(weights, tmp_path):
    state = safetensors.torch.load_file(weights)
    state = {key: value for key, value in state.items() if "num_batches" not in key}
    torch.save({"state_dict": state | {"fc.weight": torch.zeros(9, 96)}}, tmp_path / "w.pth")
    assert load("test_resnet", tmp_path / "w.pth").digest != load("test_resnet", weights).digest
    assert (
        load("test_resnet", tmp_path / "w.pth").network.state_dict()["conv1.0.weight"]
        == state["conv1.0.weight"]
    ).all()


def test_weights_of_another_architecture_are_refused(weights):
    with pytest.raises(
        WeightsError,
        match=r"don't fit mobilenetv2_035: 256 of its 260 layers' tensors are not in the file and "
        r"4 have another shape \(conv_stem \(1\), bn1 \(4\), blocks\.0 \(10\), blocks\.1 \(30\), "
        r".*, bn2 \(4\)\); give the file or the backbone that belongs to it\.",
    ):
        load("mobilenetv2_035", weights)


def test_blocks_that_are_many_are_told_by_what_they_belong_to(tmp_path):
    torch.save({}, tmp_path / "w.pth")
    with pytest.raises(
        WeightsError, match=r"\(conv1 \(1\), bn1 \(4\), layer1 \(50\), layer2 \(65\)"
    ):
        load_backbone("resnet50", tmp_path / "w.pth")


def test_weights_of_another_width_are_refused(tf_weights):
    with pytest.raises(WeightsError, match=r" 0 of its 260 .* and \d+ have another shape \(\w+"):
        load("mobilenetv2_050", tf_weights)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.txt"])
def test_what_is_no_weights_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"hello")
    with pytest.raises(WeightsError, match=rf"{name} can't be read; give a .safetensors file"):
        load("test_resnet", tmp_path / name)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="can't be read"):
        load("test_resnet", tmp_path / "list.pth")
    with pytest.raises(WeightsError, match=r"missing\.pth does not exist"):
        load("test_resnet", tmp_path / "missing.pth")


def test_weights_without_permission_are_not_called_missing(weights, monkeypatch):
    def refused(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(WeightsError, match=r"can't be read: Permission denied; allow it, or give"):
        load("test_resnet", weights)


def test_what_is_said_of_a_download_is_no_result(monkeypatch, weights, capsys):
    real = timm.create_model

    def create(*given, **more):
        print("Downloading: ...")  # noqa: T201 - as torch does
        return real(*given, **more)

    monkeypatch.setattr(timm, "create_model", create)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: str(weights))
    load("test_resnet", None)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Downloading: ..." in told.err


def test_an_unknown_name_has_its_neighbours(weights):
    with pytest.raises(WeightsError, match=r"called “mobilnetv2_100”.*mobilenetv2_100"):
        check_name("mobilnetv2_100", weights)


def test_weights_that_timm_does_not_have_are_told_before_any_network():
    with pytest.raises(WeightsError, match=r"it has mobilenetv2_100.ra_in1k. Choose"):
        check_name("mobilenetv2_100.tf_in1k", None)
    with pytest.raises(WeightsError, match=r"no pre-trained weights of mobilenetv2_035; give a"):
        check_name("mobilenetv2_035", None)
    check_name("mobilenetv2_100", None)


def test_a_size_that_the_network_cannot_take_is_refused(tmp_path):
    torch.save(timm.create_model("test_vit3", num_classes=0).state_dict(), tmp_path / "vit.pth")
    with pytest.raises(
        WeightsError, match=r"test_vit3 can't take .* 32 x 32 .* its own size is 160\."
    ):
        load("test_vit3", tmp_path / "vit.pth")


def test_without_a_network_the_file_is_named_at_once(monkeypatch):
    tries = []

    class Offline:
        def head(self, url, timeout):
            tries.append(url)
            raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "get_session", Offline)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: None)
    with pytest.raises(WeightsError) as caught:
        load("mobilenetv2_100", None)
    assert len(tries) == 1
    assert str(caught.value) == (
        "The pre-trained weights of mobilenetv2_100.ra_in1k could not be fetched from timm's hub "
        "(ConnectionError); where there is a network, download https://huggingface.co/timm/"
        "mobilenetv2_100.ra_in1k/resolve/main/model.safetensors, save it as "
        "mobilenetv2_100.ra_in1k.safetensors, and give that file with --backbone-weights."
    )


def test_what_the_hub_gave_before_needs_no_network(monkeypatch, weights):
    monkeypatch.setattr(huggingface_hub, "get_session", None)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *where: str(weights))
    backbone = load("test_resnet", None)
    assert backbone.name == "test_resnet.r160_in1k"
    assert backbone.source["from"].endswith(
        "timm/test_resnet.r160_in1k/resolve/main/model.safetensors"
    )
    assert all(
        map(
            torch.equal,
            backbone.state_dict().values(),
            load("test_resnet", weights).state_dict().values(),
        )
    )
