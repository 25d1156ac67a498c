"""The bundle: one ONNX file that holds a model and all that is needed to use it.

The graph takes `pixels`, uint8 RGB of shape (n, size, size, 3), does its own rescaling,
and gives three outputs: `logits` (n, labels), `dog` (n,), the log-odds that the photo
shows a dog at all, and `features` (n, channels). From format 3 on these are numbers that
float16 holds, so that what is kept of them gives the same answer. The metadata entry `barkive`
is a JSON object, `BundleInfo`. This module reads that file, and holds the rule by which its outputs
become scores and a status; it does not know photos.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barkive import devices, onnx_file
from barkive.detection.detector import Detector
from barkive.errors import BundleError, UsageError
from barkive.frequencies import NO_PRIOR, read_frequencies
from barkive.images import Preprocessing
from barkive.images.enhance import require_adjustments
from barkive.onnx_graph import DOG, FEATURES, LOGITS, Graph
from barkive.verdicts import BreedName, Scores, Status

if TYPE_CHECKING:
    import onnxruntime as ort

FORMAT_VERSION = 3
_READABLE = (1, 2, FORMAT_VERSION)
OUTPUTS = (LOGITS, DOG, FEATURES)
METADATA_KEY = "barkive"
SHIPPED = Path(__file__).parent / "data" / "model.onnx"


_log = logging.getLogger(__name__)

_Reals = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Certainty:
    """How likely it is that the most probable breed is right, other breeds being met as well.

    A logistic regression of three measures, fitted on photos of breeds that the model knows
    and of others. A single score mistakes one kind for the other: the probabilities of a
    dog of another breed often agree on one look-alike, and seldom do so when they are
    softened.

    Attributes:
        bias: The log-odds where all measures are 0.
        entropy: Weight of the negative entropy of the probabilities, in nats.
        soft_entropy: Weight of the same after halving the logits.
        frequency: Weight of the logarithm of how often the breed is met: who looks like a
            rare breed is often one of another.
    """

    bias: float
    entropy: float
    soft_entropy: float
    frequency: float

    def __call__(self, probabilities: _Reals, log_frequencies: _Reals) -> _Reals:
        """How likely it is that the most probable label is right, 0..1, shape (n,).

        Args:
            probabilities: Calibrated, with the prior, shape (n, labels).
            log_frequencies: As `BundleInfo.log_frequencies` gives them, shape (labels,).
        """
        measures = certainty_measures(probabilities, log_frequencies)
        weights = np.array([self.entropy, self.soft_entropy, self.frequency], np.float32)
        log_odds = measures @ weights + np.float32(self.bias)
        # The logistic function by tanh, which never overflows.
        certain: _Reals = ((1 + np.tanh(log_odds / 2)) / 2).astype(np.float32)
        return certain


def certainty_measures(probabilities: _Reals, log_frequencies: _Reals) -> _Reals:
    """What `Certainty` weighs, shape (n, 3): entropy, soft entropy, frequency.

    Args:
        probabilities: Calibrated, with the prior, shape (n, labels).
        log_frequencies: Shape (labels,).
    """
    # Halving logits takes the root of the odds.
    soft = np.sqrt(probabilities)
    soft /= soft.sum(axis=1, keepdims=True)
    columns = [_negative_entropy(one) for one in (probabilities, soft)]
    return np.stack([*columns, log_frequencies[probabilities.argmax(axis=1)]], axis=1)


def _negative_entropy(probabilities: _Reals) -> _Reals:
    # What can't be told from 0 adds nothing.
    tiny = np.finfo(np.float32).tiny
    entropy: _Reals = (probabilities * np.log(np.maximum(probabilities, tiny))).sum(axis=1)
    return entropy


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
        answer_threshold: The certainty from which a breed is given as the answer rather than
            as `uncertain`; 0..1.
        provenance: Where the model came from: data, split, seed, versions, licences,
            figures measured. Any JSON object.
        frequencies: For each label how often it is met, above 0, in any unit; empty where
            that is not known.
        prior: How far the frequencies count: the power to which they are raised before the
            probabilities are multiplied by them. 0 for not at all, 1 for Bayes' rule.
        certainty: How certain an answer is; None where that is its probability.
    """

    name: str
    labels: tuple[BreedName, ...]
    preprocessing: Preprocessing
    temperature: float
    dog_threshold: float
    answer_threshold: float
    provenance: Mapping[str, Any]
    frequencies: tuple[float, ...] = ()
    prior: float = 0.0
    certainty: Certainty | None = None

    @classmethod
    def draft(
        cls,
        name: str,
        labels: tuple[BreedName, ...],
        preprocessing: Preprocessing,
        frequencies: tuple[float, ...] = (),
    ) -> BundleInfo:
        """A description of a model that is not calibrated yet."""
        return cls(name, labels, preprocessing, 1.0, 0.0, 0.0, {}, frequencies)

    @property
    def log_frequencies(self) -> _Reals:
        """The logarithms of the frequencies, less their mean, shape (labels,)."""
        frequencies = np.array(self.frequencies or [1.0] * len(self.labels))
        logarithms = np.log(frequencies)
        centred: _Reals = (logarithms - logarithms.mean()).astype(np.float32)
        return centred

    def scores(self, logits: _Reals, dog: _Reals, features: _Reals) -> Scores:
        """The graph's outputs as calibrated scores, temperature and prior applied."""
        scaled = logits / np.float32(self.temperature)
        if self.prior:
            scaled = scaled + np.float32(self.prior) * self.log_frequencies
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return Scores(odds / odds.sum(axis=1, keepdims=True), dog, features)

    def certainties(self, probabilities: _Reals) -> _Reals:
        """How certain each photo's first breed is, 0..1: (n, labels) → (n,)."""
        if self.certainty is None:
            top: _Reals = probabilities.max(axis=1)
            return top
        return self.certainty(probabilities, self.log_frequencies)

    def statuses(self, scores: Scores) -> list[Status]:
        """The verdict's status for each photo of a batch: the one place of this rule."""
        certainties = self.certainties(scores.probabilities)
        return [
            Status.NOT_DOG
            if dog < self.dog_threshold
            else Status.DOG
            if certainty >= self.answer_threshold
            else Status.UNCERTAIN
            for certainty, dog in zip(certainties, scores.dog, strict=True)
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
                "frequencies": list(self.frequencies),
                "prior": self.prior,
                "certainty": asdict(self.certainty) if self.certainty else None,
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
        entry = onnx_file.parse(text, _READABLE)
        try:
            labels = tuple(BreedName(**label) for label in entry.pop("labels"))
            preprocessing = Preprocessing.from_json(entry.pop("preprocessing"))
            frequencies = tuple(float(one) for one in entry.pop("frequencies", ()))
            certainty = entry.pop("certainty", None)
            if certainty is not None:
                certainty = Certainty(**certainty)
            if frequencies and len(frequencies) != len(labels):
                raise ValueError
            return cls(
                labels=labels,
                preprocessing=preprocessing,
                frequencies=frequencies,
                certainty=certainty,
                **entry,
            )
        except (KeyError, TypeError, ValueError, AttributeError, UsageError):
            raise BundleError("bundle_metadata_incomplete") from None


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle.

    Examples:
        >>> from barkive import Bundle
        >>> [label.en for label in Bundle.open("our-dogs.onnx").info.labels]

    Attributes:
        path: The file.
        session: ONNX Runtime's, started.
        info: What the bundle says of itself.
        digest: The file's SHA-256 in hex digits.
        device: Where the network runs, one of `devices.DEVICES`.
        prior: The name of a prior other than the bundle's own; empty where there is none.
        detector: Proposes the animals that are judged one by one; None where photos are judged
            as wholes alone.
    """

    path: Path
    session: ort.InferenceSession
    info: BundleInfo
    digest: str
    device: str = "cpu"
    prior: str = ""
    detector: Detector | None = None

    @classmethod
    def open(
        cls, path: str | Path | None = None, *, threads: int = 0, device: str = "cpu"
    ) -> Bundle:
        """Opens a bundle for inference.

        Args:
            path: The `.onnx` file; None for the model inside the package.
            threads: Threads of one inference on the processor; 0 for one per physical core.
            device: One of `devices.DEVICES`.

        Raises:
            BundleError: The file is missing, corrupt, not a bundle, or of another version.
            DeviceError: The device is not there, or does not start.
            MissingExtraError: Its adjustments of photos need an extra that is not installed.
            UsageError: There is no such device.
        """
        devices.require_device(device)
        path = SHIPPED if path is None else Path(path)
        session, digest = onnx_file.start(path, threads=threads, device=device)
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise BundleError("bundle_not_barkive", path=path)
        try:
            info = BundleInfo.from_metadata(text)
            _check_graph(session, info)
        except BundleError as error:
            raise BundleError("bundle_unusable", path=path, reason=error) from None
        require_adjustments(info.preprocessing.enhance)
        bundle = cls(path, session, info, digest, device)
        _log.info("Opened the model %s, %s, on %s", bundle.model, path, device)
        return bundle

    @property
    def network(self) -> str:
        """The network as verdicts name it: its name and the first 12 digits of the digest."""
        return f"{self.info.name}@{self.digest[:12]}"

    @property
    def model(self) -> str:
        """The model as verdicts name it: the network.

        Behind it the detector, where there is one, and the prior, where it is another than
        the bundle's own.
        """
        parts = [self.network]
        if self.detector is not None:
            parts.append(f"dogs-{self.detector.digest[:6]}")
        return "+".join([*parts, *filter(None, [self.prior])])

    @property
    def identity(self) -> str:
        """What two bundles share that answer alike: the digest, the detector's included."""
        if self.detector is None:
            return self.digest
        return hashlib.sha256(f"{self.digest}+{self.detector.digest}".encode()).hexdigest()

    def score_features(self, features: _Reals, dog: _Reals | None = None) -> Scores:
        """Runs what comes behind the features alone.

        Args:
            features: Shape (n, channels), as the bundle gave them; of a bundle of format 3 also
                from float16.
            dog: The log-odds of a dog where they are known, shape (n,): to compute them takes
                most of the time.

        Returns:
            What the whole network says of photos with these features, bit for bit.

        Raises:
            BundleError: The file is gone, or is another one by now.
        """
        outputs = (LOGITS, DOG) if dog is None else (LOGITS,)
        logits, *odds = _head(self.path, self.digest, outputs).run(outputs, {FEATURES: features})
        return self.info.scores(logits, odds[0] if dog is None else dog, features)

    def content(self) -> bytes:
        """The content of the file.

        Raises:
            BundleError: The file is gone, or is another one by now.
        """
        return _content(self.path, self.digest)

    def with_detector(self, detector: Detector) -> Bundle:
        """The same bundle, which judges each animal that a detector proposes."""
        return replace(self, detector=detector)

    def with_prior(self, prior: str | Path) -> Bundle:
        """The same bundle with another prior over its breeds.

        Args:
            prior: A table of breeds and how often each is met, as `read_frequencies` takes it;
                or `none`, for all breeds alike. The table counts as far as the bundle's own
                prior does, or wholly where it has none.

        Raises:
            UsageError: The table can't be used.
        """
        if str(prior) == NO_PRIOR:
            return replace(self, info=replace(self.info, prior=0.0), prior=NO_PRIOR)
        frequencies = read_frequencies(prior, self.info.labels).of(self.info.labels)
        strength = self.info.prior or 1.0
        digest = hashlib.sha256(repr(frequencies).encode()).hexdigest()[:6]
        info = replace(self.info, frequencies=frequencies, prior=strength)
        return replace(self, info=info, prior=digest)


def _content(path: Path, digest: str) -> bytes:
    content = onnx_file.read(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError("bundle_changed", path=path)
    return content


@lru_cache(maxsize=2)
def _head(path: Path, digest: str, outputs: tuple[str, ...]) -> ort.InferenceSession:
    return devices.start(Graph(_content(path, digest)).head(*outputs))


def _check_graph(session: ort.InferenceSession, info: BundleInfo) -> None:
    """Refuses a graph that is not the one which its metadata describes."""
    size = info.preprocessing.size
    inputs = [(one.name, one.type, one.shape[1:]) for one in session.get_inputs()]
    outputs = {one.name: one.shape for one in session.get_outputs()}
    if inputs != [("pixels", "tensor(uint8)", [size, size, 3])] or not outputs.keys() >= set(
        OUTPUTS
    ):
        raise BundleError("bundle_graph_unfit")
    if outputs["logits"][1] != len(info.labels):
        raise BundleError(
            "bundle_breeds_differ",
            graph_count=outputs["logits"][1],
            metadata_count=len(info.labels),
        )
