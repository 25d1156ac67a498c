"""What several commands share: values of options, and the check for the extra “train”."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from barkive.cli.saying import choose
from barkive.cli.wrong_usage import choice_error
from barkive.messages import LANGUAGES

if TYPE_CHECKING:
    from barkive.images.passing import Passing

PATH = click.Path(path_type=Path)


class Values(click.Choice[Any]):
    """The members of an enumeration of texts, by their values."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        """A value as it is, where Click would take the member's name."""
        return super().normalize_choice(str(choice), ctx)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The member that is meant.

        Raises:
            click.UsageError: There is none of this value.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            raise choice_error(value, self.choices, param, ctx) from None


class Format(StrEnum):
    """How a command prints its results."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Device(StrEnum):
    """Where the network runs."""

    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """In which numbers networks are trained."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


data_argument = click.argument(
    "data", metavar="DATA", type=PATH, help="A folder of breeds: one folder of photos for each."
)
photos_argument = click.argument(
    "photos", metavar="PHOTO|FOLDER...", nargs=-1, required=True, help="Photos, or folders of them."
)
weights_option = click.option(
    "--backbone-weights",
    metavar="FILE|FOLDER",
    type=PATH,
    help="Pre-trained weights, files named after their networks; timm's hub by default.",
)
catalogue_option = click.option(
    "--catalogue",
    metavar="FILE|URL",
    envvar="BARKIVE_CATALOGUE",
    show_envvar=True,
    help="The catalogue: a file, or postgresql://USER@HOST/NAME; by default one in the "
    "user's data folder.",
)
format_option = click.option(
    "--format",
    "form",
    type=Values(Format),
    default=Format.TABLE.value,
    help="A table, one JSON object a line, or CSV.",
)
model_option = click.option(
    "--model", metavar="FILE", type=PATH, help="A model of your own; by default the one inside."
)
catalogue_model_option = click.option(
    "--model",
    metavar="FILE",
    type=PATH,
    help="A model of your own; by default the one that the catalogue has in use: the one "
    "inside, or what it has learned.",
)
prior_option = click.option(
    "--prior",
    metavar="FILE|none",
    help="How often each breed is met where you are, a line each: beagle,120; or none, for "
    "all alike. By default what the model brings.",
)
dogs_option = click.option(
    "--dogs/--no-dogs",
    default=True,
    help="Find each dog of a photo and judge it; or judge photos as wholes, which is faster.",
)
device_option = click.option(
    "--device",
    type=Values(Device),
    default=Device.CPU.value,
    help="Where the network runs: the processor, or an NVIDIA card, which needs the package "
    "onnxruntime-gpu in place of onnxruntime.",
)
precision_option = click.option(
    "--precision",
    type=Values(Precision),
    help="In which numbers a network is trained in epochs: bfloat16 is faster where the "
    "processor computes in it, which auto takes it for; by default the recipe's own.",
)
exclude_option = click.option(
    "--exclude",
    metavar="PATTERN",
    multiple=True,
    help="What to pass over, as gitignore has it: 'old/', '*-copy.jpg', '/2019/*'; may be "
    "repeated. The same lines may stand in a file .barkiveignore in any folder.",
)
follow_links_option = click.option(
    "--follow-links",
    is_flag=True,
    help="Follow links that lead out of the folder; others always are.",
)
memory_option = click.option(
    "--memory",
    metavar="SIZE",
    envvar="BARKIVE_MEMORY",
    show_envvar=True,
    help="What the decoding of large photos may take, such as 2G; by default a quarter of "
    "what the container or the machine has, at most 950M.",
)
lang_option = click.option(
    "--lang",
    envvar="BARKIVE_LANG",
    show_envvar=True,
    type=Values(LANGUAGES),
    default="en",
    # What is wrong with the rest is told in the language too.
    is_eager=True,
    callback=lambda ctx, option, lang: choose(lang),
    help="The language of what is printed, breeds' names included.",
)

_TRAINING = (
    *("torch", "torchvision", "timm", "safetensors", "huggingface_hub", "optuna"),
    *("onnx", "onnxscript", "matplotlib", "platformdirs", "cv2"),
)


def passing(exclude: tuple[str, ...], follow_links: bool) -> Passing:
    """What is passed over where photos are looked for.

    Raises:
        UsageError: A pattern is none.
    """
    from barkive.images.passing import Passing

    return Passing(exclude, follow_links)


def limit_memory(size: str | None) -> None:
    """Sets what decoding may take in this process, which then gives back what it has taken.

    Args:
        size: See `memory.parse_size`; None for the usual amount.

    Raises:
        UsageError: It is no such size.
    """
    from barkive.images.memory import return_large_blocks, set_limit

    set_limit(size)
    return_large_blocks()


def require_training(purpose: str) -> None:
    """Checks that what a command of training needs is installed.

    Args:
        purpose: The code of the message that names what needs it, such as `purpose_training`.

    Raises:
        MissingExtraError: It is not.
    """
    from barkive.errors import MissingExtraError

    if any(importlib.util.find_spec(name) is None for name in _TRAINING):
        raise MissingExtraError("train", purpose)
