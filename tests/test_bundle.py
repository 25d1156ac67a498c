"""The bundle's format: what opens, what is refused, and with which words."""

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from barkive.bundle import SHIPPED, Bundle, BundleInfo, Certainty, certainty_measures
from barkive.errors import BundleError, MissingExtraError
from barkive.images import Preprocessing
from barkive.verdicts import Scores, Status


def test_metadata_survives_the_way_through_text(colour_info: BundleInfo) -> None:
    assert BundleInfo.from_metadata(colour_info.to_metadata()) == colour_info


def test_metadata_is_json_that_others_can_read(colour_info: BundleInfo) -> None:
    assert json.loads(colour_info.to_metadata()) == {
        "format": 3,
        "name": "colours",
        "labels": [
            {"id": "n02085620", "en": "Chihuahua", "fr": "Chihuahua"},
            {"id": "n02110958", "en": "Pug", "fr": "Carlin"},
            {"id": "n02085936", "en": "Maltese", "fr": "Bichon maltais"},
        ],
        "preprocessing": {"size": 32, "square": "squash"},
        "temperature": 1.0,
        "dog_threshold": 0.0,
        "answer_threshold": 0.6,
        "frequencies": [],
        "prior": 0.0,
        "certainty": None,
        "provenance": {"data": "none"},
    }


CERTAINTY = Certainty(bias=1.0, entropy=2.0, soft_entropy=0.5, frequency=0.25)


def test_prior_and_certainty_survive_the_way_through_text(colour_info: BundleInfo) -> None:
    info = dataclasses.replace(
        colour_info, frequencies=(1.0, 2.0, 4.0), prior=0.25, certainty=CERTAINTY
    )
    assert BundleInfo.from_metadata(info.to_metadata()) == info


def test_a_bundle_of_format_1_is_read(
    write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path
) -> None:
    entry = json.loads(colour_info.to_metadata())
    entry["format"] = 1
    for name in ("frequencies", "prior", "certainty"):
        del entry[name]
    info = Bundle.open(write_bundle(tmp_path / "old.onnx", json.dumps(entry))).info
    assert info == colour_info
    scores = info.scores(np.log([[7, 2, 1]]).astype("f4"), np.zeros(1, "f4"), np.zeros((1, 1)))
    assert scores.probabilities[0] == pytest.approx([0.7, 0.2, 0.1])
    assert info.certainties(scores.probabilities) == pytest.approx([0.7])


def test_a_prior_multiplies_by_a_power_of_the_frequencies(colour_info: BundleInfo) -> None:
    info = dataclasses.replace(colour_info, frequencies=(16.0, 1.0, 1.0), prior=0.5)
    nothing = np.zeros(1, np.float32)
    scores = info.scores(np.log([[1, 2, 2]]).astype("f4"), nothing, nothing)
    # 1 · √16, 2 and 2.
    assert scores.probabilities[0] == pytest.approx([0.5, 0.25, 0.25])


def test_the_measures_of_certainty() -> None:
    measures = certainty_measures(
        np.array([[0.64, 0.36, 0], [1, 0, 0]], np.float32), np.array([0.5, -1, 0.5], np.float32)
    )
    # The roots are 0.8 and 0.6, of which 4/7 and 3/7 remain.
    assert measures[0] == pytest.approx(
        [
            0.64 * np.log(0.64) + 0.36 * np.log(0.36),
            4 / 7 * np.log(4 / 7) + 3 / 7 * np.log(3 / 7),
            0.5,
        ]
    )
    assert measures[1] == pytest.approx([0, 0, 0.5])


def test_certainty_weighs_its_measures() -> None:
    certain = CERTAINTY(
        np.array([[1, 0, 0], [0, 0.5, 0.5]], np.float32), np.array([2, 0, -4], "f4")
    )
    # Log-odds 1 + 0.25 · 2, and 1 + (2 + 0.5) · log 0.5 of a tie, which the first wins.
    assert certain == pytest.approx([1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(-1) * 2**2.5)])


