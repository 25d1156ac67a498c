"""How long a command takes from its start to its answer, all imports included.

    python benchmarks/first_answer.py [--against FOLDER] [--rounds N]

Prints the wall and the processor time of the least that a script can do to name the breed in a
photo, of the same with the detector, and of `barkive identify PHOTO --format json`, as people type
it, and how many times as much that is as the first. The script loads the same bundle with ONNX
Runtime and Pillow, makes the photo the square that the bundle wants, applies temperature and prior
and prints the breed. It looks for no dogs, so it does without the second network that `identify`
loads; it checks nothing, and reads no photo that Pillow alone does not.

With `--against`, a checkout or a virtual environment of another version, also those of
`identify`, `--help`, `breeds` and `search` in both, on a small catalogue of each, and how many
times as much they are here.

Every process starts anew, and all take turns, so that a busy moment of the machine falls on all.
The figures are the least of all rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from barkive.bundle import SHIPPED
from barkive.detection.detector import SHIPPED as DETECTOR
from identify import make_photo

BARE = """
import json, sys
import numpy as np, onnxruntime as ort
from PIL import Image, ImageOps
session = ort.InferenceSession(sys.argv[1])
info = json.loads(session.get_modelmeta().custom_metadata_map["barkive"])
size = info["preprocessing"]["size"]
photo = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGB")
pixels = np.asarray(ImageOps.fit(photo, (size, size), Image.Resampling.BICUBIC))
logits, dog = session.run(["logits", "dog"], {"pixels": pixels[None]})
scaled = logits[0] / info["temperature"] + info["prior"] * np.log(info["frequencies"])
odds = np.exp(scaled - scaled.max())
best = int(odds.argmax())
breed, probability = info["labels"][best]["en"], float(odds[best] / odds.sum())
is_dog = bool(dog[0] >= info["dog_threshold"])
print(json.dumps({"breed": breed, "probability": probability, "dog": is_dog}))
"""
DETECTING = """
detector = ort.InferenceSession(sys.argv[3])
glance = json.loads(detector.get_modelmeta().custom_metadata_map["barkive-detector"])["glance"]
photo.thumbnail((glance["side"], glance["side"]))
looked = ImageOps.pad(photo, [-(-side // 32) * 32 for side in photo.size])
detector.run(["cells"], {"pixels": np.asarray(looked)[None]})
"""

Command = tuple[Sequence[str], Mapping[str, str]]
Times = dict[str, list[tuple[float, float]]]


def installed(folder: Path | None) -> Command:
    """What starts Barkive, and its variables: of a checkout, of an environment, or this one."""
    if folder is None:
        return (sys.executable, "-m", "barkive"), os.environ
    if (folder / "src" / "barkive").is_dir():
        path = os.pathsep.join([str(folder / "src"), os.environ.get("PYTHONPATH", "")])
        return (sys.executable, "-m", "barkive"), {**os.environ, "PYTHONPATH": path}
    return (str(folder / "bin" / "python"), "-m", "barkive"), os.environ


def run(command: Command, *words: str) -> tuple[float, float, str]:
    """The seconds that a process takes by the clock and of the processor, and what it prints."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command[0], *words], env=command[1], capture_output=True, text=True, check=True
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used, done.stdout


def in_turn(commands: Mapping[str, tuple[Command, Sequence[str]]], rounds: int) -> Times:
    """The times of each command, one round after the other; a first one warms the disk's cache."""
    times: Times = {name: [] for name in commands}
    for i in range(rounds + 1):
        for name, (command, words) in commands.items():
            wall, used, _ = run(command, *words)
            if i:
                times[name].append((wall, used))
    return times


def least(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The least by the clock and the least of the processor."""
    return min(wall for wall, _ in times), min(used for _, used in times)


def print_line(name: str, times: Times, beside: str) -> None:
    """Prints the times of a command, and how many times those of another one they are."""
    (wall, used), (other_wall, other_used) = least(times[name]), least(times[beside])
    print(
        f"{name:28}{wall:8.3f} s{used:8.3f} s of processor time{wall / other_wall:8.2f} times"
        f"{used / other_used:8.2f} times"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", type=Path, help="a checkout or an environment")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    here, bare = installed(None), ((sys.executable, "-c"), os.environ)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        folder.mkdir()
        for i in range(12):
            make_photo(folder / f"{i}.jpg", (500, 375), i)
        photo = str(folder / "0.jpg")
        networks = (str(SHIPPED), photo, str(DETECTOR))
        identify = ("identify", photo, "--format", "json")
        said = json.loads(run(bare, BARE, *networks)[2])
        answered = json.loads(run(here, *identify)[2])
        assert said["dog"] == (answered["status"] != "not_dog")

        times = in_turn(
            {
                "script": (bare, (BARE, *networks)),
                "script with detector": (bare, (BARE + DETECTING, *networks)),
                "identify": (here, identify),
            },
            arguments.rounds,
        )
        for name in times:
            print_line(name, times, "script")
        if arguments.against is None:
            return
        there = installed(arguments.against)
        commands: dict[str, tuple[Command, Sequence[str]]] = {}
        for side, command in (("there", there), ("here", here)):
            catalogue = str(Path(place) / f"{side}.sqlite")
            run(command, "scan", str(folder), "--catalogue", catalogue)
            for words in (
                identify,
                ("--help",),
                ("breeds", "--catalogue", catalogue),
                ("search", "--catalogue", catalogue),
            ):
                commands[f"{words[0]}, {side}"] = command, words
        print()
        times = in_turn(commands, arguments.rounds)
        for name in times:
            print_line(name, times, f"{name.partition(',')[0]}, there")


if __name__ == "__main__":
    main()
