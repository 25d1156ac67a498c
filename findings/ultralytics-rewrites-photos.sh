#!/usr/bin/env bash
# Ultralytics encodes a JPEG anew, in place and without its metadata, if bytes follow its end.
#
# Version: ultralytics 8.4.190 from PyPI with Pillow 13.0.0, Python 3.11. PyTorch, which this part
#   of it imports and doesn't use, is replaced here by empty classes; PyTorch 2.14.1 itself gave
#   the same.
# Expected: reading photos and labels for training leaves the photos as they are. Readers skip what
#   follows a JPEG's end marker; phones keep the clip of a motion photo there.
# Seen: a JPEG that doesn't end with the marker is taken for corrupt. It is decoded, turned
#   upright, saved at quality 100 in the file's place, and logged as restored. Exif data, XMP,
#   colour profile and clip are gone. A symbolic link is replaced by such a file, and the photo
#   that it led to stays whole.
# What it means for Barkive: a YOLO export holds copies or links. Labels are never written beside
#   the photos themselves.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    ultralytics==8.4.190 pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6 \
    PyYAML==6.0.3 typing_extensions==4.16.0

mkdir "$work/settings" "$work/photos"
cd "$work/photos"
YOLO_CONFIG_DIR="$work/settings" YOLO_OFFLINE=true "$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from PIL import ExifTags, Image, ImageCms


class Made(type):
    """The class of classes that have every attribute: another class."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return Made(name, (Empty,), {})


class Empty(UserWarning, metaclass=Made):
    """Stands for any class, function, decorator or warning of PyTorch."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __call__(self, decorated: object = None, *args: object, **kwargs: object) -> object:
        return decorated


class EmptyModule(ModuleType):
    """Stands for any of PyTorch's modules."""

    __path__ = ()
    __version__ = "2.14.1"

    def __getattr__(self, name: str) -> type:
        return getattr(Empty, name)


class Finder(MetaPathFinder, Loader):
    """Finds PyTorch's modules where none is installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return EmptyModule(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Finder())
installed = importlib.metadata.version
importlib.metadata.version = lambda name: "0.29.1" if name == "torchvision" else installed(name)

from ultralytics.data.utils import verify_image_label  # noqa: E402

CLIP = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x10\x00mdat" + b"clip" * 1022
exif = Image.Exif()
exif[ExifTags.Base.Orientation] = 6
exif[ExifTags.Base.Model] = "A phone"
Image.effect_noise((120, 80), 60).convert("RGB").save(
    "still.jpg",
    quality=80,
    exif=exif,
    xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
)
still = Path("still.jpg").read_bytes()
for name in ("motion.jpg", "linked-to.jpg"):
    Path(name).write_bytes(still + CLIP)
Path("link.jpg").symlink_to("linked-to.jpg")
Path("label.txt").write_text("0 0.5 0.5 0.2 0.4\n")


def held(name: str) -> list[str]:
    """What a file holds of that which was put into the first."""
    with Image.open(name) as image:
        parts = [part for part in ("exif", "xmp", "icc_profile") if part in image.info]
        parts.append(f"{image.width} x {image.height}")
    return parts + ["clip"] * Path(name).read_bytes().endswith(CLIP)


whole = held("motion.jpg")
print("motion.jpg as made:", *whole, sep="  ")
found = {}
for name in ("still.jpg", "motion.jpg", "link.jpg"):
    *_, message = verify_image_label((name, "label.txt", "", False, 1, 0, 0, False))
    found[name] = held(name)
    print(f"{name} once loaded:", *found[name], f"({message or 'no message'})", sep="  ")
print("link.jpg is a link:", Path("link.jpg").is_symlink())
print("linked-to.jpg:", *held("linked-to.jpg"), sep="  ")

if Path("still.jpg").read_bytes() != still:
    raise SystemExit("Changed: a JPEG that ends with its marker is rewritten.")
if found["motion.jpg"] != ["80 x 120"] or found["link.jpg"] != ["80 x 120"]:
    raise SystemExit("Changed: a JPEG with something behind its end keeps what it holds.")
if Path("link.jpg").is_symlink() or held("linked-to.jpg") != whole:
    raise SystemExit("Changed: a link is written through, or stays.")
print("As stated.")
PYTHON
