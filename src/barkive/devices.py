"""Starts a network on a device: the processor, or an NVIDIA card. Knows nothing of photos.

The device `cuda` is ONNX Runtime's CUDA provider, which comes with the package
onnxruntime-gpu. That package holds the same modules as onnxruntime, so that only one of the
two can be installed; an extra can't choose between them.
"""

from __future__ import annotations

import io
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from typing import Final

import numpy as np

from barkive.errors import DeviceError, UsageError
from barkive.messages import Message


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """Some of ONNX Runtime's wheels begin with telemetry as they are imported, unless told."""
    told = "ORT_DISABLE_TELEMETRY" in os.environ
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        yield
    finally:
        if not told:
            del os.environ["ORT_DISABLE_TELEMETRY"]


with _no_telemetry():
    import onnxruntime as ort

_log = logging.getLogger(__name__)

DEVICES: Final = ("cpu", "cuda")

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CUDA_OPTIONS: Final = {
    # TensorFloat-32, on by default, would move a bundle of floats by 0.007 of a probability,
    # and without it nothing moves (benchmarks/devices.py).
    "use_tf32": "0",
    # The default would try every algorithm anew for each number of photos in a batch.
    "cudnn_conv_algo_search": "HEURISTIC",
}
# An ONNX file: c = MatMulInteger(a, b), a of uint8, b of int8, c of int32. The tests make it anew.
_PRODUCT: Final = (
    b'\x08\x08:>\n\x18\n\x01a\n\x01b\x12\x01c"\rMatMulInteger\x12\x01g'
    b"Z\t\n\x01a\x12\x04\n\x02\x08\x02Z\t\n\x01b\x12\x04\n\x02\x08\x03"
    b"b\t\n\x01c\x12\x04\n\x02\x08\x06B\x04\n\x00\x10\r"
)
# Both go first, because one of them alone, taken away, leaves the other without its files.
_INSTALL: Final = (
    "{python} -m pip uninstall --yes onnxruntime onnxruntime-gpu && "
    "{python} -m pip install 'onnxruntime-gpu[cuda,cudnn]'"
)


def require_device(device: str) -> None:
    """Checks, before any work, that ONNX Runtime is the one for a device.

    Args:
        device: One of `DEVICES`.

    Raises:
        UsageError: There is no such device.
        DeviceError: Its package is not installed.
    """
    if device not in DEVICES:
        raise UsageError("device_unknown", device=device, devices=", ".join(DEVICES))
    if device == "cuda" and _CUDA not in ort.get_available_providers():
        raise DeviceError("device_package_missing", command=_install())


def start(graph: bytes, *, threads: int = 0, device: str = "cpu") -> ort.InferenceSession:
    """Starts a network.

    Args:
        graph: The content of an ONNX file.
        threads: Threads of one inference on the processor; 0 for one per physical core.
        device: One of `DEVICES`.

    Raises:
        UsageError: There is no such device.
        DeviceError: It is not there, or does not start; never is another taken instead.
        Exception: What ONNX Runtime says of a graph that it can't read.
    """
    require_device(device)
    # Also for a card: so that what is wrong with a graph is told from what is wrong with it.
    session = ort.InferenceSession(graph, _options(threads), providers=[_CPU])
    return session if device == "cpu" else _start_on_card(graph, _options(threads))


def failure(device: str, error: Exception) -> DeviceError:
    """What to say where a device that has started can't go on.

    Args:
        device: One of `DEVICES`.
        error: What ONNX Runtime says.
    """
    return DeviceError("device_failed", device=device, reason=_reason(error))


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Threads that spin while they wait would take the cores from the decoding of photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Exact sums, so that all processors say the same. Set everywhere, it would halve the speed.
    options.add_session_config_entry("session.x64quantprecision", "1" if _saturates() else "0")
    return options


@cache
def _saturates() -> bool:
    """Whether ONNX Runtime's products of 8-bit integers are not exact on this processor.

    Without VNNI, x86 processors add two such products in 16 bits and clamp the sum (Intel,
    "Nuances of int8 Computations", oneDNN). A sum that needs 17 bits tells it within a
    millisecond; a processor's flags don't, as it depends on the build of ONNX Runtime, too.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(_PRODUCT, options, providers=[_CPU])
    inputs = {"a": np.full((2, 2), 255, np.uint8), "b": np.full((2, 2), 127, np.int8)}
    saturates = bool((session.run(["c"], inputs)[0] != 2 * 255 * 127).any())
    if saturates:
        _log.debug("This processor's products of 8-bit integers saturate; exact sums are on")
    return saturates


def _start_on_card(graph: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    # The provider has no convolution of int8. So the weights become floats once, here, rather
    # than the biases on the processor with every batch. The rounding of what flows between
    # the layers stays: its limits are those of the network's activations, too.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    lacking = _load_libraries()
    providers = [(_CUDA, _CUDA_OPTIONS), _CPU]
    try:
        # Its own fall-back would go on without the card, now or in the middle of the work.
        session = ort.InferenceSession(graph, options, providers=providers, enable_fallback=0)
    except Exception as error:  # ONNX Runtime's own exceptions share no public base class
        raise _does_not_start(lacking or _reason(error)) from None
    if _CUDA not in session.get_providers():
        raise _does_not_start(lacking or Message("reason_left_out"))
    return session


def _load_libraries() -> Message | None:
    """Loads CUDA and cuDNN from where pip has put them; returns which of it is not there."""
    if not hasattr(ort, "preload_dlls"):  # before ONNX Runtime 1.21
        return None
    with redirect_stdout(io.StringIO()) as said:
        ort.preload_dlls()
    names = re.findall(r"^Failed to load (\S+?):", said.getvalue(), re.MULTILINE)
    return Message("reason_libraries_missing", {"names": names}) if names else None


def _does_not_start(reason: Message | str) -> DeviceError:
    return DeviceError("device_not_started", reason=reason, command=_install())


def _install() -> str:
    return _INSTALL.format(python=shlex.quote(sys.executable))


def _reason(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
