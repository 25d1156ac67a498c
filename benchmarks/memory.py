"""What huge photos cost in memory, and what others notice of it.

    python benchmarks/memory.py [--megapixels N] [--kinds NAMES] [--memory SIZE] [--photos FOLDER]

Makes one picture of one colour in each format (250 megapixels, or what the format and its
encoder allow), then

- starts `barkive serve`, and for each format sends 8 of it at once to `POST /api/v1/identify`,
  while another client sends small photos one after the other;
- has `barkive scan` catalogue ten of each before, and asks the server for all their previews at
  once in the end;
- decodes 200 photos of a folder of ordinary ones, if one is given, and prints how many a second.

Prints the peak and what is left ten seconds later, in MB of the server (RSS), the time until the
last of the eight is answered, and the longest that a small photo took. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from barkive.images import decode

AT_ONCE = 8
REST_SECONDS = 10
SMALL = (500, 375)
COLOUR = (200, 150, 90)

# Names of kinds: the file's ending, Pillow's mode, the options, and the most megapixels that
# the encoder takes or the limits allow.
KINDS: dict[str, tuple[str, str, dict[str, object], float]] = {
    "png": ("png", "RGB", {}, 250),
    "png-alpha": ("png", "RGBA", {}, 250),
    "png-16": ("png", "I;16", {}, 250),
    "png-1": ("png", "1", {}, 250),
    "png-palette": ("png", "P", {}, 250),
    "jpeg": ("jpg", "RGB", {}, 250),
    "jpeg-cmyk": ("jpg", "CMYK", {}, 250),
    "jpeg-progressive": ("jpg", "RGB", {"progressive": True}, 250),
    "jpeg-progressive-444": ("jpg", "RGB", {"progressive": True, "subsampling": 0}, 250),
    "jpeg-progressive-cmyk": ("jpg", "CMYK", {"progressive": True}, 250),
    "tiff": ("tif", "RGB", {"compression": "tiff_lzw"}, 178),
    "tiff-16": ("tif", "I;16", {"compression": "tiff_lzw"}, 178),
    "tiff-1": ("tif", "1", {"compression": "group4"}, 178),
    "gif": ("gif", "P", {}, 250),
    "webp": ("webp", "RGB", {"lossless": True, "method": 0, "quality": 0}, 58),
    "webp-large": ("webp", "RGB", {"lossless": True, "method": 0, "quality": 0}, 170),
    "avif": ("avif", "RGB", {"speed": 10}, 75),
    "heic": ("heic", "RGB", {}, 140),
}


def make(folder: Path, name: str, megapixels: float) -> Path:
    """A picture of one colour."""
    ending, mode, options, most = KINDS[name]
    side = int((min(megapixels, most) * 1e6) ** 0.5)
    path = folder / f"{name}.{ending}"
    colour = {"RGBA": (*COLOUR, 128), "CMYK": (*COLOUR, 9), "I;16": 3000, "1": 1, "P": 3}
    if ending == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.new(mode, (side, side), colour.get(mode, COLOUR)).save(path, **options)  # type: ignore[arg-type]
    return path


def megabytes(process: int, what: str) -> float:
    """A figure of the kernel about a process and memory: `VmRSS` now, `VmHWM` at most."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"{what}:\s+(\d+)", status)
    return int(found[1]) * 1024 / 1e6 if found else float("nan")


