"""Whether a model says the same on every device, and how fast each is.

    python benchmarks/devices.py DATA [--every 10] [--model MODEL.onnx]

DATA is a folder of breeds. Everything is compared with what the processor says, which is what
all figures of the model were measured with. Where ONNX Runtime has no CUDA provider, `cuda`
is left out. The others show on any machine what the arithmetic of a card does; their speed
says nothing of a card's.

    floats   the graph computed in floats, node by node: a bundle of int8 as the CUDA provider
             does, which has no convolution of int8; one of floats without what the
             processor's optimiser fuses
    TF32     the same with the inputs of each product rounded to TensorFloat-32, which the
             provider does unless it is told not to, as Barkive does
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from barkive import evaluation as ev
from barkive.bundle import OUTPUTS
from barkive.classifier import BATCH, Classifier
from barkive.errors import DeviceError
from barkive.images import map_ahead
from barkive.verdicts import Scores

Run = Callable[[NDArray[np.uint8]], Scores]
# Times this, less the same less the number itself: 11 of its 24 bits are left (Veltkamp, 1968).
SPLITTER = np.array(2**13 + 1, np.float32)


def in_floats(graph: bytes) -> ort.InferenceSession:
    """A graph on the processor, node by node, nothing fused."""
    return _session(graph, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)


def _session(
    graph: bytes,
    level: ort.GraphOptimizationLevel = ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    *,
    written: Path | None = None,
) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    if written is not None:
        options.optimized_model_filepath = str(written)
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def rounded(graph: bytes) -> bytes:
    """A graph whose products have inputs of 11 significant bits."""
    with tempfile.TemporaryDirectory() as folder:
        # Weights become constants first, so that they are rounded as well.
        file = Path(folder) / "folded.onnx"
        _session(graph, ort.GraphOptimizationLevel.ORT_ENABLE_BASIC, written=file)
        model = onnx.load(file)
    model.graph.initializer.append(numpy_helper.from_array(SPLITTER, "splitter"))
    nodes = []
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm"):
            for i, name in enumerate(node.input[:2]):
                new = f"{node.output[0]} of {i}"
                nodes += [
                    helper.make_node("Mul", [name, "splitter"], [f"{new} high"]),
                    helper.make_node("Sub", [f"{new} high", name], [f"{new} low"]),
                    helper.make_node("Sub", [f"{new} high", f"{new} low"], [new]),
                ]
                node.input[i] = new
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    content: bytes = model.SerializeToString()
    return content


def runs(classifier: Classifier, model: Path | None) -> dict[str, tuple[Run, int]]:
    """By name: what runs batches of pixels, and how many it takes at once."""

    def scored(session: ort.InferenceSession) -> Run:
        return lambda pixels: classifier.bundle.info.scores(
            *session.run(OUTPUTS, {"pixels": pixels})
        )

    graph = classifier.bundle.path.read_bytes()
    found: dict[str, tuple[Run, int]] = {
        "cpu": (classifier.score, BATCH["cpu"]),
        "floats": (scored(in_floats(graph)), BATCH["cpu"]),
        "TF32": (scored(in_floats(rounded(graph))), BATCH["cpu"]),
    }
    try:
        found["cuda"] = Classifier(model, device="cuda").score, BATCH["cuda"]
    except DeviceError as error:
        print(f"No cuda here: {error}")
    return found


def judged(run: Run, pixels: NDArray[np.uint8], batch: int) -> tuple[Scores, float]:
    """What a run says of all photos, and how many a second."""
    run(pixels[:batch])
    start = time.perf_counter()
    parts = [run(pixels[i : i + batch]) for i in range(0, len(pixels), batch)]
    seconds = time.perf_counter() - start
    whole = Scores(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.dog for part in parts]),
        np.concatenate([part.features for part in parts]),
    )
    return whole, len(pixels) / seconds


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="Whether all devices say the same.")
    parser.add_argument("data", type=Path, help="a folder of breeds")
    parser.add_argument("--every", type=int, default=1, help="only every so-manieth photo")
    parser.add_argument("--model", type=Path, help="a bundle; the one inside by default")
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model)
    info = classifier.bundle.info
    known = ev.known_to(info.labels, ev.read_samples(arguments.data))
    paths, truth = known.paths[:: arguments.every], known.truth[:: arguments.every]
    pixels = np.stack(list(map_ahead(info.preprocessing.load, paths, ahead=32)))

    print(f"{classifier.bundle.model}, {len(pixels)} photos; against cpu, by photo:")
    print("          median  99 of 100  largest  log-odds  breeds  statuses   right  a second")
    first: Scores | None = None
    for name, (run, batch) in runs(classifier, arguments.model).items():
        scores, rate = judged(run, pixels, batch)
        first = first or scores
        same = ev.agreement(info, first, scores)
        right = (scores.probabilities.argmax(axis=1) == truth).mean()
        print(
            f"{name:8} {same.median:7.4f} {same.most:10.4f} {same.largest:8.4f} {same.dog:9.2f} "
            f"{same.breeds:7} {same.statuses:9} {right:7.1%} {rate:9.0f}"
        )


if __name__ == "__main__":
    main()
