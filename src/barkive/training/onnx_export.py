"""From a trained network to a bundle: ONNX graph, int8, metadata, and the final check.

The bundle is refused if it answers differently from the network it came from.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from torch import Tensor, nn

from barkive import devices
from barkive.bundle import METADATA_KEY, OUTPUTS, BundleInfo
from barkive.errors import ExportError
from barkive.evaluation import write_files
from barkive.learning.memory import Memory
from barkive.onnx_graph import Graph
from barkive.training.backbones import Backbone
from barkive.training.head import Detector, Linear, RowsDetector
from barkive.training.process_group.group import current_group

Pixels = NDArray[np.uint8]

_CALIBRATION_BATCH = 4
_HEAD_TOLERANCE = 0.01
_FLOAT_TOLERANCE = 0.001
_INT8_AGREEMENT = 0.9


class _Mirrored(nn.Module):
    """Averages the features of a photo and of its mirror image."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> Tensor:
        photos = self.backbone.rescale(pixels)
        both: Tensor = self.backbone.network(torch.cat([photos, photos.flip(3)]))
        return both.view(2, -1, both.shape[1]).mean(0)


def feature_network(backbone: Backbone, *, mirror: bool) -> nn.Module:
    """The network whose features the head is fitted on.

    Args:
        backbone: From pixels to features.
        mirror: Whether each photo's features are the mean with those of its mirror image.
    """
    return (_Mirrored(backbone) if mirror else backbone).eval()


def to_graph(network: nn.Module, image_size: int) -> onnx.ModelProto:
    """Exports a network from `pixels` to `features`, for any number of photos.

    Raises:
        ExportError: The network does what ONNX can't express.
    """
    pixels = torch.zeros(2, image_size, image_size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        try:
            program = torch.onnx.export(
                network,
                (pixels,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("photos")},),
                input_names=["pixels"],
                output_names=["features"],
                verbose=False,
            )
        except Exception as error:  # the exporter raises whatever the network's code leads to
            raise ExportError("bundle_export_failed", reason=type(error).__name__) from None
    assert program is not None
    return program.model_proto


def add_head(graph: onnx.ModelProto, prediction: Linear, detector: Detector) -> onnx.ModelProto:
    """A copy of a graph from `pixels` to `features` that also gives `logits` and `dog`.

    Its features are rounded to float16, so that what a catalogue keeps of them is all of them.
    """
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    body = model.graph
    for node in body.node:
        for i, name in enumerate(node.output):
            if name == "features":
                node.output[i] = "features.exact"
    for given, kind, made in (
        ("features.exact", TensorProto.FLOAT16, "features.half"),
        ("features.half", TensorProto.FLOAT, "features"),
    ):
        body.node.append(helper.make_node("Cast", [given], [made], made, to=kind))
    _add_layer(body, "head", prediction, "logits")
    if isinstance(detector, RowsDetector):
        # Half the size; they become floats once, when the bundle is opened.
        for name, layer in (("dogs", detector.dogs), ("others", detector.others)):
            _add_layer(body, name, layer, f"{name}.logits", np.float16)
            _add_energy(body, f"{name}.logits", f"{name}.energy")
        body.node.append(helper.make_node("Sub", ["dogs.energy", "others.energy"], ["dog"], "dog"))
    else:
        for name, value in (("dog.slope", detector.slope), ("dog.bias", detector.bias)):
            body.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
        _add_energy(body, "logits", "energy")
        body.node.extend(
            [
                helper.make_node("Mul", ["energy", "dog.slope"], ["scaled_energy"], "dog.scale"),
                helper.make_node("Add", ["scaled_energy", "dog.bias"], ["dog"], "dog.shift"),
            ]
        )
    labels = prediction.bias.shape[0]
    body.output.extend(
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["photos", labels]),
            helper.make_tensor_value_info("dog", TensorProto.FLOAT, ["photos"]),
        ]
    )
    onnx.checker.check_model(model)
    return model


def _add_layer(
    body: onnx.GraphProto, name: str, layer: Linear, output: str, kind: type = np.float32
) -> None:
    """Adds `features @ weight + bias`, its weights stored as `kind`."""
    inputs = ["features"]
    for part, value in (("weight", layer.weight), ("bias", layer.bias)):
        stored = f"{name}.{part}"
        body.initializer.append(numpy_helper.from_array(value.astype(kind), stored))
        if kind is not np.float32:
            body.node.append(
                helper.make_node("Cast", [stored], [f"{stored}.float"], to=TensorProto.FLOAT)
            )
            stored = f"{stored}.float"
        inputs.append(stored)
    body.node.append(helper.make_node("Gemm", inputs, [output], name))


def _add_energy(body: onnx.GraphProto, logits: str, output: str) -> None:
    """Adds log Σ exp over the outputs of a layer."""
    axes = f"{output}.axes"
    body.initializer.append(numpy_helper.from_array(np.array([1], np.int64), axes))
    body.node.append(
        helper.make_node("ReduceLogSumExp", [logits, axes], [output], output, keepdims=0)
    )


