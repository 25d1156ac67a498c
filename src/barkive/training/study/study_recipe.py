"""The study's recipes: their settings, and the TOML files that they are read from.

A recipe is found by its name, among those that come with Barkive, or by the path of a file.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from barkive.errors import UsageError, system_reason
from barkive.images import Preprocessing
from barkive.messages import Message
from barkive.training.backbones import check_name
from barkive.training.bag_of_words import BagOfWordsSettings
from barkive.training.codebook import Encoding, Sampling
from barkive.training.loading import Colour
from barkive.training.networks import Neck
from barkive.training.precision import Precision
from barkive.training.recipe import BaseRecipe, faults_found

Kind = Literal["network", "words", "corrections", "sizes"]
Solver = Literal["adam", "lbfgs"]
Head = Literal["anew", "centred", "own"]

ALL = "all"
_FOLDER = files("barkive.training.study") / "recipes"
# The order in which they are run and shown: the study's own.
NAMES = (
    "simple-cnn",
    "simple-cnn-augmented",
    "deep-cnn",
    "deep-cnn-augmented",
    "vgg16-head",
    "vgg16-dense",
    "mobilenetv2-head",
    "mobilenetv2-finetuned",
    "mobilenetv2-less-augmentation",
    "mobilenetv2-less-dropout",
    "mobilenetv2-dense",
    "mobilenetv2-second-draw",
    "xception-head",
    "resnet50-head",
    "mobilenetv2-own",
    "lite0-own",
    "lite0-anew",
    "lite0-centred",
    "lite2-own",
    "lite2-anew",
    "lite2-centred",
    "sift-words",
    "all-breeds",
    "all-breeds-lite0-own",
    "all-breeds-lite0-anew",
    "all-breeds-lite0-centred",
    "all-breeds-lite2-own",
    "all-breeds-lite2-anew",
    "all-breeds-lite2-centred",
    "corrections",
    "sizes",
)

SCRATCH = ("simple-cnn", "deep-cnn")
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecipe(BaseRecipe):
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
        colour: `rgb` or `grey`.
        sampling: Of `words`: where descriptors are taken, `dense` or `sparse`.
        encoding: Of `words`: `vlad` or `histogram`.
        words: Of `words`: the size of the codebook.

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
    colour: Colour = "rgb"
    sampling: Sampling = "dense"
    encoding: Encoding = "vlad"
    words: int = 64

    def faults(self) -> Iterator[Message]:
        """A message for each setting that can't be used."""
        for name, (allowed, wanted) in _RANGES.items():
            value = getattr(self, name)
            if not allowed(value):
                yield _invalid(name, value, wanted)
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                choice = {"setting": name, "value": value}
                yield Message("recipe_choice_unknown", {**choice, "choices": choices})
        # One by one, because each raises for its first fault only.
        yield from faults_found(
            lambda: Preprocessing(self.image_size),
            lambda: Preprocessing(square=self.square),
            lambda: Preprocessing(enhance=self.enhance),
            lambda: BagOfWordsSettings(self.sampling),
            lambda: BagOfWordsSettings(encoding=self.encoding, words=self.words),
        )
        yield from self._scratch_faults() if self.scratch else self._backbone_faults()
        yield from self._head_faults()
        yield from self._unused_faults()
        if self.draw and not self.breeds:
            yield Message("recipe_draw_of_all", {"draw": self.draw})

    def _scratch_faults(self) -> Iterator[Message]:
        if self.train_from or self.neck != "pooled" or self.dense or self.dropout:
            yield Message("recipe_scratch_layers", {"network": self.network})

    def _backbone_faults(self) -> Iterator[Message]:
        # Weights from a file are as good as the hub's, so only the name counts here.
        yield from faults_found(lambda: check_name(self.network, Path()))
        if self.colour == "grey":
            yield Message("recipe_grey_pretrained", {"network": self.network})

    def _head_faults(self) -> Iterator[Message]:
        if self.compares and not self.solvable:
            yield Message("recipe_kind_needs_frozen", {"kind": self.kind})
        elif self.solver == "lbfgs" and not self.solvable:
            yield Message("recipe_solver_needs_frozen")
        if self.head in ("centred", "own") and (self.solver != "lbfgs" or self.neck != "pooled"):
            yield Message("recipe_head_needs_solver", {"head": self.head})

    def _unused_faults(self) -> Iterator[Message]:
        """A message for each setting that makes no use of others which are not the default."""
        changed = {one.name for one in fields(self) if getattr(self, one.name) != one.default}
        ignored = {"kind": _UNUSED.get(self.kind, ())}
        if self.kind == "network" and self.solver == "lbfgs":
            ignored["solver"] = _OF_EPOCHS
        for setting, unused in ignored.items():
            if names := [one for one in unused if one in changed]:
                code = "recipe_setting_unused" if len(names) == 1 else "recipe_settings_unused"
                value = getattr(self, setting)
                yield Message(code, {"setting": setting, "value": value, "names": names})

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
    def size(self) -> int:
        """Side of the square that photos become, in pixels."""
        return self.image_size

    @property
    def bag_of_words(self) -> BagOfWordsSettings:
        """How photos are put into visual words."""
        return BagOfWordsSettings(self.sampling, self.encoding, self.words)

    @property
    def digest(self) -> str:
        """Changes with every setting that the result depends on."""
        settings = asdict(self)
        for described in ("about", "minutes", "expected", "original"):
            del settings[described]
        # As they were before these were settings, so that what is done stays done.
        for name, before in (("head", "anew"), ("precision", "auto")):
            if settings[name] == before:
                del settings[name]
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


