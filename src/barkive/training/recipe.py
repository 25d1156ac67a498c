"""The settings of a training run: frozen, and checked once, all faults reported together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from barkive.errors import UsageError
from barkive.images import Preprocessing, Square

DEFAULT_BACKBONE = "mobilenetv2_100"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train, on what, and how.

    Attributes:
        data: A folder of breeds.
        out: Where the bundle goes, a `.onnx` file; the run folder lies beside it.
        not_dogs: Photos of other things, for the rejection of what is not a dog.
        backbone: A timm model.
        backbone_weights: Its weights; None for timm's hub.
        image_size: Side of the square that photos become, in pixels, 32..1024.
        square: How a photo of any shape becomes a square.
        mirror: Whether the features of a photo and its mirror image are averaged.
        int8: Whether convolutions become int8, if that costs little enough.
        validation: The share of photos kept for validation, above 0 and below 1.
        seed: Of the split.
        licence: The bundle's terms of use, as its metadata states them.
    """

    data: Path
    out: Path
    not_dogs: Path | None = None
    backbone: str = DEFAULT_BACKBONE
    backbone_weights: Path | None = None
    image_size: int = 224
    square: Square = "crop"
    mirror: bool = True
    int8: bool = True
    validation: float = 0.15
    seed: int = 0
    licence: str = ""

    def __post_init__(self) -> None:
        faults = []
        try:
            self.preprocessing  # noqa: B018 - its own check
        except UsageError as error:
            faults.append(str(error))
        if self.out.suffix != ".onnx":
            faults.append(f"The output {self.out} must end in .onnx.")
        elif self.out.is_dir():
            faults.append(f"The output {self.out} is a folder; name a file.")
        if not 0 < self.validation < 1:
            faults.append(
                f"The validation share is {self.validation}; it must lie between 0 and 1."
            )
        if self.seed < 0:
            faults.append(f"The seed is {self.seed}; it must not be negative.")
        if self.backbone_weights is not None and not self.backbone_weights.is_file():
            faults.append(
                f"The weights file {self.backbone_weights} does not exist; "
                "check --backbone-weights."
            )
        if faults:
            raise UsageError(" ".join(faults))

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos become pixels."""
        return Preprocessing(self.image_size, self.square)

    @property
    def run_folder(self) -> Path:
        """Where settings, figures and pictures go: `MODEL-run` beside `MODEL.onnx`."""
        return self.out.with_name(f"{self.out.stem}-run")

    def to_json(self) -> dict[str, Any]:
        """The settings as a JSON object."""
        return {
            key: str(value) if isinstance(value, Path) else value
            for key, value in asdict(self).items()
        }
