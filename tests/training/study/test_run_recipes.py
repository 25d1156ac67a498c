"""Whole runs, from a folder of breeds to a folder of results."""

import json
from dataclasses import replace

import numpy as np
import pytest

from barkive.classifier import Classifier
from barkive.errors import DataError, ExportError, UsageError, WeightsError
from barkive.training.study import run_recipes as module
from barkive.training.study.result import read_result
from barkive.training.study.run_recipes import run_recipe
from barkive.verdicts import Status

EVERY = [
    *("breeds.csv", "confused-pairs.csv", "confused-pairs.png", "confusion.csv", "confusion.png"),
    *("errors.png", "evaluation.json", "failed.csv", "near-duplicates.csv", "predictions.csv"),
    *("reliability.png", "result.json", "suspected-labels.csv"),
]
BUNDLED = [*EVERY, "layers.csv", "model.onnx"]
SCRATCH = {"network": "simple-cnn", "epochs": 3, "learning_rate": 0.003}


def names(folder):
    # The sheet of suspected labels is there only where there are some.
    return sorted(path.name for path in folder.iterdir() if path.name != "suspected-labels.png")


def answers(ran):
    """Each test photo's truth and answer, by the bundle as a user runs it."""
    rows = ran.rows("predictions.csv")
    verdicts = list(Classifier(ran.folder / "model.onnx").predict([row["file"] for row in rows]))
    assert [verdict.status for verdict in verdicts] == [Status(row["status"]) for row in rows]
    return {
        (row["truth_id"], verdict.breeds[0].label.id)
        for row, verdict in zip(rows, verdicts, strict=True)
        if verdict.breeds
    }


RIGHT = {(one, one) for one in ("Blue_dog", "green", "n02085620")}


# A head on frozen features.


def test_every_file_is_there(solved):
    assert names(solved.folder) == sorted(
        [*BUNDLED, "regularisation.csv", "regularisation.png"],
    )


def test_the_result(solved, weights):
    written = json.loads((solved.folder / "result.json").read_text())
    assert written["recipe"] == "solved"
    assert written["about"] == "Tiny."
    assert (written["breeds"], written["photos"], written["unreadable"]) == (3, [12, 3, 3], 1)
    assert written["accuracy"] == written["validation_accuracy"] == written["train_accuracy"] == 1
    assert written["interval"] == pytest.approx([0.4385, 1], abs=1e-4)
    assert written["parameters"] == 3 * 96 + 3
    assert written["epochs"] is None
    assert written["elsewhere"] is None
    assert written["bundle"] == (solved.folder / "model.onnx").stat().st_size
    assert written["images_per_second"] > 0
    assert written["seconds"] > 0
    assert sorted(written["versions"]) == ["barkive", "onnxruntime", "timm", "torch"]
    assert read_result(solved.folder) == solved.result
    assert (written["rate"], written["loader_rate"], written["waited"]) == (None, None, None)


def test_what_is_said(solved):
    assert solved.said[0] == "About 0.1 minutes on two cores; its accuracy was not measured yet."
    assert "The body is frozen: each photo's features are computed once, and cached." in solved.said
    table = next(line for line in solved.said if "parameters in all" in line)
    assert table.splitlines()[-1] == "  372,979 parameters in all"
    assert "Linear (prediction)" in table
    assert (
        solved.said[-1] == "Of all 18 photos, 0 look like another breed than that of their folder."
    )
    assert not (solved.folder / "suspected-labels.png").exists()


def test_what_could_not_be_read_is_listed(solved, dogs):
    assert [row["file"] for row in solved.rows("failed.csv")] == [
        str(dogs / "green" / "broken.jpg")
    ]


def test_the_bundle_answers_as_the_report_says(solved):
    assert answers(solved) == RIGHT
    info = Classifier(solved.folder / "model.onnx").bundle.info
    assert info.name == "study-solved"
    assert info.provenance == {
        "recipe": "solved",
        "seed": 0,
        "digest": solved.result.digest,
    }


def test_two_runs_agree(run_once, tiny, solved):
    again = run_once(tiny(), name="solved")
    timeless = {"seconds": 0.0, "images_per_second": 0.0, "memory": 0}
    assert replace(again.result, **timeless) == replace(solved.result, **timeless)
    for name in ("predictions.csv", "model.onnx", "regularisation.csv"):
        assert (again.folder / name).read_bytes() == (solved.folder / name).read_bytes()


