"""The settings of a training run: frozen, and checked once, all faults reported together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import timm

from barkive import breeds
from barkive.errors import BarkiveError, UsageError
from barkive.evaluation import check_folder
from barkive.images import Preprocessing, Square
from barkive.images.enhance import check_adjustments, require_adjustments
from barkive.images.passing import Passing
from barkive.messages import Message
from barkive.training.backbones import check_name, own_size

DEFAULT_BACKBONE = "tf_efficientnet_lite2"
Head = Literal["auto", "centred", "anew"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecipe(ABC):
    """What `barkive train` and the study's recipes have in common.

    Attributes:
        image_size: Side of the square that photos become, in pixels, 32..1024; None for the
            size that the backbone was trained with.
        square: How a photo of any shape becomes a square.
        enhance: Corrections of the square by name, in order; the bundle applies them too.
        seed: Of everything that is drawn.

    Raises:
        UsageError: Settings are out of their range, or name what is not there; all faults are
            named at once.
    """

    image_size: int | None = None
    square: Square = "crop"
    enhance: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        faults = [*self.faults()]
        if faults:
            raise UsageError.of(_together(faults))

    @abstractmethod
    def faults(self) -> Iterator[Message]:
        """A message for each setting that can't be used."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Side of the square that photos become, in pixels."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos become pixels."""
        return Preprocessing(self.size, self.square, self.enhance)


def _together(faults: Sequence[Message]) -> Message:
    """One message of several."""
    return faults[0] if len(faults) == 1 else Message("settings_unusable", {"faults": faults})


def faults_found(*checks: Callable[[], object]) -> Iterator[Message]:
    """What is said by the error of each check that raises one."""
    for check in checks:
        try:
            check()
        except BarkiveError as error:
            yield error.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(BaseRecipe):
    """What `barkive train` trains, on what, and how.

    Attributes:
        data: A folder of breeds.
        out: Where the bundle goes, a `.onnx` file; the run folder lies beside it.
        not_dogs: Photos of other things, for the rejection of what is not a dog.
        elsewhere: A folder of breeds, those that the model does not learn included, from other
            people: tells how certain an answer must be, and how far frequencies count.
        also: Breeds without photos in `data` that the model knows by the backbone's own rows.
        prior: How often breeds are met: a table, `none`, or empty for the table inside, which
            counts only where photos from elsewhere show that it wins.
        head: `centred` on the backbone's own rows, fitted `anew`, or `auto`: centred where
            there are rows that fit.
        backbone: A timm model; None for the one that the weights' file is named after, or
            else `DEFAULT_BACKBONE`.
        backbone_weights: Its weights; None for timm's hub.
        mirror: Whether the features of a photo and its mirror image are averaged.
        int8: Whether convolutions become int8, if that costs little enough.
        float_first: How many convolutions stay in float then, counted from the first.
        validation: The share of photos kept for validation, above 0 and below 1.
        crops: Whether photos are cropped to their largest dog, where one is found.
        licence: The bundle's terms of use, as its metadata states them.
        exclude: Patterns of what is passed over in the folders, in gitignore's form.
        follow_links: Whether links are followed that lead out of a folder.

    Raises:
        UsageError: Settings are out of their range, or name what is not there.
    """

    data: Path
    out: Path
    not_dogs: Path | None = None
    elsewhere: Path | None = None
    also: tuple[str, ...] = ()
    prior: str = ""
    head: Head = "auto"
    backbone: str | None = None
    backbone_weights: Path | None = None
    mirror: bool = True
    int8: bool = True
    float_first: int = 3
    validation: float = 0.15
    crops: bool = False
    licence: str = ""
    exclude: tuple[str, ...] = ()
    follow_links: bool = False

    def faults(self) -> Iterator[Message]:
        """A message for each setting that can't be used."""
        yield from self._folder_faults()
        yield from faults_found(
            lambda: Preprocessing(self.image_size or 224, self.square),
            lambda: [breeds.find(name) for name in self.also],
            lambda: check_adjustments(self.enhance),
            lambda: require_adjustments(self.enhance),
            lambda: check_name(self.network, self.backbone_weights),
            lambda: self.passing,
        )
        yield from self._output_faults()
        if self.head not in get_args(Head):
            yield Message("training_head_unknown", {"head": self.head, "heads": get_args(Head)})
        if self.float_first < 0:
            yield Message("training_float_first_negative", {"count": self.float_first})
        if not 0 < self.validation < 1:
            yield Message("training_validation_range", {"share": self.validation})
        if self.seed < 0:
            yield Message("training_seed_negative", {"seed": self.seed})
        if self.backbone_weights is not None and not self.backbone_weights.is_file():
            yield Message("weights_file_not_found", {"path": str(self.backbone_weights)})

    def _folder_faults(self) -> Iterator[Message]:
        for folder, wanted in (
            (self.data, Message("wanted_folder_of_breeds")),
            (self.not_dogs, Message("wanted_folder_without_dogs")),
            (self.elsewhere, Message("wanted_folder_from_elsewhere")),
        ):
            if folder is not None:
                yield from faults_found(partial(check_folder, folder, wanted))

    def _output_faults(self) -> Iterator[Message]:
        if self.out.suffix != ".onnx":
            yield Message("training_out_not_onnx", {"path": str(self.out)})
        elif self.out.is_dir():
            yield Message("training_out_is_folder", {"path": str(self.out)})

    @property
    def network(self) -> str:
        """The backbone's name."""
        if self.backbone is not None:
            return self.backbone
        named = self.backbone_weights.name.partition(".")[0] if self.backbone_weights else ""
        return named if timm.is_model(named) else DEFAULT_BACKBONE

    @property
    def size(self) -> int:
        """Side of the square that photos become, in pixels."""
        return self.image_size or own_size(self.network, self.backbone_weights)

    @property
    def passing(self) -> Passing:
        """What is passed over in the folders."""
        return Passing(self.exclude, self.follow_links)

    @property
    def run_folder(self) -> Path:
        """Where settings, figures and pictures go: `MODEL-run` beside `MODEL.onnx`."""
        return self.out.with_name(f"{self.out.stem}-run")

    def to_json(self) -> dict[str, Any]:
        """The settings as a JSON object, with what they stand for where that is left open."""
        settings = asdict(self) | {"backbone": self.network, "image_size": self.size}
        return {
            key: str(value) if isinstance(value, Path) else value for key, value in settings.items()
        }
