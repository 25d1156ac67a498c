"""A small folder of breeds, small recipes, and runs of them with one cache for all."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from barkive.images import Preprocessing
from barkive.progress import no_progress
from barkive.training.study.result import Result

COLOURS = {
    "n02085620-Chihuahua": (210, 60, 60),
    "green": (60, 210, 60),
    "Blue_dog": (60, 60, 210),
}


@dataclass(frozen=True)
class Ran:
    result: Result
    folder: Path
    said: list[str]

    def rows(self, name):
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def to_graph():
    """Exports each network only once, because that is what takes longest."""
    from barkive.training import onnx_export

    graphs, real = {}, onnx_export.to_graph

    def to_graph(network, size):
        content = hashlib.sha256(f"{network} {size}".encode())
        for name, value in network.state_dict().items():
            content.update(name.encode() + value.numpy().tobytes())
        key = content.digest()
        if key not in graphs:
            graphs[key] = real(network, size)
        return graphs[key]

    return to_graph


@pytest.fixture(autouse=True)
def _exported_once(request, monkeypatch):
    if request.node.get_closest_marker("torch") is not None:
        from barkive.training import onnx_export

        monkeypatch.setattr(onnx_export, "to_graph", request.getfixturevalue("to_graph"))


@pytest.fixture(scope="session")
def dogs(tmp_path_factory, photo):
    """Three breeds of six photos each, told apart by their colours; one file more is broken."""
    data = tmp_path_factory.mktemp("dogs")
    for i, (breed, colour) in enumerate(COLOURS.items()):
        for j in range(6):
            photo(data / breed / f"{j}.png", colour, 100 + 10 * i + j)
    (data / "green" / "broken.jpg").write_bytes(b"no photo at all")
    return data


@pytest.fixture(scope="session")
def known(tmp_path_factory, photo):
    """Two breeds that are classes of ImageNet-1k, 151 and 152, and one that is none."""
    data = tmp_path_factory.mktemp("known")
    folders = ("Blue_dog", "n02085620-Chihuahua", "n02085782-Japanese_spaniel")
    for i, (breed, colour) in enumerate(zip(folders, COLOURS.values(), strict=True)):
        for j in range(6):
            photo(data / breed / f"{j}.png", colour, 200 + 10 * i + j)
    return data


@pytest.fixture(scope="session")
def own_weights(known, weights, tmp_path_factory):
    """The weights, and a classifier that is right on the two breeds that it knows."""
    import safetensors.torch
    import torch

    from barkive.training.backbones import load_backbone
    from barkive.training.head import fit_prediction_layers

    backbone = load_backbone("test_resnet", weights, image_size=32)
    paths = sorted(known.glob("n0*/*.png"))
    pixels = np.stack([Preprocessing(32).load(path) for path in paths])
    with torch.inference_mode():
        features = backbone(torch.from_numpy(pixels)).numpy()
    (layer,) = fit_prediction_layers(features, np.repeat([0, 1], 6), 2, [0.1])
    weight, bias = torch.zeros(1000, features.shape[1]), torch.zeros(1000)
    weight[151:153] = torch.from_numpy(layer.weight.T)
    bias[151:153] = torch.from_numpy(layer.bias)
    state = safetensors.torch.load_file(weights) | {"fc.weight": weight, "fc.bias": bias}
    path = tmp_path_factory.mktemp("weights") / "test_resnet.own.safetensors"
    safetensors.torch.save_file(state, path)
    return path


@pytest.fixture(scope="session")
def tiny():
    """A recipe with a head on a tiny backbone, solved to its optimum unless told otherwise."""

    def make(**settings):
        from barkive.training.study.study_recipe import StudyRecipe

        given = {"about": "Tiny.", "minutes": 0.1}
        kind = settings.get("kind", "network")
        if kind != "sizes":
            given["image_size"] = 32
        if kind != "words":
            given["network"] = "test_resnet"
            if settings.get("network", "test_resnet") == "test_resnet":
                given["solver"] = "lbfgs"
        return StudyRecipe(**given | settings)

    return make


@pytest.fixture
def job(dogs, weights, tmp_path):
    """A job that goes into the test's own folder, and a list of what it says."""

    from barkive.training.study.job import Job, Study

    def make(recipe, *, name="tiny", data=dogs, out=None, weights=weights, elsewhere=None):
        said = []
        study = Study(data, out or tmp_path / "out", weights, elsewhere)
        return Job(name, recipe, study, no_progress, said.append), said

    return make


@pytest.fixture(scope="session")
def run_once(dogs, weights, to_graph, tmp_path_factory):
    """Runs a recipe in a folder of its own."""
    from barkive.training import onnx_export
    from barkive.training.study.job import Job, Study
    from barkive.training.study.run_recipes import run_recipe

    home = tmp_path_factory.mktemp("features")

    def run(recipe, *, name="tiny", data=dogs, weights=weights, elsewhere=None):
        study, said = Study(data, tmp_path_factory.mktemp("out"), weights, elsewhere), []
        job = Job(name, recipe, study, no_progress, said.append)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BARKIVE_CACHE", str(home))
            patch.setattr(onnx_export, "to_graph", to_graph)
            return Ran(run_recipe(job), job.folder, said)

    return run


@pytest.fixture(scope="session")
def solved(run_once, tiny):
    """A head that was solved to its optimum: who only reads its folder can share it."""
    return run_once(tiny(), name="solved")