_RANGES: Mapping[str, tuple[Callable[[Any], bool], Message]] = {
    "minutes": (lambda x: 0 <= x <= _LARGEST, Message("wanted_zero_or_more_finite")),
    "expected": (
        lambda x: not x or (len(x) == 2 and 0 <= x[0] <= x[1] <= 1),
        Message("wanted_two_shares"),
    ),
    "dense": (lambda x: all(y > 0 for y in x), Message("wanted_widths")),
    "dropout": (lambda x: 0 <= x < 1, Message("wanted_share_below_one")),
    "augmentation": (lambda x: 0 <= x <= 1, Message("wanted_zero_to_one")),
    "penalty": (lambda x: 0 <= x <= _LARGEST, Message("wanted_zero_or_more_finite")),
    "learning_rate": (lambda x: 0 < x <= _LARGEST, Message("wanted_above_zero_finite")),
    "epochs": (lambda x: x >= 1, Message("wanted_one_or_more")),
    "batch": (lambda x: x >= 1, Message("wanted_one_or_more")),
    "breeds": (lambda x: x == 0 or x >= 2, Message("wanted_two_or_all")),
    "draw": (lambda x: x >= 0, Message("wanted_zero_or_more")),
    "held_out": (lambda x: 0 < x < 1, Message("wanted_inside_zero_one")),
    "seed": (lambda x: 0 <= x < 2**32, Message("wanted_zero_to", {"most": 2**32 - 1})),
}
_OF_BAG_OF_WORDS = ("sampling", "encoding", "words")
_OF_EPOCHS = ("penalty", "learning_rate", "epochs", "batch", "precision")
_OF_NETWORKS = (
    *("network", "neck", "dense", "dropout", "augmentation", "train_from", "solver", "colour"),
    *("head", *_OF_EPOCHS),
)
# By kind.
_UNUSED: Mapping[str, tuple[str, ...]] = {
    "network": _OF_BAG_OF_WORDS,
    "words": _OF_NETWORKS,
    "corrections": (*_OF_BAG_OF_WORDS, *_OF_EPOCHS, "head"),
    "sizes": (*_OF_BAG_OF_WORDS, *_OF_EPOCHS, "head", "image_size", "square"),
}
_LISTS: Mapping[type, Message] = {
    int: Message("wanted_whole_numbers"),
    float: Message("wanted_numbers"),
    str: Message("wanted_texts"),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "neck": get_args(Neck),
    "solver": get_args(Solver),
    "head": get_args(Head),
    "colour": get_args(Colour),
    "precision": get_args(Precision),
}


def _invalid(setting: str, value: Any, wanted: Message) -> Message:
    # As a recipe's file writes it: TOML has lists, no tuples.
    written = repr(list(value) if isinstance(value, tuple) else value)
    return Message(
        "recipe_setting_invalid", {"setting": setting, "value": written, "wanted": wanted}
    )


def find_recipe(name: str) -> tuple[str, StudyRecipe]:
    """Reads one of the study's recipes by its name, or a recipe file by its path.

    Returns:
        The recipe's name, which for a file is its own without `.toml`, and the recipe.

    Raises:
        UsageError: There is no such recipe or file, or it has faults: all are named.
    """
    if name in NAMES:
        text = (_FOLDER / f"{name}.toml").read_text()
        return name, parse_recipe(text, Message("recipe_named", {"name": name}))
    path = Path(name)
    if path.suffix != ".toml":
        raise UsageError("recipe_unknown", recipe=name, recipes=", ".join(NAMES), all=ALL)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("recipe_file_not_found", path=path) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else Message("reason_not_utf8")
        raise UsageError("recipe_file_unreadable", path=path, reason=reason) from None
    return path.stem, parse_recipe(text, Message("recipe_of_file", {"path": str(path)}))


def parse_recipe(text: str, source: Message) -> StudyRecipe:
    """A recipe from the text of its file.

    Args:
        text: TOML.
        source: What to call it, such as `recipe_of_file`.

    Raises:
        UsageError: All that is wrong with it, with the valid keys.
    """
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("recipe_not_toml", source=source, reason=error) from None
    types = typing.get_type_hints(StudyRecipe)
    faults: list[Message] = []
    unknown = [key for key in settings if key not in types]
    if unknown:
        there = [field.name for field in fields(StudyRecipe)]
        faults.append(Message("recipe_setting_unknown", {"names": unknown, "settings": there}))
    if "about" not in settings:
        faults.append(Message("recipe_about_missing"))
    known: dict[str, Any] = {"about": ""}
    for key, value in settings.items():
        if key in unknown:
            continue
        value = tuple(value) if isinstance(value, list) else value
        wanted = _mismatch(value, types[key])
        if wanted:
            faults.append(_invalid(key, value, wanted))
        else:
            known[key] = value
    try:
        # Checked as far as it goes, so that one attempt shows every fault.
        recipe = StudyRecipe(**known)
    except UsageError as error:
        faults.append(error.message)
    if faults:
        raise UsageError("recipe_unusable", source=source, faults=faults)
    return recipe


def _mismatch(value: Any, wanted: Any) -> Message | None:
    """What a value should have been; None where it is that."""
    if typing.get_origin(wanted) is tuple:
        (inner, _) = get_args(wanted)
        fits = isinstance(value, tuple) and not any(_mismatch(x, inner) for x in value)
        return None if fits else _LISTS[inner]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is float:
        return None if number else Message("wanted_number")
    if wanted is int:
        return None if number and isinstance(value, int) else Message("wanted_whole_number")
    return None if isinstance(value, str) else Message("wanted_text")


def to_toml(recipe: StudyRecipe) -> str:
    """A recipe as the text of its file, without what is the default."""
    default = asdict(StudyRecipe(about=""))
    lines = [
        # What JSON has for texts, numbers and lists is TOML as well.
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in ({"about": recipe.about} | asdict(recipe)).items()
        if value != default[name]
    ]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text
