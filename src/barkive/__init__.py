"""Barkive names the breed of the dog in a photo."""

import os

__version__ = "0.2.0"

# Some of ONNX Runtime's wheels begin with telemetry as soon as they are
# imported, unless this is set before. Nothing of Barkive may ask for a network.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