def quantise(
    graph: onnx.ModelProto,
    calibration: Pixels,
    *,
    float_first: int = 3,
    float_tail: float = 0.0,
) -> onnx.ModelProto | None:
    """Turns the convolutions into int8: QDQ, a scale for each channel of the weights.

    Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference".

    Args:
        graph: From `pixels` to `features`.
        calibration: Photos that show the range of the activations, (n, size, size, 3). A
            few dozen are best: each more stretches the ranges to its own extremes.
        float_first: How many convolutions stay in float, counted from the first.
        float_tail: The share of the convolutions, counted from the last, that stay in
            float as well; 0..1.

    Returns:
        A new graph; None if no convolution is left after those that stay in float.
    """
    nodes = graph.graph.node
    convolutions = [i for i, node in enumerate(nodes) if node.op_type == "Conv"]
    end = len(convolutions) - round(float_tail * len(convolutions))
    if end <= float_first:
        return None
    first = convolutions[float_first - 1] + 1 if float_first else 0
    last = convolutions[end] if end < len(convolutions) else len(nodes)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(graph, source)
        quantize_static(
            source,
            target,
            _Calibration(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Clip"],
            nodes_to_exclude=[node.name for node in (*nodes[:first], *nodes[last:])],
        )
        return onnx.load(target)


def session(model: onnx.ModelProto, *, threads: int = 0) -> ort.InferenceSession:
    """An inference session of a graph in memory.

    Args:
        model: The graph.
        threads: How many it computes in; 0 for one a core.
    """
    # As a bundle is run: with exact sums, so that features are the same on every processor.
    return devices.start(model.SerializeToString(), threads=threads)


class GraphFeatures:
    """What a graph makes of pixels, as a function that can be sent to another process."""

    def __init__(self, graph: onnx.ModelProto) -> None:
        self.graph = graph
        self._session: ort.InferenceSession | None = None

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """(n, size, size, 3) → (n, channels)."""
        if self._session is None:
            self._session = session(self.graph, threads=current_group().threads)
        features: NDArray[np.float32] = self._session.run(["features"], {"pixels": pixels})[0]
        return features

    def __reduce__(self) -> tuple[Any, ...]:
        return GraphFeatures, (self.graph,)


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, pixels: Pixels) -> None:
        self._batches: Iterator[dict[str, Any]] = iter(
            {"pixels": pixels[i : i + _CALIBRATION_BATCH]}
            for i in range(0, len(pixels), _CALIBRATION_BATCH)
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


def check_same_answers(
    network: nn.Module,
    prediction: Linear,
    detector: Detector,
    model: onnx.ModelProto,
    pixels: Pixels,
    *,
    int8: bool,
) -> None:
    """Refuses a graph that answers differently from the trained network.

    The head must do to the graph's features what it did in training. A float graph must
    also give the same probabilities as the network; int8 rounds, so there the same breed
    must win on nearly all photos.

    Args:
        network: From pixels to features.
        prediction: From features to logits.
        detector: From features and logits to the log-odds of a dog.
        model: What is to be exported.
        pixels: Photos to compare on, (n, size, size, 3).
        int8: Whether the graph was quantised.

    Raises:
        ExportError: The answers differ.
    """
    with torch.inference_mode():
        trained = prediction(network(torch.from_numpy(pixels)).numpy())
    exported, dog, features = session(model).run(OUTPUTS, {"pixels": pixels})
    head_logits = prediction(features)
    # Slopes beyond 1 multiply the rounding.
    slope = 1.0 if isinstance(detector, RowsDetector) else max(1, abs(detector.slope))
    head_difference = max(
        float(np.abs(head_logits - exported).max()),
        float(np.abs(detector(features, head_logits) - dog).max()) / slope,
    )
    if not head_difference <= _HEAD_TOLERANCE:  # written so that NaN fails, too
        raise ExportError("bundle_export_head_differs", difference=head_difference)
    if int8:
        agreement = float((trained.argmax(axis=1) == exported.argmax(axis=1)).mean())
        if agreement < _INT8_AGREEMENT:
            raise ExportError("bundle_export_int8_differs", agreement=agreement, count=len(pixels))
        return
    before, after = (torch.from_numpy(x).softmax(dim=1) for x in (trained, exported))
    difference = (before - after).abs().max().item()
    if not difference <= _FLOAT_TOLERANCE:
        raise ExportError(
            "bundle_export_probabilities_differ", difference=difference, limit=_FLOAT_TOLERANCE
        )


def write_bundle(
    model: onnx.ModelProto, info: BundleInfo, path: Path, memory: Memory | None = None
) -> None:
    """Writes the bundle; it appears under its name only when it is whole.

    Args:
        model: The graph with its head.
        info: What the bundle says of itself.
        path: The file.
        memory: What it remembers of its photos, so that it can be taught more.

    Raises:
        UsageError: The file can't be written.
    """
    bundle = onnx.ModelProto()
    bundle.CopyFrom(model)
    bundle.doc_string = ""
    bundle.graph.doc_string = ""
    del bundle.metadata_props[:]
    for node in bundle.graph.node:
        # The exporter notes the places in its source code there.
        node.doc_string = ""
        del node.metadata_props[:]
    graph = Graph(bundle.SerializeToString())
    graph.set_metadata(METADATA_KEY, info.to_metadata())
    if memory is not None:
        graph.set_notes(memory.to_notes())
    write_files(path.parent, {path.name: graph.to_bytes()})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the advice that the quantiser logs from the user, who can't follow it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
