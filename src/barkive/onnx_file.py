"""Opens an ONNX file that says what it is in a JSON object among its metadata."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barkive import devices
from barkive.errors import BundleError, DeviceError, UsageError, system_reason

if TYPE_CHECKING:
    import onnxruntime as ort


def start(path: Path, *, threads: int = 0, device: str = "cpu") -> tuple[ort.InferenceSession, str]:
    """Starts the network of a file.

    Args:
        path: The file.
        threads: Threads of one inference on the processor; 0 for one per physical core.
        device: One of `devices.DEVICES`.

    Returns:
        ONNX Runtime's session, and the file's SHA-256 in hex digits.

    Raises:
        BundleError: The file is missing, can't be read, or holds no network.
        DeviceError: The device is not there, or does not start.
        UsageError: There is no such device.
    """
    content = read(path)
    try:
        session = devices.start(content, threads=threads, device=device)
    except (DeviceError, UsageError):
        raise
    except Exception:  # ONNX Runtime's own exceptions share no public base class
        raise BundleError("bundle_not_onnx", path=path) from None
    return session, hashlib.sha256(content).hexdigest()


def parse(text: str, formats: tuple[int, ...]) -> dict[str, Any]:
    """Parses a metadata entry.

    Args:
        text: A JSON object with the version of its form as `format`.
        formats: The versions that can be read.

    Returns:
        The object without `format`.

    Raises:
        BundleError: It is none, or of another version.
    """
    try:
        entry: dict[str, Any] = json.loads(text)
        version = entry.pop("format")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise BundleError("bundle_metadata_damaged") from None
    if version not in formats:
        raise BundleError("bundle_format_unknown", format=version, formats=formats)
    return entry


def read(path: Path) -> bytes:
    """Reads a file.

    Raises:
        BundleError: It is missing, or can't be read.
    """
    if path.exists() and not path.is_file():
        raise BundleError("bundle_not_file", path=path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError("bundle_not_found", path=path) from None
    except OSError as error:
        raise BundleError("bundle_unreadable", path=path, reason=system_reason(error)) from None
