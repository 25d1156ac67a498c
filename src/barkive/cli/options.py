"""What several commands share: values of options, and the check for the extra “train”."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.saying import choose
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.images.passing import Passing

Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="A folder of breeds: one folder of photos for each.")
]
WeightsOfNetworks = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|FOLDER",
        help="Pre-trained weights, files named after their networks; timm's hub by default.",
    ),
]


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


CatalogueAt = Annotated[
    str | None,
    typer.Option(
        "--catalogue",
        metavar="FILE|URL",
        envvar="BARKIVE_CATALOGUE",
        help="The catalogue: a file, or postgresql://USER@HOST/NAME; by default one in the "
        "user's data folder.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="A table, one JSON object a line, or CSV.")
]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="A model of your own; by default the one inside."),
]
CatalogueModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="A model of your own; by default the one that the catalogue has in use: the one "
        "inside, or what it has learned.",
    ),
]
PriorOption = Annotated[
    str | None,
    typer.Option(
        "--prior",
        metavar="FILE|none",
        help="How often each breed is met where you are, a line each: beagle,120; or none, for "
        "all alike. By default what the model brings.",
        show_default=False,
    ),
]
DogsOption = Annotated[
    bool,
    typer.Option(
        "--dogs/--no-dogs",
        help="Find each dog of a photo and judge it; or judge photos as wholes, which is faster.",
    ),
]
DeviceOption = Annotated[
    Device,
    typer.Option(
        "--device",
        help="Where the network runs: the processor, or an NVIDIA card, which needs the package "
        "onnxruntime-gpu in place of onnxruntime.",
    ),
]
PrecisionOption = Annotated[
    Precision | None,
    typer.Option(
        "--precision",
        help="In which numbers a network is trained in epochs: bfloat16 is faster where the "
        "processor computes in it, which auto takes it for; by default the recipe's own.",
        show_default=False,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="What to pass over, as gitignore has it: 'old/', '*-copy.jpg', '/2019/*'; may be "
        "repeated. The same lines may stand in a file .barkiveignore in any folder.",
        show_default=False,
    ),
]
FollowLinksOption = Annotated[
    bool,
    typer.Option(
        "--follow-links", help="Follow links that lead out of the folder; others always are."
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        envvar="BARKIVE_MEMORY",
        help="What the decoding of large photos may take, such as 2G; by default a quarter of "
        "what the container or the machine has, at most 950M.",
        show_default=False,
    ),
]
LangOption = Annotated[
    Language,
    typer.Option(
        "--lang",
        envvar="BARKIVE_LANG",
        callback=choose,
        help="The language of what is printed, breeds' names included.",
    ),
]

_TRAINING = (
    *("torch", "torchvision", "timm", "safetensors", "huggingface_hub", "optuna"),
    *("onnx", "onnxscript", "matplotlib", "platformdirs", "cv2"),
)


def passing(exclude: list[str] | None, follow_links: bool) -> Passing:
    """What is passed over where photos are looked for.

    Raises:
        UsageError: A pattern is none.
    """
    from barkive.images.passing import Passing

    return Passing(tuple(exclude or ()), follow_links)


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
