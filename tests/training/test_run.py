"""A whole run, from a folder of breeds to a bundle that answers."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from barkive.classifier import Classifier
from barkive.errors import DataError, ExportError, UsageError, WeightsError
from barkive.images.enhance import denoise, equalize
from barkive.training import export, run, tuning
from barkive.training.recipe import Recipe

FILES = [
    *("breeds.csv", "confused-pairs.csv", "confused-pairs.png", "confusion.csv"),
    *("confusion.png", "errors.png", "evaluation.json", "failed.csv", "near-duplicates.csv"),
    *("predictions.csv", "provenance.json", "regularisation.csv", "regularisation.png"),
    *("reliability.png", "settings.json", "suspected-labels.csv"),
]


class Counting:
    """Stands before the extraction of features, and counts the photos that it computes."""

    def __init__(self):
        self.computed = []
        self.real = tuning.extract_features

    def __call__(self, paths, extract, **options):
        def counted(pixels):
            self.computed.append(len(pixels))
            return extract(pixels)

        return self.real(paths, counted, **options)


@pytest.fixture(scope="module")
def train(breeds, others, weights, tmp_path_factory):
    """Trains with one cache for all runs, and exports the backbone only once.

    Returns the result, the folder, what was said, and the sizes of the batches computed.
    """
    graphs = []
    real = export.to_graph
    home = tmp_path_factory.mktemp("cache")

    def to_graph(network, size):
        if not graphs:
            graphs.append(real(network, size))
        return graphs[0]

    def train(**settings):
        out = tmp_path_factory.mktemp("out")
        defaults = {
            "data": breeds,
            "out": out / "new" / "m.onnx",
            "not_dogs": others,
            "backbone": "test_resnet",
            "backbone_weights": weights,
            "image_size": 32,
            "validation": 0.25,
            "licence": "CC0",
        }
        said, counting = [], Counting()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BARKIVE_CACHE", str(home))
            patch.setattr(export, "to_graph", to_graph)
            patch.setattr(tuning, "extract_features", counting)
            result = run.train(Recipe(**defaults | settings), say=said.append)
        return result, out / "new", said, counting.computed

    return train


@pytest.fixture(scope="module")
def first(train):
    return train()


def test_every_stage_is_told(first):
    result, _, said, computed = first
    assert said[:2] == [
        "Left out, because they hold no photo: empty.",
        "20 photos of 4 breeds, 5 of them for validation; 1 near-duplicates kept with their "
        "originals; 1 unreadable.",
    ]
    assert [line.split(":")[0] for line in said[2:-1]] == [
        "L2 penalty 0.001",
        "int8 costs 0.00 points",
    ]
    assert (
        said[-1] == "100.0% of the validation photos get an answer, and 100.0% of these are right."
    )
    assert result.figures.top1 == 1
    assert result.figures.n == 5
    assert result.int8
    assert [reason for _, reason in result.failed] == [result.failed[0][1]]
    assert result.failed[0][0].endswith("broken.jpg")
    # In batches of 16, the broken one left out: all in float; in int8 the validation photos
    # and the other things.
    assert computed == [15, 5, 4, 5, 4]


def test_the_run_folder_is_whole(first, breeds):
    _, out, _, _ = first
    assert sorted(path.name for path in out.iterdir()) == ["m-run", "m.onnx"]
    assert sorted(path.name for path in (out / "m-run").iterdir()) == FILES
    assert json.loads((out / "m-run" / "evaluation.json").read_text())["top1"] == 1
    with (out / "m-run" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["truth_id"] for row in rows) == [
        *("Blue_dog", "green", "green", "n02085620", "n02085620"),
        *["not_dog"] * 4,
    ]
    with (out / "m-run" / "failed.csv").open(newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == [
            str(breeds / "green" / "broken.jpg")
        ]


def test_the_bundle_names_what_it_learned(first, photo, tmp_path):
    _, out, _, _ = first
    classifier = Classifier(out / "m.onnx")
    info = classifier.bundle.info
    assert [label.id for label in info.labels] == ["Blue_dog", "green", "lonely", "n02085620"]
    assert info.labels[0].en == "Blue dog"
    assert info.name == "barkive-test_resnet.pt"
    assert info.preprocessing.size == 32
    red, green = (
        photo(tmp_path / "r.png", (215, 70, 50), 90),
        photo(tmp_path / "g.png", (70, 215, 50), 91),
    )
    scores = classifier.score(
        np.stack([info.preprocessing.load(red), info.preprocessing.load(green)])
    )
    assert [info.labels[i].id for i in scores.probabilities.argmax(axis=1)] == [
        "n02085620",
        "green",
    ]
    assert scores.probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    provenance = info.provenance
    assert provenance["data"]["photos"] == 20
    assert provenance["split"]["validation_photos"] == 5
    assert provenance["split"]["seed"] == 0
    assert provenance["backbone"]["weights"]["from"] == "test_resnet.pt.safetensors"
    assert provenance["licence"] == "CC0"
    assert provenance["validation"]["top1"] == 1
    assert provenance == json.loads((out / "m-run" / "provenance.json").read_text())


def test_a_second_run_computes_nothing_and_is_the_same(train, first):
    _, out, _, _ = first
    result, again, _, computed = train()
    assert computed == []
    assert result.figures.top1 == 1

    def answers(folder):
        return (folder / "m-run" / "predictions.csv").read_text()

    assert answers(again) == answers(out)
    one, other = (Classifier(folder / "m.onnx").bundle.info for folder in (out, again))
    assert one.temperature == other.temperature
    assert one.answer_threshold == other.answer_threshold


def test_corrections_are_the_same_in_training_and_in_use(train, breeds, monkeypatch):
    trained = {}
    real = Counting.__call__

    def remembering(self, paths, extract, *, preprocessing, **options):
        trained.update({path: preprocessing.load(path) for path in paths if "broken" not in path})
        return real(self, paths, extract, preprocessing=preprocessing, **options)

    monkeypatch.setattr(Counting, "__call__", remembering)
    result, out, _, computed = train(enhance=("equalize", "denoise"))
    assert result.figures.top1 == 1
    assert computed[:2] == [15, 5]  # features of uncorrected photos are not taken for these
    assert json.loads((out / "m-run" / "settings.json").read_text())["enhance"] == [
        *("equalize", "denoise"),
    ]
    classifier = Classifier(out / "m.onnx")
    preprocessing = classifier.bundle.info.preprocessing
    assert preprocessing.enhance == ("equalize", "denoise")
    assert len(trained) > 20
    for path, pixels in trained.items():
        assert (preprocessing.load(path) == pixels).all()
        plain = replace(preprocessing, enhance=()).load(path)
        assert (denoise(equalize(plain)) == pixels).all()
        assert (plain != pixels).any()


def test_another_seed_without_int8_and_with_unreadable_other_things(train, first, tmp_path):
    (tmp_path / "1.jpg").write_bytes(b"")
    result, other, said, computed = train(seed=3, int8=False, not_dogs=tmp_path)
    assert not result.int8
    assert computed == []
    assert not any(line.startswith("int8") for line in said)
    assert f"None of the 1 photos in {tmp_path} can be read." in said
    assert str(tmp_path / "1.jpg") in dict(result.failed)
    assert result.figures.not_dog_auroc is None

    def judged(folder):
        with (folder / "m-run" / "predictions.csv").open(newline="") as file:
            return {row["file"] for row in csv.DictReader(file) if row["truth_id"] != "not_dog"}

    assert len(judged(other)) == 5
    assert judged(first[1]) != judged(other)


def test_two_breeds_of_two_photos_are_enough(train, photo, tmp_path):
    for i, colour in enumerate([(200, 40, 40), (40, 200, 40)]):
        for j in range(2):
            photo(tmp_path / "data" / f"breed {i}" / f"{j}.png", colour, 50 + 2 * i + j)
    result, out, said, _ = train(data=tmp_path / "data", not_dogs=None)
    assert result.figures.n == 2
    assert said[0].startswith("4 photos of 2 breeds, 2 of them for validation")
    assert (out / "m.onnx").exists()


def test_one_breed_is_refused(train, photo, tmp_path):
    photo(tmp_path / "data" / "beagle" / "1.png", (9, 9, 9), 0)
    with pytest.raises(DataError, match=r"photos of one breed only \(beagle\); training needs two"):
        train(data=tmp_path / "data")


def test_a_refused_bundle_is_not_written(train, monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise ExportError("no")

    monkeypatch.setattr(export, "check_same_answers", refuse)
    with pytest.raises(ExportError):
        train(out=tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()
    assert list((tmp_path / "m-run").iterdir()) == []


def test_wrong_weights_are_told_before_anything_is_made(train, tf_weights, tmp_path):
    with pytest.raises(WeightsError, match="don't fit test_resnet"):
        train(backbone_weights=tf_weights, out=tmp_path / "deep" / "m.onnx")
    assert not (tmp_path / "deep").exists()


def test_an_output_below_a_file_is_told_before_any_photo_is_read(train, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(run, "gather", None)
    with pytest.raises(UsageError, match=r"m-run can't be made: .*file is a file; choose an"):
        train(out=tmp_path / "file" / "m.onnx")