def test_augmented_photos_pass_through_the_body_in_each_epoch(run_once, tiny):
    ran = run_once(tiny(solver="adam", augmentation=1.0, epochs=2))
    assert (
        "Photos are augmented, so features of training photos are computed in each epoch."
        in ran.said
    )
    assert any(line.startswith("The loader gives ") for line in ran.said)
    assert names(ran.folder) == sorted([*BUNDLED, "curves.csv", "curves.png"])
    assert [row["epoch"] for row in ran.rows("curves.csv")] == ["1", "2"]
    assert ran.result.epochs == 2
    assert ran.result.parameters == 96 * 3 + 3
    assert ran.result.rate > 0
    assert ran.result.loader_rate > 0
    assert ran.result.waited is None
    answers(ran)


# Heads that take the backbone's own classifier.

OWN_ROWS = (
    "The prediction layer is centred on the backbone's own rows of 2 breeds, which alone are "
    "right on 100.0% of their photos."
)
ROWS_RIGHT = {("n02085620", "n02085620"), ("n02085782", "n02085782")}


def test_the_backbones_own_classifier_answers_and_nothing_is_trained(
    run_once, tiny, known, own_weights
):
    ran = run_once(tiny(head="own"), data=known, weights=own_weights)
    assert names(ran.folder) == sorted(BUNDLED)
    assert OWN_ROWS in ran.said
    # The breed without a row is never answered.
    assert {answer for answer in answers(ran) if answer[0] != "Blue_dog"} == ROWS_RIGHT
    assert ran.result.accuracy == pytest.approx(2 / 3)
    assert (ran.result.train_accuracy, ran.result.validation_accuracy) == (2 / 3, 2 / 3)
    assert (ran.result.parameters, ran.result.seconds, ran.result.epochs) == (0, 0, None)
    assert ran.result.diagnosis == (
        "Nothing was trained: the backbone's own rows are right on 66.7% of the training photos "
        "and 66.7% of the validation photos."
    )


def test_a_head_centred_on_the_backbones_own_classifier(run_once, tiny, known, own_weights):
    ran = run_once(tiny(head="centred"), data=known, weights=own_weights)
    assert names(ran.folder) == sorted([*BUNDLED, "regularisation.csv", "regularisation.png"])
    assert OWN_ROWS in ran.said
    assert answers(ran) >= ROWS_RIGHT
    assert ran.result.accuracy == 1
    assert ran.result.parameters == 3 * 96 + 3
    # The strongest penalty leaves it near the rows, and one fitted anew near nothing.
    anew = run_once(tiny(), data=known, weights=own_weights)
    losses = [float(one.rows("regularisation.csv")[0]["validation_loss"]) for one in (ran, anew)]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("head", ["own", "centred"])
def test_a_classifier_in_another_order_is_told(job, tiny, known, classified, head):
    one, _ = job(tiny(head=head), data=known, weights=classified)
    with pytest.raises(WeightsError, match=r"so its classes don't stand in ImageNet's order\."):
        run_recipe(one)


# Networks that are trained as a whole.


def test_a_network_from_scratch_on_grey_corrected_photos(run_once, tiny):
    recipe = tiny(**SCRATCH, colour="grey", enhance=("stretch", "median"), square="pad")
    ran = run_once(recipe, name="grey")
    assert names(ran.folder) == sorted([*BUNDLED, "curves.csv", "curves.png"])
    preprocessing = Classifier(ran.folder / "model.onnx").bundle.info.preprocessing
    assert preprocessing == recipe.preprocessing
    answers(ran)
    # The bundle takes colour, and sees its luminance alone: red and a dark grey are one to it.
    classifier = Classifier(ran.folder / "model.onnx")
    red, grey = np.zeros((2, 1, 32, 32, 3), np.uint8)
    red[..., 0], grey[...] = 255, 76
    scores = classifier.score(np.concatenate([red, grey]))
    assert scores.probabilities[0] == pytest.approx(scores.probabilities[1], abs=1e-5)


