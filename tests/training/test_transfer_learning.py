"""A whole run, from a folder of breeds to a bundle that answers."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from timm.data import ImageNetInfo

from barkive.classifier import Classifier
from barkive.errors import DataError, ExportError, UsageError, WeightsError
from barkive.images import Preprocessing
from barkive.images.enhance import denoise, equalize
from barkive.training import onnx_export, transfer_learning, tuning
from barkive.training.pretrained import PretrainedClassifier
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
    real = onnx_export.to_graph
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
            patch.setattr(onnx_export, "to_graph", to_graph)
            patch.setattr(tuning, "extract_features", counting)
            result = transfer_learning.train(Recipe(**defaults | settings), log=said.append)
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
        "The prediction layer is fitted anew. The weights hold no classifier (fc.weight).",
        "L2 penalty 0.001",
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
    # In batches of 16, the broken one left out: all in float, and again in int8.
    assert computed == [15, 5, 4, 16, 4, 4]


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


@pytest.fixture
def rows_that_fit(monkeypatch, photo, tmp_path):
    """Gives the backbone a classifier of ImageNet: red is a Chihuahua, green a Pug, grey no dog."""
    ids = tuple(ImageNetInfo().label_names())
    load = transfer_learning.load_backbone

    def with_rows(*arguments, image_size):
        backbone = load(*arguments, image_size=image_size)
        load_pixels = Preprocessing(image_size).load
        colours = [(210, 60, 60), (60, 210, 60), (128, 128, 128)]
        pixels = np.stack(
            [load_pixels(photo(tmp_path / f"{c}.png", c, 80 + i)) for i, c in enumerate(colours)]
        )
        with torch.inference_mode():
            features = backbone(torch.from_numpy(pixels)).numpy()
        middle = features.mean(axis=0)
        weight, bias = np.zeros((features.shape[1], 1000), np.float32), np.full(1000, -20.0)
        for id_, own in zip(("n02085620", "n02110958", "n01440764"), features, strict=True):
            direction = (own - middle) / ((own - middle) ** 2).sum() * 10
            weight[:, ids.index(id_)], bias[ids.index(id_)] = direction, -middle @ direction
        backbone.classifier = PretrainedClassifier(ids, weight, bias.astype(np.float32))
        backbone.unclassified = None
        return backbone

    monkeypatch.setattr(transfer_learning, "load_backbone", with_rows)


@pytest.fixture
def red_and_green(photo, tmp_path):
    data = tmp_path / "data"
    for i in range(6):
        photo(data / "chihuahua" / f"{i}.png", (210, 60, 60), 40 + i)
        photo(data / "pug" / f"{i}.png", (60, 210, 60), 50 + i)
    return data


def test_a_head_is_centred_on_rows_that_fit(train, rows_that_fit, red_and_green, photo, tmp_path):
    result, out, said, _ = train(data=red_and_green, also=("Dalmatian",))
    assert result.figures.top1 == 1
    assert said[1] == (
        "The prediction layer is centred on the backbone's own rows of 3 breeds, which alone are "
        "right on 100.0% of their photos."
    )
    classifier = Classifier(out / "m.onnx")
    info = classifier.bundle.info
    assert [label.en for label in info.labels] == ["Chihuahua", "Pug", "Dalmatian"]
    assert info.provenance["head"] == "centred"
    # Without photos from elsewhere nothing tells whether frequencies win.
    assert (info.prior, info.frequencies, info.certainty) == (0, (), None)
    grey, red = (
        photo(tmp_path / "g.png", (128, 128, 128), 99),
        photo(tmp_path / "r.png", (212, 58, 60), 98),
    )
    assert [v.status for v in classifier.predict([grey, red])] == ["not_dog", "dog"]


def test_photos_from_elsewhere_tell_how_certain_an_answer_is(
    train, rows_that_fit, red_and_green, photo, tmp_path
):
    elsewhere = tmp_path / "elsewhere"
    for i in range(20):
        photo(elsewhere / "chihuahua" / f"{i}.png", (205, 62, 62), 100 + i)
        photo(elsewhere / "pug" / f"{i}.png", (62, 205, 62), 120 + i)
        photo(elsewhere / "yellow" / f"{i}.png", (150, 150, 50), 140 + i)
        photo(elsewhere / "olive" / f"{i}.png", (130, 130, 60), 160 + i)
    photo(elsewhere / "any_terrier" / "1.png", (150, 60, 60), 180)
    _, out, said, _ = train(data=red_and_green, elsewhere=elsewhere)
    assert said[1] == "40 photos from elsewhere of breeds that the model knows, 40 of others."
    assert "Frequencies of breeds are not used: they win nothing." in said
    share = re.fullmatch(
        r"[\d.]+% of the photos from elsewhere of breeds that the model knows get an answer, and "
        r"([\d.]+)% of all answers given are right\.",
        said[-1],
    )
    assert share is not None
    assert float(share[1]) >= 92
    classifier = Classifier(out / "m.onnx")
    assert classifier.bundle.info.certainty is not None
    assert classifier.bundle.info.prior == 0
    olive = classifier.predict([elsewhere / "olive" / f"{i}.png" for i in range(20)])
    assert {verdict.status for verdict in olive} == {"uncertain"}


def test_a_breed_without_photos_needs_a_row(train, red_and_green):
    with pytest.raises(WeightsError, match="The backbone has no row for Dalmatian, so it needs"):
        train(data=red_and_green, also=("Dalmatian",))


def test_a_prior_that_is_given_counts_without_photos_from_elsewhere(train, red_and_green, tmp_path):
    (tmp_path / "ours.csv").write_text("chihuahua,1\npug,3\n")
    _, out, _, _ = train(data=red_and_green, prior=str(tmp_path / "ours.csv"))
    info = Classifier(out / "m.onnx").bundle.info
    assert (info.prior, info.frequencies) == (1, (1, 3))


def test_one_breed_is_refused(train, photo, tmp_path):
    photo(tmp_path / "data" / "beagle" / "1.png", (9, 9, 9), 0)
    with pytest.raises(DataError, match=r"photos of one breed only \(beagle\); training needs two"):
        train(data=tmp_path / "data")


def test_a_refused_bundle_is_not_written(train, monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise ExportError("no")

    monkeypatch.setattr(onnx_export, "check_same_answers", refuse)
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
    monkeypatch.setattr(transfer_learning, "gather", None)
    with pytest.raises(UsageError, match=r"m-run can't be made: .*file is a file; choose an"):
        train(out=tmp_path / "file" / "m.onnx")
