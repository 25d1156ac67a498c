"""What a recipe's run leaves behind, as `result.json`: read again to know what is done."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from barkive import provenance
from barkive.evaluation import write_files
from barkive.machine import cores

FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures that a recipe prints, and what it shows in one sentence."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    conclusion: str


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the leaderboard. Shares lie in 0..1; what does not apply is None.

    Attributes:
        recipe: Its name.
        about: What it shows.
        digest: Of its settings, the photos and the weights: the same means the same run.
        seed: Of split and training.
        breeds: How many.
        photos: To train on, for validation, for the test.
        unreadable: Photos that were left out.
        parameters: Weights that were trained.
        train_accuracy: In the best epoch, augmentation and dropout included.
        validation_accuracy: Of the best epoch or penalty.
        accuracy: On the test photos, by the bundle where there is one.
        interval: Its 95 % Wilson interval.
        elsewhere: The same on photos from elsewhere.
        elsewhere_photos: How many these are.
        epochs: Epochs trained.
        seconds: Of training, features included.
        images_per_second: Photos decoded and answered a second.
        memory: Peak of the whole run, in bytes; None where several processes ran it.
        bundle: Size of the bundle, in bytes.
        diagnosis: Whether it over-fits or under-fits, in words.
        table: Figures of a recipe that compares.
        rate: Photos trained on a second while the network was working.
        loader_rate: Photos a second that the loaders of all processes give.
        waited: The share of the time in which the network waited for photos.
        exchanged: The share of the time in which processes waited for each other.
        processes: How many trained together.
        precision: `float32` or `bfloat16`, in which the network was trained.
        machine: What it was run on.
        versions: Of what computed it.
    """

    recipe: str
    about: str
    digest: str
    seed: int
    breeds: int
    photos: tuple[int, int, int]
    unreadable: int
    parameters: int | None = None
    train_accuracy: float | None = None
    validation_accuracy: float | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    elsewhere: float | None = None
    elsewhere_photos: int | None = None
    epochs: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    memory: int | None = None
    bundle: int | None = None
    diagnosis: str = ""
    table: Table | None = None
    rate: float | None = None
    loader_rate: float | None = None
    waited: float | None = None
    exchanged: float = 0.0
    processes: int = 1
    precision: str | None = None
    machine: str = field(default_factory=lambda: machine())
    versions: dict[str, str] = field(default_factory=lambda: versions())

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Result:
        """The result from what `to_json` gave, read back."""
        known = {one.name for one in fields(cls)}
        values = {key: _frozen(value) for key, value in values.items() if key in known}
        # What does not tell its versions was not computed by this one.
        values.setdefault("versions", {})
        if values["table"] is not None:
            values["table"] = Table(**values["table"])
        return cls(**values)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return value


def read_result(folder: Path) -> Result | None:
    """The result of an earlier run; None where there is none, or none that is whole."""
    try:
        return Result.from_json(json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_result(folder: Path, result: Result) -> None:
    """Writes `result.json`, which says that all the rest is there.

    Raises:
        UsageError: It can't be written.
    """
    text = json.dumps(result.to_json(), indent=2, ensure_ascii=False)
    write_files(folder, {FILE: text.encode()})


def versions() -> dict[str, str]:
    """The versions of Barkive and of what it computes with."""
    return provenance.versions("onnxruntime", "timm", "torch")


def machine() -> str:
    """The processor's kind and cores, the memory and the system, in one line."""
    parts = [f"{cores()} cores", platform.machine(), platform.system()]
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        parts.insert(1, f"{memory / 2**30:.0f} GiB")
    return ", ".join(parts)


def peak_memory() -> int | None:
    """The most memory that this process has held, in bytes; None where it can't be told."""
    try:
        lines: Sequence[str] = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    return None if kilobytes is None else int(kilobytes) * 1024
