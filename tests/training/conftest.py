"""A backbone of random weights, photos that its features tell apart, and a cache of their own.

Torch is imported only where it is used: some of these tests do without it.
"""

import numpy as np
import pytest
from PIL import Image

RED, GREEN, BLUE, GREY = (210, 60, 60), (60, 210, 60), (60, 60, 210), (128, 128, 128)


def write_photo(path, colour, seed):
    """A picture of soft patches around a colour; another picture for another seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(seed).integers(-45, 46, (6, 8, 1)) + np.array(colour)
    Image.fromarray(patches.astype(np.uint8)).resize((64, 48), Image.Resampling.BICUBIC).save(path)
    return path


def save_weights(path, architecture, **arguments):
    import safetensors.torch
    import timm
    import torch

    torch.manual_seed(0)
    network = timm.create_model(architecture, **{"num_classes": 0} | arguments)
    safetensors.torch.save_file(network.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BARKIVE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    return save_weights(
        tmp_path_factory.mktemp("weights") / "test_resnet.pt.safetensors", "test_resnet"
    )


@pytest.fixture(scope="session")
def classified(tmp_path_factory):
    """Weights with a classifier of ImageNet-1k's 1,000 classes; the network is `weights`'."""
    path = tmp_path_factory.mktemp("weights") / "test_resnet.r160_in1k.safetensors"
    return save_weights(path, "test_resnet", num_classes=1000)


@pytest.fixture(scope="session")
def tf_weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenetv2_035.tf_x.safetensors"
    return save_weights(path, "mobilenetv2_035", pad_type="same")


@pytest.fixture(scope="session")
def breeds(tmp_path_factory):
    """Three breeds of 8 to 2 photos and one of a single photo; a copy, and a broken file."""
    data = tmp_path_factory.mktemp("data")
    for i in range(8):
        write_photo(data / "n02085620-Chihuahua" / f"{i}.png", RED, i)
        write_photo(data / "green" / f"{i}.png", GREEN, 10 + i)
    write_photo(data / "n02085620-Chihuahua" / "copy.jpg", RED, 0)
    write_photo(data / "Blue_dog" / "1.png", BLUE, 20)
    write_photo(data / "Blue_dog" / "2.png", BLUE, 21)
    write_photo(data / "lonely" / "1.png", (230, 230, 60), 22)
    (data / "green" / "broken.jpg").write_bytes(b"no photo at all")
    (data / "empty").mkdir()
    return data


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    for i in range(4):
        write_photo(folder / f"{i}.png", GREY, 30 + i)
    return folder


@pytest.fixture(scope="session")
def photo():
    return write_photo
