"""The graph answers as the network does, or is refused."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper

from barkive.bundle import Bundle, BundleInfo
from barkive.errors import ExportError, UsageError
from barkive.images import Preprocessing
from barkive.training import onnx_export
from barkive.training.backbones import load_backbone
from barkive.training.head import DogDetector, Linear, RowsDetector
from barkive.verdicts import BreedName

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
DETECTOR = DogDetector(2.0, -1.0)


@pytest.fixture(scope="module")
def network(tf_weights):
    backbone = load_backbone("mobilenetv2_035", tf_weights, image_size=32)
    return onnx_export.feature_network(backbone, mirror=True)


@pytest.fixture(scope="module")
def graph(network):
    return onnx_export.to_graph(network, 32)


@pytest.fixture(scope="module")
def prediction(network):
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(1280, 4)).astype(np.float32) / 30
    return Linear(weight, rng.normal(size=4).astype(np.float32))


@pytest.fixture(scope="module")
def model(graph, prediction):
    return onnx_export.add_head(graph, prediction, DETECTOR)


def run(graph, output, pixels):
    return onnx_export.session(graph).run([output], {"pixels": pixels})[0]


@pytest.mark.parametrize("photos", [1, 3])
def test_the_graph_equals_the_network(network, graph, photos):
    with torch.inference_mode():
        expected = network(torch.from_numpy(PIXELS[:photos])).numpy()
    assert run(graph, "features", PIXELS[:photos]) == pytest.approx(expected, abs=1e-4)


def test_the_mirror_image_has_the_same_features(network, graph):
    assert run(graph, "features", PIXELS[:, :, ::-1].copy()) == pytest.approx(
        run(graph, "features", PIXELS), abs=1e-4
    )
    with torch.inference_mode():
        one = network.backbone(torch.from_numpy(PIXELS)).numpy()
        other = network.backbone(torch.from_numpy(PIXELS[:, :, ::-1].copy())).numpy()
    assert run(graph, "features", PIXELS) == pytest.approx((one + other) / 2, abs=1e-4)


def test_padding_costs_no_nodes(graph):
    assert "Pad" not in {node.op_type for node in graph.graph.node}


def test_the_backbones_own_rows_are_in_the_graph(graph, prediction):
    rng = np.random.default_rng(0)

    def layer(outputs):
        weight = rng.normal(size=(1280, outputs)).astype(np.float16).astype(np.float32)
        return Linear(weight / 32, rng.normal(size=outputs).astype(np.float16).astype(np.float32))

    detector = RowsDetector(layer(3), layer(7))
    model = onnx_export.add_head(graph, prediction, detector)
    features = run(model, "features", PIXELS)
    assert run(model, "dog", PIXELS) == pytest.approx(detector(features, features), abs=1e-4)
    # Stored in half precision, which is what they were rounded to.
    stored = {one.name: one.data_type for one in model.graph.initializer}
    assert stored["others.weight"] == TensorProto.FLOAT16
    onnx_export.check_same_answers(
        lambda pixels: torch.from_numpy(run(graph, "features", pixels.numpy())),
        *(prediction, detector, model, PIXELS),
        int8=False,
    )


def test_the_head_is_in_the_graph(graph, model, prediction):
    features = run(model, "features", PIXELS)
    assert (features == run(graph, "features", PIXELS).astype(np.float16)).all()
    logits = prediction(features)
    assert run(model, "logits", PIXELS) == pytest.approx(logits, abs=1e-4)
    assert run(model, "dog", PIXELS) == pytest.approx(DETECTOR(logits, logits), abs=1e-4)
    assert len(graph.graph.output) == 1


def test_int8_is_near_and_keeps_the_first_convolutions_in_float(graph):
    int8 = onnx_export.quantise(graph, PIXELS)
    weights = [
        node.op_type for node in int8.graph.node if node.op_type in ("Conv", "QuantizeLinear")
    ]
    assert weights[:3] == ["Conv", "Conv", "Conv"]
    assert "QuantizeLinear" in weights[3:]
    expected = run(graph, "features", PIXELS)
    off = np.abs(run(int8, "features", PIXELS) - expected).mean()
    # Twice as far on processors that add int8 products up in 16 bits, as those without VNNI.
    assert 0 < off < 0.4 * np.abs(expected).mean()


def test_a_graph_of_few_convolutions_is_not_quantised(graph):
    few = onnx.ModelProto()
    few.CopyFrom(graph)
    for node in [node for node in few.graph.node if node.op_type == "Conv"][3:]:
        few.graph.node.remove(node)
    assert onnx_export.quantise(few, PIXELS) is None


@pytest.mark.parametrize("int8", [False, True])
def test_the_same_answers_pass(network, prediction, model, int8):
    onnx_export.check_same_answers(network, prediction, DETECTOR, model, PIXELS, int8=int8)


def tampered(model, name, change):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    for initializer in other.graph.initializer:
        if initializer.name == name:
            value = change(numpy_helper.to_array(initializer))
            initializer.CopyFrom(numpy_helper.from_array(value, name))
            return other
    raise KeyError(name)


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("head.weight", lambda weight: weight[:, ::-1].copy()),
        ("head.bias", lambda bias: bias + np.float32(0.1)),
        ("head.bias", lambda bias: bias * np.float32("nan")),
        ("dog.slope", lambda slope: slope * np.float32(-1)),
    ],
)
def test_a_tampered_head_is_refused(network, prediction, model, name, change, int8):
    other = tampered(model, name, change)
    with pytest.raises(ExportError, match=r"head differs .* so it was not written"):
        onnx_export.check_same_answers(network, prediction, DETECTOR, other, PIXELS, int8=int8)


class _Elsewhere(torch.nn.Module):
    """A trained network whose features are not those of the graph."""

    def forward(self, pixels):
        return torch.linspace(-9, 9, 1280).repeat(len(pixels), 1)


@pytest.mark.parametrize(
    ("int8", "message"), [(False, "probabilities differ"), (True, r"0% of 3 photos.*--no-int8")]
)
def test_another_network_is_refused(prediction, model, int8, message):
    with pytest.raises(ExportError, match=message):
        onnx_export.check_same_answers(_Elsewhere(), prediction, DETECTOR, model, PIXELS, int8=int8)


class _NotForOnnx(torch.nn.Module):
    def forward(self, pixels):
        raise RuntimeError("no way")


def test_a_network_that_cannot_be_exported_is_refused(capfd):
    with pytest.raises(ExportError, match=r"can't be exported to ONNX \(\w+\); choose another"):
        onnx_export.to_graph(_NotForOnnx(), 32)


@pytest.fixture
def info():
    return BundleInfo(
        name="tiny",
        labels=tuple(BreedName(one, one, one) for one in "abcd"),
        preprocessing=Preprocessing(32),
        temperature=1.5,
        dog_threshold=-2.0,
        answer_threshold=0.7,
        provenance={"seed": 0},
    )


def test_a_bundle_opens_as_it_was_written(model, info, tmp_path):
    onnx_export.write_bundle(model, info, tmp_path / "m.onnx")
    bundle = Bundle.open(tmp_path / "m.onnx")
    assert bundle.info == info
    logits = bundle.session.run(["logits"], {"pixels": PIXELS})[0]
    assert logits == pytest.approx(run(model, "logits", PIXELS), abs=1e-4)
    content = (tmp_path / "m.onnx").read_bytes()
    # Where the exporter was called from is nobody's business.
    assert b"site-packages" not in content
    assert b"forward(self" not in content
    assert json.dumps(dict(info.provenance)).encode() in content
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_a_bundle_that_cannot_be_written_is_told(model, info, tmp_path):
    with pytest.raises(UsageError, match=r"m\.onnx can't be written: No such file"):
        onnx_export.write_bundle(model, info, tmp_path / "missing" / "m.onnx")