def test_fine_tuning_from_a_block_on_with_a_dense_layer(run_once, tiny):
    settings = {"train_from": "layer4", "augmentation": 0.5, "dense": (8,), "dropout": 0.2}
    settings["precision"] = "float32"
    ran = run_once(tiny(solver="adam", epochs=1, **settings))
    assert ran.result.epochs == 1
    assert ran.result.precision == "float32"
    assert "Trained in float32." in ran.said
    info = Classifier(ran.folder / "model.onnx").bundle.info
    assert info.provenance["precision"] == "float32"
    head = 96 * 8 + 8 + 8 * 3 + 3
    assert head < ran.result.parameters < 372_688 + head
    assert not list(ran.folder.glob("checkpoint*"))
    assert 0 <= ran.result.waited <= 1
    answers(ran)


def test_a_block_that_is_not_there_is_told_before_a_photo_is_read(job, tiny, monkeypatch):
    monkeypatch.setattr(module.network_recipe.Job, "read_split", None)
    one, _ = job(tiny(solver="adam", train_from="layer9"))
    with pytest.raises(
        UsageError, match=r"no block “layer9” to train from; it has, for instance, layer4, "
    ):
        run_recipe(one)


def test_a_training_that_diverges_is_told_and_writes_no_bundle(job, tiny):
    one, said = job(tiny(**SCRATCH | {"epochs": 1, "learning_rate": 1e30}))
    with pytest.raises(
        ExportError, match=r"training of tiny diverged, so no bundle is written; a l"
    ):
        run_recipe(one)
    assert said[-1].startswith("The run diverged")
    assert not one.folder.parent.exists()


# Without a network.


def test_visual_words(run_once, tiny):
    ran = run_once(tiny(kind="words", image_size=64, words=4))
    assert names(ran.folder) == sorted(
        [*EVERY, "regularisation.csv", "regularisation.png", "seconds.csv"],
    )
    assert ran.result.parameters == 4 * 128 * 3 + 3
    assert ran.result.bundle is None
    assert 0 <= ran.result.accuracy <= 1
    assert ran.result.diagnosis.endswith("a part of the training photos served as validation.")


# Photos from elsewhere.


def test_photos_from_elsewhere_are_judged_too(run_once, tiny, photo, tmp_path):
    photo(tmp_path / "elsewhere" / "green" / "1.png", (60, 210, 60), 900)
    photo(tmp_path / "elsewhere" / "Blue_dog" / "1.png", (210, 60, 60), 901)
    photo(tmp_path / "elsewhere" / "poodle" / "1.png", (210, 60, 60), 902)
    bad = tmp_path / "elsewhere" / "green" / "bad.jpg"
    bad.write_bytes(b"")
    ran = run_once(tiny(), elsewhere=tmp_path / "elsewhere")
    assert (ran.result.elsewhere, ran.result.elsewhere_photos) == (0.5, 2)
    assert ran.result.unreadable == 2
    assert ran.rows("failed.csv")[1] == {"file": str(bad), "error": "The file is empty."}


def test_photos_from_elsewhere_that_cannot_be_used_cost_nothing(run_once, tiny, tmp_path):
    (tmp_path / "elsewhere" / "poodle").mkdir(parents=True)
    (tmp_path / "elsewhere" / "poodle" / "1.jpg").write_bytes(b"")
    ran = run_once(tiny(kind="words", image_size=64, words=4), elsewhere=tmp_path / "elsewhere")
    assert f"None of the breeds in {tmp_path / 'elsewhere'} was drawn." in ran.said
    (tmp_path / "elsewhere" / "poodle").rename(tmp_path / "elsewhere" / "green")
    ran = run_once(tiny(kind="words", image_size=64, words=4), elsewhere=tmp_path / "elsewhere")
    assert ran.result.elsewhere is None
    assert any(
        line.startswith(f"{tmp_path / 'elsewhere'} is left out. None of") for line in ran.said
    )


def test_a_missing_folder_is_told_before_anything_is_made(job, tiny, tmp_path):
    one, _ = job(tiny(), elsewhere=tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        run_recipe(one)
    one, _ = job(tiny(), data=tmp_path / "nothing")
    with pytest.raises(DataError, match=r"nothing does not exist"):
        run_recipe(one)
    assert not one.folder.exists()