def test_where_there_is_a_certainty_it_decides(colour_info: BundleInfo) -> None:
    info = dataclasses.replace(colour_info, certainty=CERTAINTY, answer_threshold=0.6)
    probabilities = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0]], np.float32)
    scores = Scores(probabilities, np.array([0, 0, -1], np.float32), probabilities)
    assert info.statuses(scores) == [Status.DOG, Status.UNCERTAIN, Status.NOT_DOG]


def test_a_bundle_opens(colour_bundle: Path, colour_info: BundleInfo) -> None:
    bundle = Bundle.open(colour_bundle)
    digest = hashlib.sha256(colour_bundle.read_bytes()).hexdigest()
    assert bundle.info == colour_info
    assert bundle.path == colour_bundle
    assert bundle.digest == digest
    assert bundle.model == f"colours@{digest[:12]}"


def test_a_bundle_with_corrections_opens(
    write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path
) -> None:
    corrected = Preprocessing(32, "squash", ("stretch", "clahe"))
    info = dataclasses.replace(colour_info, preprocessing=corrected)
    path = write_bundle(tmp_path / "corrected.onnx", info.to_metadata())
    assert Bundle.open(path).info == info


def test_corrections_that_are_not_installed_are_told_at_opening(
    write_bundle: Callable[..., Path],
    colour_info: BundleInfo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("barkive.images.enhance.importlib.util.find_spec", lambda name: None)

    def opened(*names: str) -> BundleInfo:
        preprocessing = Preprocessing(32, "squash", names)
        text = dataclasses.replace(colour_info, preprocessing=preprocessing).to_metadata()
        return Bundle.open(write_bundle(tmp_path / "corrected.onnx", text)).info

    assert opened("stretch", "equalize").preprocessing.enhance == ("stretch", "equalize")
    with pytest.raises(MissingExtraError, match="The correction “clahe” needs the extra “enhance”"):
        opened("stretch", "clahe")


def test_the_path_may_be_text(colour_bundle: Path) -> None:
    assert Bundle.open(str(colour_bundle), threads=1).path == colour_bundle


def test_without_a_path_it_is_the_one_in_the_package(
    colour_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SHIPPED.parts[-3:] == ("barkive", "data", "model.onnx")
    monkeypatch.setattr("barkive.bundle.SHIPPED", colour_bundle)
    assert Bundle.open().info.name == "colours"


def test_the_temperature_softens_and_rows_sum_to_1(colour_info: BundleInfo) -> None:
    logits = np.log(np.array([[16, 4, 4], [1, 1, 2]], np.float32))
    dog, features = np.zeros(2, np.float32), np.zeros((2, 5), np.float32)
    info = dataclasses.replace(colour_info, temperature=2.0)
    scores = info.scores(logits, dog, features)
    assert scores.probabilities[0] == pytest.approx([0.5, 0.25, 0.25])
    assert scores.probabilities.sum(axis=1) == pytest.approx([1, 1])
    assert scores.dog is dog
    assert scores.features is features


def test_large_logits_do_not_overflow(colour_info: BundleInfo) -> None:
    nothing = np.zeros(1, np.float32)
    scores = colour_info.scores(np.array([[1e4, 0, 0]], np.float32), nothing, nothing)
    assert scores.probabilities.tolist() == [[1, 0, 0]]


@pytest.mark.parametrize(
    ("top", "dog", "status"),
    [
        (0.75, 0.0, Status.DOG),
        (0.625, 0.0, Status.DOG),
        (0.5, 0.0, Status.UNCERTAIN),
        (0.75, -0.5, Status.NOT_DOG),
        (0.5, -0.5, Status.NOT_DOG),
    ],
)
def test_the_rule_of_statuses(
    top: float, dog: float, status: Status, colour_info: BundleInfo
) -> None:
    info = dataclasses.replace(colour_info, answer_threshold=0.625)
    scores = Scores(
        np.array([[top, 1 - top]], np.float32), np.array([dog], np.float32), np.zeros((1, 1), "f4")
    )
    assert info.statuses(scores) == [status]


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as refused:
        Bundle.open(path)
    message = str(refused.value)
    assert str(path) in message
    assert refused.value.exit_code == 2
    return message.replace(str(path), "PATH")


def test_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.onnx") == (
        "The model file PATH does not exist; give a bundle that `barkive train` wrote."
    )


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "The model PATH is not a file; give one that `barkive train` wrote."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe with a name")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    assert refusal(tmp_path / "pipe.onnx") == (
        "The model PATH is not a file; give one that `barkive train` wrote."
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"preprocessing": Preprocessing(size=33)},
            "its graph does not take and give what a bundle's graph does",
        ),
        ({"labels": ()}, "its graph tells 3 breeds apart and its metadata names 0"),
    ],
)
def test_metadata_of_another_graph(
    change: dict[str, object],
    reason: str,
    colour_info: BundleInfo,
    write_bundle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    metadata = dataclasses.replace(colour_info, **change).to_metadata()  # type: ignore[arg-type]
    assert refusal(write_bundle(tmp_path / "other.onnx", metadata)) == (
        f"The model file PATH can't be used: {reason}; train it again with `barkive train`."
    )


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\x07" + b"\xff" * 100])
def test_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    assert refusal(path) == (
        "The model file PATH is not an ONNX model, or is damaged; "
        "give one that `barkive train` wrote."
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_bundle(share: float, colour_bundle: Path, tmp_path: Path) -> None:
    content = colour_bundle.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    assert refusal(path) == (
        "The model file PATH is not an ONNX model, or is damaged; "
        "give one that `barkive train` wrote."
    )


def test_a_model_that_is_no_bundle(write_bundle: Callable[..., Path], tmp_path: Path) -> None:
    assert refusal(write_bundle(tmp_path / "other.onnx", None)) == (
        "The model file PATH is an ONNX model but not a Barkive bundle; "
        "give a file that `barkive train` wrote."
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "{}", '{"name": "no format"}'])
def test_damaged_metadata(text: str, write_bundle: Callable[..., Path], tmp_path: Path) -> None:
    assert refusal(write_bundle(tmp_path / "bad.onnx", text)) == (
        "The model file PATH can't be used: its metadata is damaged; "
        "train it again with `barkive train`."
    )


def test_another_version(
    write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path
) -> None:
    text = colour_info.to_metadata().replace('"format": 3', '"format": 9')
    assert refusal(write_bundle(tmp_path / "new.onnx", text)) == (
        "The model file PATH can't be used: "
        "it has bundle format 9, and this Barkive reads formats 1, 2, 3; "
        "train it again with `barkive train`."
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", ...),
        ("labels", ...),
        ("labels", 3),
        ("labels", [{"id": "x"}]),
        ("preprocessing", {"size": 8}),
        ("preprocessing", {"size": "32"}),
        ("preprocessing", {"mean": [0.5]}),
        ("preprocessing", {"enhance": ["sharpen"]}),
        ("preprocessing", {"enhance": "stretch"}),
        ("surprise", 1),
        ("frequencies", [1.0, 2.0]),
        ("frequencies", ["often", "seldom", "never"]),
        ("certainty", {"bias": 0.0}),
        ("certainty", {**dataclasses.asdict(CERTAINTY), "surprise": 1.0}),
    ],
)
def test_incomplete_metadata(
    field: str,
    value: object,
    write_bundle: Callable[..., Path],
    colour_info: BundleInfo,
    tmp_path: Path,
) -> None:
    entry = json.loads(colour_info.to_metadata())
    entry.pop(field, None)
    if value is not ...:
        entry[field] = value
    assert refusal(write_bundle(tmp_path / "bad.onnx", json.dumps(entry))) == (
        "The model file PATH can't be used: its metadata is incomplete; "
        "train it again with `barkive train`."
    )