class Server:
    """`barkive serve` with a catalogue of its own."""

    def __init__(self, folder: Path, memory: list[str]) -> None:
        home = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        command = [sys.executable, "-m", "barkive", "serve", "--port", "0", *memory]
        command += ["--catalogue", str(folder / "c.sqlite")]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=home)
        assert self.process.stderr is not None
        found = re.search(r"http://\S+", self.process.stderr.readline())
        assert found is not None
        self.address = found[0].rstrip("/")

    def ask(self, path: str, body: bytes | None = None) -> tuple[float, bytes]:
        """How long an answer took, and what it was."""
        start = time.perf_counter()
        request = urllib.request.Request(self.address + path, data=body)
        try:
            with urllib.request.urlopen(request, timeout=1800) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            content = error.read()
        return time.perf_counter() - start, content

    def under(self, asked: list[Callable[[], object]], small: bytes) -> tuple[float, ...]:
        """Does all at once beside small photos: seconds, longest small one, peak, and after."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        start = time.perf_counter()
        threads = [threading.Thread(target=one) for one in asked]
        for thread in threads:
            thread.start()
        longest = 0.0
        while any(thread.is_alive() for thread in threads):
            longest = max(longest, self.ask("/api/v1/identify?top=1", small)[0])
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        peak = megabytes(self.process.pid, "VmHWM")
        time.sleep(REST_SECONDS)
        return seconds, longest, peak, megabytes(self.process.pid, "VmRSS")


def serve(folder: Path, files: dict[str, Path], memory: list[str]) -> None:
    """The server under eight of each kind, and under the previews of all."""
    file = io.BytesIO()
    Image.effect_noise(SMALL, 60).convert("RGB").save(file, "JPEG")
    small = file.getvalue()
    server = Server(folder, memory)
    try:
        for _ in range(20):
            server.ask("/api/v1/identify?top=1", small)
        print(f"{'server':24} {megabytes(server.process.pid, 'VmRSS'):6.0f} MB at rest")
        for name, path in files.items():
            content = path.read_bytes()
            said: list[bytes] = []

            def ask(content: bytes = content, said: list[bytes] = said) -> None:
                said.append(server.ask("/api/v1/identify?top=1", content)[1])

            seen = server.under([ask] * AT_ONCE, small)
            (one,) = json.loads(said[0])
            tell(f"8 x {name}", seen, one["error"] or one["status"])
        _, listed = server.ask("/api/v1/photos?limit=500")
        numbers = [photo["id"] for photo in json.loads(listed)["photos"]]
        pages: list[Callable[[], object]] = [
            partial(server.ask, f"/api/v1/photos/{number}/{what}")
            for number in numbers
            for what in ("thumbnail", "image")
        ]
        tell(f"{len(pages)} previews", server.under(pages, small), "")
    finally:
        server.process.terminate()
        server.process.wait()


def tell(name: str, seen: tuple[float, ...], said: str) -> None:
    """One line of figures."""
    seconds, longest, peak, after = seen
    print(
        f"{name:24} {seconds:6.1f} s  small ones at most {longest:5.2f} s  "
        f"peak {peak:5.0f} MB  after {after:4.0f} MB  {said}",
        flush=True,
    )


def scan(folder: Path, scanned: Path, memory: list[str], name: str) -> None:
    """A scan of a folder."""
    home = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "barkive", "scan", str(scanned), *memory]
    command += ["--catalogue", str(folder / "c.sqlite")]
    start, peak = time.perf_counter(), 0.0
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=home
    ) as process:
        while process.poll() is None:
            peak = max(peak, megabytes(process.pid, "VmHWM") or 0)
            time.sleep(0.02)
    print(f"scan of 10 x {name:11} {time.perf_counter() - start:6.1f} s  peak {peak:5.0f} MB")


def ordinary(photos: Path) -> None:
    """How fast a folder of ordinary photos is decoded for the network."""
    contents = [path.read_bytes() for path in sorted(photos.rglob("*.jpg"))[:200]]
    best = min(timed(contents) for _ in range(5))
    print(f"{len(contents) / best:.0f} ordinary photos a second on one core")


def timed(contents: list[bytes]) -> float:
    """The seconds that decoding takes."""
    start = time.perf_counter()
    for content in contents:
        decode(content, shorter_side=224)
    return time.perf_counter() - start


def main() -> None:
    """Reads the command line and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megapixels", type=float, default=249.9)
    parser.add_argument("--kinds", default=",".join(KINDS), help="with commas between")
    parser.add_argument("--memory", help="handed to the commands")
    parser.add_argument("--photos", type=Path, help="a folder of ordinary photos")
    arguments = parser.parse_args()
    if arguments.photos:
        ordinary(arguments.photos)
    memory = ["--memory", arguments.memory] if arguments.memory else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scanned = folder / "scanned"
        scanned.mkdir()
        files = {
            name: make(folder, name, arguments.megapixels) for name in arguments.kinds.split(",")
        }
        for name, path in files.items():
            place = scanned / name
            place.mkdir()
            for i in range(10):
                # Something behind the picture: ten photos, and not ten copies of one.
                copy = place / f"{i}{path.suffix}"
                shutil.copyfile(path, copy)
                with copy.open("ab") as file:
                    file.write(bytes([i]))
            scan(folder, place, memory, name)
        serve(folder, files, memory)


if __name__ == "__main__":
    main()
