"""The bundle: one ONNX file that holds a model and all that is needed to use it.

The graph takes `pixels`, uint8 RGB of shape (n, size, size, 3), does its own rescaling,
and gives three outputs: `logits` (n, labels), `dog` (n,), the log-odds that the photo
shows a dog at all, and `features` (n, channels). The metadata entry `barkive` is a JSON
object, `BundleInfo`. This module reads and describes that file; it does not decide
what a verdict is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from barkive import devices
from barkive.errors import BundleError, DeviceError, UsageError
from barkive.images import Preprocessing
from barkive.images.enhance import require_corrections
from barkive.verdicts import Label, Scores, Status

FORMAT_VERSION = 1
OUTPUTS = ("logits", "dog", "features")
METADATA_KEY = "barkive"
SHIPPED = Path(__file__).parent / "data" / "model.onnx"


@dataclass(frozen=True, slots=True)
class BundleInfo:
    """What a bundle says of itself.

    Attributes:
        name: What the model is called, for instance `barkive-mobilenetv2_100`.
        labels: The classes, in the order of the `logits`.
        preprocessing: How a photo becomes the graph's input.
        temperature: Divides the logits before the softmax (Guo et al., 2017, "On
            Calibration of Modern Neural Networks"); above 0.
        dog_threshold: A `dog` output below this says that no dog is there; in log-odds.
        answer_threshold: The top probability from which a breed is given as the answer
            rather than as `uncertain`; 0..1.
        provenance: Where the model came from: data, split, seed, versions, licences,
            figures measured. Any JSON object.
    """

    name: str
    labels: tuple[Label, ...]
    preprocessing: Preprocessing
    temperature: float
    dog_threshold: float
    answer_threshold: float
    provenance: Mapping[str, Any]

    def scores(
        self,
        logits: NDArray[np.float32],
        dog: NDArray[np.float32],
        features: NDArray[np.float32],
    ) -> Scores:
        """The graph's outputs with the temperature applied, as calibrated scores."""
        scaled = logits / np.float32(self.temperature)
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return Scores(odds / odds.sum(axis=1, keepdims=True), dog, features)

    def statuses(self, scores: Scores) -> list[Status]:
        """The verdict's status for each photo of a batch: the one place of this rule."""
        top = scores.probabilities.max(axis=1)
        return [
            Status.NOT_DOG
            if dog < self.dog_threshold
            else Status.DOG
            if probability >= self.answer_threshold
            else Status.UNCERTAIN
            for probability, dog in zip(top, scores.dog, strict=True)
        ]

    def to_metadata(self) -> str:
        """The text of the metadata entry."""
        return json.dumps(
            {
                "format": FORMAT_VERSION,
                "name": self.name,
                "labels": [{"id": b.id, "en": b.en, "fr": b.fr} for b in self.labels],
                "preprocessing": self.preprocessing.to_json(),
                "temperature": self.temperature,
                "dog_threshold": self.dog_threshold,
                "answer_threshold": self.answer_threshold,
                "provenance": self.provenance,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_metadata(cls, text: str) -> BundleInfo:
        """Parses the metadata entry.

        Raises:
            BundleError: It is of another format version, or incomplete.
        """
        try:
            entry = json.loads(text)
            version = entry.pop("format")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise BundleError("its metadata is damaged") from None
        if version != FORMAT_VERSION:
            raise BundleError(
                f"it has bundle format {version}, and this Barkive reads format {FORMAT_VERSION}"
            )
        try:
            labels = tuple(Label(**label) for label in entry.pop("labels"))
            preprocessing = Preprocessing.from_json(entry.pop("preprocessing"))
            return cls(labels=labels, preprocessing=preprocessing, **entry)
        except (KeyError, TypeError, UsageError):
            raise BundleError("its metadata is incomplete") from None


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle: the ONNX Runtime session, the description, the file's digest, the device."""

    path: Path
    session: ort.InferenceSession
    info: BundleInfo
    digest: str
    device: str = "cpu"

    @property
    def model(self) -> str:
        """The model as verdicts name it: its name and the first 12 digits of the digest."""
        return f"{self.info.name}@{self.digest[:12]}"


def open_bundle(path: str | Path | None = None, *, threads: int = 0, device: str = "cpu") -> Bundle:
    """Opens a bundle for inference.

    Args:
        path: The `.onnx` file; None for the model inside the package.
        threads: Threads of one inference on the processor; 0 for one per physical core.
        device: One of `devices.DEVICES`.

    Raises:
        BundleError: The file is missing, corrupt, not a bundle, or of another version.
        DeviceError: The device is not there, or does not start.
        MissingExtraError: Its corrections of photos need an extra that is not installed.
        UsageError: There is no such device.
    """
    devices.require_device(device)
    path = SHIPPED if path is None else Path(path)
    content = _read(path)
    try:
        session = devices.start(content, threads=threads, device=device)
    except DeviceError:
        raise
    except Exception:  # ONNX Runtime's own exceptions share no public base class
        raise BundleError(
            f"The model file {path} is not an ONNX model, or is damaged; "
            "give one that `barkive train` wrote."
        ) from None
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise BundleError(
            f"The model file {path} is an ONNX model but not a Barkive bundle; "
            "give a file that `barkive train` wrote."
        )
    try:
        info = BundleInfo.from_metadata(text)
        _check_graph(session, info)
    except BundleError as error:
        raise BundleError(
            f"The model file {path} can't be used: {error}; train it again with `barkive train`."
        ) from None
    require_corrections(info.preprocessing.enhance)
    return Bundle(path, session, info, hashlib.sha256(content).hexdigest(), device)


def _read(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise BundleError(f"The model {path} is not a file; give one that `barkive train` wrote.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"The model file {path} does not exist; give a bundle that `barkive train` wrote."
        ) from None
    except OSError as error:
        raise BundleError(f"The model file {path} can't be read: {error.strerror}.") from None


def _check_graph(session: ort.InferenceSession, info: BundleInfo) -> None:
    """Refuses a graph that is not the one which its metadata describes."""
    size = info.preprocessing.size
    inputs = [(one.name, one.type, one.shape[1:]) for one in session.get_inputs()]
    outputs = {one.name: one.shape for one in session.get_outputs()}
    if inputs != [("pixels", "tensor(uint8)", [size, size, 3])] or not outputs.keys() >= set(
        OUTPUTS
    ):
        raise BundleError("its graph does not take and give what a bundle's graph does")
    if outputs["logits"][1] != len(info.labels):
        raise BundleError(
            f"its graph tells {outputs['logits'][1]} breeds apart and its metadata names "
            f"{len(info.labels)}"
        )
