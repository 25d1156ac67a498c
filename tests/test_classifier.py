"""The classifier with a bundle that takes a photo's colour for its dog's breed."""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from barkive.bundle import Bundle
from barkive.classifier import Classifier
from barkive.detection.detector import Detector
from barkive.detection.proposal import Proposal
from barkive.errors import BundleError, UsageError
from barkive.verdicts import Status, Verdict

RED, GREEN, GREY, BLACK = (196, 0, 1), (0, 197, 0), (199, 199, 199), (7, 1, 0)


@pytest.fixture(scope="module")
def classifier(colour_bundle: Path) -> Classifier:
    return Classifier(colour_bundle, dogs=False)


def short(verdict: Verdict) -> tuple[str, list[tuple[str, float]]]:
    return verdict.status.value, [(c.label.en, round(c.probability, 3)) for c in verdict.breeds]


def barkive_threads() -> set[str]:
    """Those of one `predict`; the thread that searches ends with its classifier."""
    own = ("barkive-decode", "barkive-feed")
    return {t.name for t in threading.enumerate() if t.name.startswith(own)}


def wait_for_threads_to_end() -> None:
    deadline = time.monotonic() + 60
    while barkive_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert barkive_threads() == set()


def test_the_four_verdicts(
    classifier: Classifier, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    files = [
        colour_photo("red.png", RED),
        colour_photo("grey.png", GREY),
        colour_photo("black.png", BLACK),
        tmp_path / "absent.jpg",
    ]
    verdicts = list(classifier.predict(files))
    assert [v.file for v in verdicts] == [str(file) for file in files]
    assert [short(v) for v in verdicts] == [
        ("dog", [("Chihuahua", 0.985), ("Maltese", 0.01), ("Pug", 0.005)]),
        ("uncertain", [("Chihuahua", 0.333), ("Pug", 0.333), ("Maltese", 0.333)]),
        ("not_dog", []),
        ("failed", []),
    ]
    assert [v.error for v in verdicts] == [None, None, None, "The file does not exist."]


def test_each_verdict_names_the_model(classifier: Classifier, colour_bundle: Path) -> None:
    digest = Bundle.open(colour_bundle).digest
    dark, failed = classifier.predict([np.zeros((9, 9, 3), np.uint8), b""])
    assert dark.model == failed.model == f"colours@{digest[:12]}"


@pytest.mark.parametrize(
    "kind", ["path", "text", "bytes", "image", "array", "list", "tuple", "generator", "set"]
)
def test_one_photo_in_every_form(
    kind: str, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    path = colour_photo("green.png", GREEN)
    image = Image.open(path)
    forms: dict[str, object] = {
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "image": image,
        "array": np.asarray(image),
        "list": [path],
        "tuple": (str(path),),
        "generator": (p for p in [path]),
        "set": {path},
    }
    (verdict,) = classifier.predict(forms[kind])  # type: ignore[arg-type]
    assert short(verdict) == ("dog", [("Pug", 0.99), ("Chihuahua", 0.005), ("Maltese", 0.005)])
    named = kind not in ("bytes", "image", "array")
    assert verdict.file == (str(path) if named else None)


def test_an_array_of_four_axes_is_many_photos(classifier: Classifier) -> None:
    photos = np.array([RED, GREEN, BLACK], np.uint8)[:, None, None].repeat(8, 1).repeat(9, 2)
    assert photos.shape == (3, 8, 9, 3)
    verdicts = list(classifier.predict(photos, top=1))
    assert [short(v) for v in verdicts] == [
        ("dog", [("Chihuahua", 0.985)]),
        ("dog", [("Pug", 0.99)]),
        ("not_dog", []),
    ]


def test_an_array_that_is_no_photo_fails_alone(classifier: Classifier) -> None:
    (verdict,) = classifier.predict(np.zeros(5, np.uint8))
    assert verdict.status is Status.FAILED


def test_nothing_gives_nothing(classifier: Classifier) -> None:
    assert list(classifier.predict([])) == []
    wait_for_threads_to_end()


@pytest.mark.parametrize(("top", "listed"), [(1, 1), (2, 2), (3, 3), (99, 3)])
def test_top_is_how_many_are_listed(top: int, listed: int, classifier: Classifier) -> None:
    (verdict,) = classifier.predict(np.full((8, 8, 3), 200, np.uint8), top=top)
    assert len(verdict.breeds) == listed


@pytest.mark.parametrize("setting", ["top", "batch_size"])
def test_settings_below_1_are_refused_at_once(setting: str, classifier: Classifier) -> None:
    with pytest.raises(UsageError, match=f"`{setting}` is 0; it must be at least 1."):
        classifier.predict([], **{setting: 0})


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        Classifier(tmp_path / "absent.onnx")


@pytest.mark.parametrize("batch_size", [1, 3, 4, 64])
@pytest.mark.parametrize("threads", [1, 4])
def test_the_order_is_that_of_the_photos(
    batch_size: int, threads: int, colour_bundle: Path
) -> None:
    sizes = np.random.default_rng(0).integers(1, 400, 100)
    photos = [np.full((n, n, 3), BLACK if n % 2 else RED, np.uint8) for n in sizes]
    photos[::7] = [np.zeros(1, np.uint8)] * len(photos[::7])
    classifier = Classifier(colour_bundle, threads=threads)
    found = [v.status for v in classifier.predict(photos, batch_size=batch_size)]
    assert found == [
        Status.FAILED if i % 7 == 0 else Status.NOT_DOG if n % 2 else Status.DOG
        for i, n in enumerate(sizes)
    ]


def test_50_broken_files_among_50_good_ones(
    classifier: Classifier, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    good = colour_photo("good.png", RED).read_bytes()
    files = [tmp_path / f"{i}.png" for i in range(100)]
    for i, file in enumerate(files):
        file.write_bytes(good[: len(good) // 2] if i % 2 else good)
    verdicts = list(classifier.predict(files))
    assert [v.status for v in verdicts] == [Status.DOG, Status.FAILED] * 50
    assert {v.error for v in verdicts[1::2]} == {"The file is cut off: the picture ends early."}


def test_a_file_that_vanishes_during_the_run(
    classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    files = [colour_photo(f"{i}.png", RED) for i in range(3)]

    def photos() -> Iterator[Path]:
        yield files[0]
        files[1].unlink()
        yield from files[1:]

    verdicts = list(classifier.predict(photos()))
    assert [v.status.value for v in verdicts] == ["dog", "failed", "dog"]


def test_a_slow_source_is_answered_as_it_goes(classifier: Classifier) -> None:
    answered = threading.Event()

    def photos() -> Iterator[bytes]:
        yield b"one"
        assert answered.wait(60)
        yield b"two"

    verdicts = classifier.predict(photos())
    assert next(verdicts).status is Status.FAILED
    answered.set()
    assert len(list(verdicts)) == 1


def test_only_a_few_photos_are_taken_ahead(colour_bundle: Path) -> None:
    taken = 0

    def photos() -> Iterator[bytes]:
        nonlocal taken
        for taken in range(1, 1001):  # noqa: B007
            yield b""

    verdicts = Classifier(colour_bundle, threads=2).predict(photos(), batch_size=4)
    for _ in range(100):
        next(verdicts)
    time.sleep(0.1)
    assert taken <= 100 + 4 + 2 * (4 + 2) + 1
    verdicts.close()


def test_closing_early_ends_the_threads(classifier: Classifier) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b""

    verdicts = classifier.predict(endless())
    next(verdicts)
    assert barkive_threads()
    verdicts.close()
    wait_for_threads_to_end()


def test_an_error_of_the_source_comes_after_what_was_before_it(classifier: Classifier) -> None:
    def photos() -> Iterator[bytes]:
        yield from [b"", b"", b""]
        raise OSError("the disk is gone")

    verdicts = classifier.predict(photos())
    assert [next(verdicts).status for _ in range(3)] == [Status.FAILED] * 3
    with pytest.raises(OSError, match="the disk is gone"):
        next(verdicts)
    wait_for_threads_to_end()


def test_scores_are_those_of_the_bundle(classifier: Classifier) -> None:
    scores = classifier.score(np.full((2, 32, 32, 3), GREEN, np.uint8))
    assert scores.probabilities == pytest.approx(np.array([[0.005, 0.99, 0.005]] * 2), abs=1e-6)
    assert scores.dog.tolist() == [137, 137]
    assert scores.features.tolist() == [[0, 197, 0]] * 2


def test_bytes_of_a_photo_that_lies_in_memory(classifier: Classifier) -> None:
    file = io.BytesIO()
    Image.new("RGB", (50, 50), GREEN).save(file, "WEBP", lossless=True)
    (verdict,) = classifier.predict(file.getvalue(), top=1)
    assert short(verdict) == ("dog", [("Pug", 0.99)])


def test_the_inference_library_leaves_nothing_behind_and_reports_nothing(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", "import barkive.classifier"], env=home, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_what_was_judged_becomes_a_verdict_under_any_name(
    classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    photos = [colour_photo("red.png", RED), colour_photo("black.png", BLACK), b""]
    red, black, empty = classifier.judge(photos, classifier.viewer.load)
    verdict = classifier.verdict(red, "rex.jpg", top=2)
    assert verdict.file == "rex.jpg"
    assert short(verdict) == ("dog", [("Chihuahua", 0.985), ("Maltese", 0.01)])
    assert len(classifier.verdict(red, None, top=1000).breeds) == 3
    assert short(classifier.verdict(black, None)) == ("not_dog", [])
    failed = classifier.verdict(empty, None)
    assert (failed.file, failed.error) == (None, "The file is empty.")
    assert short(failed) == ("failed", [])
    assert verdict.model == failed.model == classifier.bundle.model
    named = [classifier.verdict(one, str(one.item), top=2) for one in (red, black)]
    assert list(classifier.predict(photos, top=2)) == [*named, failed]


def test_without_dogs_the_same_network_judges_photos_as_wholes(
    classifier: Classifier, pair_classifier: Classifier, pair_photo: Callable[..., Path]
) -> None:
    photo = pair_photo("pair.png", (250, 10, 10), (10, 250, 10))
    whole = pair_classifier.without_dogs()
    assert list(whole.predict(photo)) == list(classifier.predict(photo))
    assert (whole.bundle.identity, whole.bundle.session) == (
        classifier.bundle.identity,
        pair_classifier.bundle.session,
    )
    (verdict,) = pair_classifier.predict(photo)
    assert len(verdict.dogs or ()) == 2


class Meeting(Detector):
    """A detector that does not end before the network is asked, and that network."""

    def __init__(self, detector: Detector) -> None:
        self.digest, self._detector, self._asked = detector.digest, detector, threading.Event()
        self.session: Any = None

    def propose(self, photo: NDArray[np.uint8]) -> tuple[Proposal, ...]:
        assert self._asked.wait(60)
        return self._detector.propose(photo)

    def run(self, *asked: Any) -> Any:
        self._asked.set()
        return self.session.run(*asked)


def test_a_photo_alone_is_judged_as_a_whole_while_it_is_searched(
    colour_bundle: Path, pair_classifier: Classifier, pair_photo: Callable[..., Path]
) -> None:
    photos = [
        pair_photo("pair.png", (250, 10, 10), (10, 250, 10)),  # each dog is judged by itself
        pair_photo("half.png", (250, 10, 10), (9, 9, 9)),
        pair_photo("none.png", (9, 9, 9), (9, 9, 9)),
    ]
    detector = pair_classifier.bundle.detector
    assert detector is not None
    expected = list(Classifier(colour_bundle, dogs=detector, threads=1).predict(photos))
    assert [len(verdict.dogs or ()) for verdict in expected] == [2, 1, 0]
    for photo, verdict in zip(photos, expected, strict=True):
        meeting = Meeting(detector)
        alone = Classifier(colour_bundle, dogs=meeting, threads=2)
        meeting.session = alone.bundle.session
        object.__setattr__(alone.bundle, "session", meeting)
        (judged,) = alone.judge([photo], alone.viewer_of_one.load)
        assert alone.verdict(judged, str(photo)) == verdict
