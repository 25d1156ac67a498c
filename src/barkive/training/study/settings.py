"""The settings of one of the study's recipes: frozen, and checked once, all faults together."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from barkive.errors import BarkiveError, UsageError
from barkive.images import Preprocessing, Square
from barkive.training.backbones import check_name
from barkive.training.bag_of_words import WordsSettings
from barkive.training.codebook import Encoding, Sampling
from barkive.training.loading import Colour
from barkive.training.networks import Neck
from barkive.training.precision import Precision

Kind = Literal["network", "words", "corrections", "sizes"]
Solver = Literal["adam", "lbfgs"]
Head = Literal["anew", "centred", "own"]

SCRATCH = ("simple-cnn", "deep-cnn")
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class StudyRecipe:
    """One figure of the study. Everything has a default but what it is about.

    Attributes:
        about: What it shows, in one sentence.
        minutes: How long it takes on two cores and the study's photos.
        expected: The lowest and the highest accuracy on test to expect, 0..1; empty where
            it was never measured.
        original: What the original study reported.
        kind: `network` trains one; `words` is the bag of visual words; `corrections` and
            `sizes` compare ways to prepare photos.
        network: `simple-cnn`, `deep-cnn`, or any model of timm.
        neck: What of a backbone's maps the head gets: `pooled` or `flattened`.
        dense: Widths of the layers before the prediction layer.
        dropout: The share of features left out at random in training, 0 up to but not 1.
        augmentation: Strength of flip, rotation and zoom, 0..1.
        train_from: The backbone's block from which on it is trained; empty for the head
            alone, `all` for everything.
        solver: `adam` trains in epochs; `lbfgs` solves a prediction layer on frozen
            features to its optimum.
        head: Of `lbfgs`: fitted `anew`, or `centred` on the rows of the classifier that the
            backbone was pre-trained with; `own` takes these rows as they are, and fits nothing.
        penalty: Weight decay of `adam`; `lbfgs` chooses its L2 penalty on validation.
        learning_rate: Of `adam`, at the start.
        epochs: Of `adam`.
        batch: Photos a step.
        precision: Of `adam`: `float32`, `bfloat16`, or `auto` for what the processor has.
        breeds: How many are drawn; 0 for all.
        draw: Which draw of breeds: 0 the first, 1 the second, without a breed of the first.
        held_out: The share of photos kept from training: half of them validate, half test.
        image_size: Side of the square, in pixels.
        square: How a photo becomes a square.
        colour: `rgb` or `grey`.
        enhance: Corrections of each photo.
        sampling: Of `words`: where descriptors are taken, `dense` or `sparse`.
        encoding: Of `words`: `vlad` or `histogram`.
        words: Of `words`: the size of the vocabulary.
        seed: Of split, weights, order, augmentation and dropout.

    Raises:
        UsageError: Settings are out of their range.
    """

    about: str
    minutes: float = 0.0
    expected: tuple[float, ...] = ()
    original: str = ""
    kind: Kind = "network"
    network: str = "mobilenetv2_100"
    neck: Neck = "pooled"
    dense: tuple[int, ...] = ()
    dropout: float = 0.0
    augmentation: float = 0.0
    train_from: str = ""
    solver: Solver = "adam"
    head: Head = "anew"
    penalty: float = 0.0
    learning_rate: float = 0.001
    epochs: int = 10
    batch: int = 32
    precision: Precision = "auto"
    breeds: int = 20
    draw: int = 0
    held_out: float = 0.3
    image_size: int = 224
    square: Square = "crop"
    colour: Colour = "rgb"
    enhance: tuple[str, ...] = ()
    sampling: Sampling = "dense"
    encoding: Encoding = "vlad"
    words: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {_as_written(getattr(self, name))}; it must be {wanted}."
            for name, (allowed, wanted) in _RANGES.items()
            if not allowed(getattr(self, name))
        ]
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                faults.append(
                    f"{name} is “{getattr(self, name)}”; it must be one of: {', '.join(choices)}."
                )
        # One by one, because each tells its first fault only.
        checks: tuple[Callable[[], object], ...] = (
            lambda: Preprocessing(self.image_size),
            lambda: Preprocessing(square=self.square),
            lambda: Preprocessing(enhance=self.enhance),
            lambda: WordsSettings(self.sampling),
            lambda: WordsSettings(encoding=self.encoding, words=self.words),
        )
        for check in checks:
            try:
                check()
            except BarkiveError as error:
                faults.append(str(error))
        if not self.scratch:
            try:
                # Weights from a file are as good as the hub's, so only the name counts here.
                check_name(self.network, Path())
            except BarkiveError as error:
                faults.append(str(error))
            if self.colour == "grey":
                faults.append(f"colour is “grey”; {self.network} was trained on rgb.")
        elif self.train_from or self.neck != "pooled" or self.dense or self.dropout:
            faults.append(
                f"{self.network} has its own layers and is trained as a whole: leave out "
                "neck, dense, dropout and train_from."
            )
        if self.compares and not self.solvable:
            faults.append(
                f"kind is “{self.kind}”, which fits prediction layers on a frozen backbone: take a "
                "network of timm, and leave out dense, dropout, augmentation and train_from."
            )
        elif self.solver == "lbfgs" and not self.solvable:
            faults.append(
                "solver is “lbfgs”, which fits a prediction layer on frozen features: leave out "
                "dense, dropout, augmentation and train_from, or take “adam”."
            )
        if self.head in ("centred", "own") and (self.solver != "lbfgs" or self.neck != "pooled"):
            faults.append(
                f"head is “{self.head}”, which takes the backbone's own classifier, a linear layer "
                "on pooled features: take solver “lbfgs”, and leave out neck."
            )
        for what, ignored in self._ignored():
            if ignored:
                them = "it" if len(ignored) == 1 else "them"
                faults.append(f"{what} makes no use of {', '.join(ignored)}; leave {them} out.")
        if self.draw and not self.breeds:
            faults.append(f"draw is {self.draw}, but breeds is 0, which takes all at once.")
        if faults:
            raise UsageError(" ".join(faults))

    def _ignored(self) -> Iterator[tuple[str, list[str]]]:
        """What ignores settings, and those that are other than by default."""
        changed = [one.name for one in fields(self) if getattr(self, one.name) != one.default]
        unused = _UNUSED.get(self.kind, ())
        yield f"kind “{self.kind}”", [one for one in changed if one in unused]
        if self.kind == "network" and self.solver == "lbfgs":
            yield "solver “lbfgs”", [one for one in changed if one in _OF_EPOCHS]

    @property
    def scratch(self) -> bool:
        """Whether the network is one of the small ones, trained from nothing."""
        return self.network in SCRATCH

    @property
    def pretrained(self) -> bool:
        """Whether it needs pre-trained weights."""
        return not self.scratch and self.kind != "words"

    @property
    def compares(self) -> bool:
        """Whether it compares ways to prepare photos, and so has no accuracy of its own."""
        return self.kind in ("corrections", "sizes")

    @property
    def outlook(self) -> str:
        """How long it takes and what to expect, in one sentence; empty where neither is stated."""
        unit = "minute" if self.minutes == 1 else "minutes"
        said = [f"About {self.minutes:g} {unit} on two cores"] if self.minutes else []
        if self.expected:
            said.append(f"expected {self._range} on test")
        elif self.minutes and not self.compares:
            said.append("its accuracy was not measured yet")
        sentence = "; ".join(said)
        return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""

    def outcome(self, accuracy: float | None) -> str:
        """Whether an accuracy is as expected, in one sentence; empty where none is stated."""
        if not self.expected or accuracy is None:
            return ""
        low, high = self.expected
        # As it is printed: 91.96 % is 92.0 %.
        where = "within" if low <= round(accuracy, 3) <= high else "outside"
        return f"The result, {accuracy:.1%}, lies {where} the expected {self._range}."

    @property
    def _range(self) -> str:
        low, high = (f"{100 * share:.3g}" for share in self.expected)
        return f"{low} to {high} %"

    @property
    def frozen(self) -> bool:
        """Whether the body is frozen, so that each photo's features are computed once."""
        return not self.scratch and not self.train_from

    @property
    def in_epochs(self) -> bool:
        """Whether it trains a network in epochs."""
        return self.kind == "network" and self.solver == "adam"

    @property
    def solvable(self) -> bool:
        """Whether the head is one convex problem."""
        return self.frozen and not (self.dense or self.dropout or self.augmentation)

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos become pixels."""
        return Preprocessing(self.image_size, self.square, self.enhance)

    @property
    def words_settings(self) -> WordsSettings:
        """How photos are put into visual words."""
        return WordsSettings(self.sampling, self.encoding, self.words)

    @property
    def digest(self) -> str:
        """Changes with every setting that the result depends on."""
        settings = asdict(self)
        for told in ("about", "minutes", "expected", "original"):
            del settings[told]
        # As they were before these were settings, so that what is done stays done.
        for name, before in (("head", "anew"), ("precision", "auto")):
            if settings[name] == before:
                del settings[name]
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


_RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "minutes": (lambda x: 0 <= x <= _LARGEST, "0 or more, and finite"),
    "expected": (
        lambda x: not x or (len(x) == 2 and 0 <= x[0] <= x[1] <= 1),
        "two shares of 0..1, the lower first",
    ),
    "dense": (lambda x: all(y > 0 for y in x), "widths above 0"),
    "dropout": (lambda x: 0 <= x < 1, "0 or more and below 1"),
    "augmentation": (lambda x: 0 <= x <= 1, "between 0 and 1"),
    "penalty": (lambda x: 0 <= x <= _LARGEST, "0 or more, and finite"),
    "learning_rate": (lambda x: 0 < x <= _LARGEST, "above 0, and finite"),
    "epochs": (lambda x: x >= 1, "1 or more"),
    "batch": (lambda x: x >= 1, "1 or more"),
    "breeds": (lambda x: x == 0 or x >= 2, "2 or more, or 0 for all"),
    "draw": (lambda x: x >= 0, "0 or more"),
    "held_out": (lambda x: 0 < x < 1, "above 0 and below 1"),
    "seed": (lambda x: 0 <= x < 2**32, f"between 0 and {2**32 - 1}"),
}
_OF_WORDS = ("sampling", "encoding", "words")
_OF_EPOCHS = ("penalty", "learning_rate", "epochs", "batch", "precision")
_OF_NETWORKS = (
    *("network", "neck", "dense", "dropout", "augmentation", "train_from", "solver", "colour"),
    *("head", *_OF_EPOCHS),
)
# By kind.
_UNUSED: Mapping[str, tuple[str, ...]] = {
    "network": _OF_WORDS,
    "words": _OF_NETWORKS,
    "corrections": (*_OF_WORDS, *_OF_EPOCHS, "head"),
    "sizes": (*_OF_WORDS, *_OF_EPOCHS, "head", "image_size", "square"),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "neck": get_args(Neck),
    "solver": get_args(Solver),
    "head": get_args(Head),
    "colour": get_args(Colour),
    "precision": get_args(Precision),
}


def _as_written(value: Any) -> str:
    """A value as a recipe's file writes it: TOML has lists, no tuples."""
    return repr(list(value) if isinstance(value, tuple) else value)
