"""Devices: what starts, what is said where it doesn't, and that a card says the same."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from barkive import devices
from barkive.bundle import OUTPUTS, SHIPPED, Bundle
from barkive.classifier import BATCH, Classifier
from barkive.errors import BundleError, DeviceError, UsageError
from barkive.evaluation import agreement

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
PYTHON = shlex.quote(sys.executable)
INSTALL = (
    f"{PYTHON} -m pip uninstall --yes onnxruntime onnxruntime-gpu && "
    f"{PYTHON} -m pip install 'onnxruntime-gpu[cuda,cudnn]'"
)
# What a card may differ by from the processor: a probability of a bundle of floats, and of one
# of int8, whose median is stated as well. See docs/deploy.md.
FLOAT, INT8, INT8_MEDIAN = 0.001, 0.25, 0.02

on_a_card = pytest.mark.skipif(
    CUDA not in ort.get_available_providers(),
    reason="ONNX Runtime has no CUDA provider here (package onnxruntime-gpu)",
)
REAL = ort.InferenceSession


class Card:
    """A stand-in for ONNX Runtime with a card; its network runs on the processor."""

    def __init__(self) -> None:
        self.started: list[SimpleNamespace] = []
        self.refuses: Exception | None = None
        self.falls_back = False
        self.says = ""

    def session(self, graph: bytes, options: Any, providers: list[Any], **words: Any) -> Any:
        if providers == [CPU]:
            return REAL(graph, options, providers=providers)
        self.started.append(SimpleNamespace(options=options, providers=providers, **words))
        if self.refuses is not None:
            raise self.refuses
        network = REAL(graph, options, providers=[CPU])
        there = [CPU] if self.falls_back else [CUDA, CPU]
        return SimpleNamespace(
            get_providers=lambda: there,
            get_modelmeta=network.get_modelmeta,
            get_inputs=network.get_inputs,
            get_outputs=network.get_outputs,
            run=network.run,
        )

    def preload(self) -> None:
        print(self.says)  # noqa: T201


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    card = Card()
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", card.session)
    monkeypatch.setattr(ort, "preload_dlls", card.preload, raising=False)
    return card


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CPU])


def refusal(model: Path | None) -> str:
    with pytest.raises(DeviceError) as refused:
        Bundle.open(model, device="cuda")
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_an_unknown_device_is_refused_before_the_file_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        Classifier(tmp_path / "absent.onnx", device="tpu")
    assert str(refused.value) == "There is no device “tpu”; it must be one of cpu, cuda."


@pytest.mark.usefixtures("no_card")
def test_without_its_package_cuda_is_refused_with_the_command_that_installs_it(
    colour_bundle: Path,
) -> None:
    assert refusal(colour_bundle) == (
        "The device cuda needs an NVIDIA card, and the package onnxruntime-gpu in place of "
        f"onnxruntime: use the device cpu, or install it with: {INSTALL}"
    )


def test_the_processor_needs_no_card(colour_bundle: Path) -> None:
    bundle = Bundle.open(colour_bundle)
    assert bundle.device == "cpu"
    assert bundle.session.get_providers() == [CPU]


def test_the_product_that_tells_processors_apart_is_what_it_is_said_to_be() -> None:
    values = [
        helper.make_tensor_value_info(name, kind, None)
        for name, kind in zip(
            "abc", (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32), strict=True
        )
    ]
    node = helper.make_node("MatMulInteger", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "g", values[:2], values[2:])
    opset = [helper.make_opsetid("", 13)]
    assert onnx.load_from_string(devices._PRODUCT) == helper.make_model(
        graph, ir_version=8, opset_imports=opset
    )


@pytest.mark.parametrize(("product", "saturates"), [(64770, False), (32767, True)])
def test_a_product_that_is_too_small_tells_of_a_processor_that_saturates(
    product: int, saturates: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = SimpleNamespace(run=lambda *_: [np.full((2, 2), product, np.int32)])
    monkeypatch.setattr(ort, "InferenceSession", lambda *_, **__: session)
    assert devices._saturates.__wrapped__() is saturates


@pytest.mark.parametrize(("saturates", "exact"), [(False, "0"), (True, "1")])
def test_only_a_processor_that_saturates_is_asked_for_exact_sums(
    saturates: bool, exact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_saturates", lambda: saturates)
    options = devices._options(1)
    assert options.get_session_config_entry("session.x64quantprecision") == exact


def int8_convolution() -> bytes:
    """A QDQ graph with y = 254 x, of four channels of uint8, weights and scales at their ends."""
    constants = {
        "weight": np.full((16, 4, 1, 1), 127, np.int8),
        "one": np.array(1, np.float32),
        "thousand": np.array(1000, np.float32),
        "0 of x": np.array(0, np.uint8),
        "0 of w": np.array(0, np.int8),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "one", "0 of x"], ["float x"]),
        helper.make_node("DequantizeLinear", ["weight", "one", "0 of w"], ["float w"]),
        helper.make_node("Conv", ["float x", "float w"], ["float y"]),
        helper.make_node("QuantizeLinear", ["float y", "thousand", "0 of x"], ["y"]),
    ]
    shapes = {"x": ["n", 4, 2, 2], "y": ["n", 16, 2, 2]}
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.UINT8, shape)
        for name, shape in shapes.items()
    )
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "convolution", [x], [y], initializers)
    content: bytes = helper.make_model(
        graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)]
    ).SerializeToString()
    return content


def test_sums_of_8_bit_products_are_exact_on_every_processor() -> None:
    session = devices.start(int8_convolution())
    (y,) = session.run(["y"], {"x": np.full((1, 4, 2, 2), 255, np.uint8)})
    # 4 * 255 * 127 = 129,540; clamped in pairs it would be 65,534.
    assert np.unique(y).tolist() == [130]


@pytest.mark.skipif(devices._saturates(), reason="this processor's plain sums are not exact")
def test_what_is_asked_of_processors_that_saturate_changes_no_bit_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = Bundle.open().info.preprocessing.size
    patches = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    pixels = patches.repeat(size // 8, axis=1).repeat(size // 8, axis=2)

    def said() -> list[list[Any]]:
        return [
            output.tolist() for output in Bundle.open().session.run(OUTPUTS, {"pixels": pixels})
        ]

    expected = said()
    assert len({tuple(row) for row in expected[0]}) == 4
    monkeypatch.setattr(devices, "_saturates", lambda: True)
    assert said() == expected


def test_how_a_card_is_started(card: Card, colour_bundle: Path) -> None:
    assert Bundle.open(colour_bundle, threads=3, device="cuda").device == "cuda"
    (started,) = card.started
    assert started.providers == [
        (CUDA, {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}),
        CPU,
    ]
    assert started.enable_fallback == 0
    assert started.options.intra_op_num_threads == 3
    assert started.options.get_session_config_entry("session.disable_quant_qdq") == "1"


def test_on_a_card_the_weights_of_int8_are_floats_and_the_rounding_stays(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = devices._options

    def written(threads: int) -> ort.SessionOptions:
        found = options(threads)
        found.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        found.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        return found

    monkeypatch.setattr(devices, "_options", written)
    Bundle.open(SHIPPED, device="cuda")
    nodes = onnx.load(tmp_path / "optimised.onnx").graph.node
    count = {
        name: sum(node.op_type == name for node in nodes) for name in {n.op_type for n in nodes}
    }
    assert count["QuantizeLinear"] == count["DequantizeLinear"] == 76
    assert (count["Conv"], count.get("QLinearConv")) == (64, None)


def test_a_card_that_is_left_out_is_no_card(card: Card, colour_bundle: Path) -> None:
    card.falls_back = True
    assert refusal(colour_bundle) == (
        "The device cuda does not start (ONNX Runtime leaves it out): see whether `nvidia-smi` "
        f"lists the card, use the device cpu, or install all but its driver with: {INSTALL}"
    )


def test_what_a_card_says_is_told_in_one_line(card: Card, colour_bundle: Path) -> None:
    card.refuses = RuntimeError("CUDA failure 100: no CUDA-capable device\n at cuda_call.cc:129")
    assert "does not start (CUDA failure 100: no CUDA-capable device): see" in refusal(
        colour_bundle
    )
    card.refuses = RuntimeError()
    assert "does not start (RuntimeError): see" in refusal(colour_bundle)


def test_missing_libraries_are_named_and_nothing_is_printed(
    card: Card, colour_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card.falls_back = True
    card.says = (
        "Failed to load libcublas.so.13: libcublas.so.13: cannot open shared object file\n"
        "Failed to load libcudart.so.13: libcudart.so.13: cannot open shared object file\n"
        "Please follow https://example.org to install CUDA."
    )
    assert "(missing: libcublas.so.13, libcudart.so.13): see" in refusal(colour_bundle)
    assert capsys.readouterr() == ("", "")


def test_an_onnx_runtime_that_loads_no_libraries_by_itself(
    card: Card, colour_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ort, "preload_dlls")
    assert Bundle.open(colour_bundle, device="cuda").device == "cuda"


def test_a_broken_file_is_the_files_fault_and_not_the_cards(card: Card, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(BundleError, match="is not an ONNX model, or is damaged"):
        Bundle.open(path, device="cuda")
    assert card.started == []


def failing(device: str, colour_bundle: Path) -> Classifier:
    classifier = Classifier(colour_bundle, device=device)

    def run(*_: object) -> None:
        raise RuntimeError("CUDNN_STATUS_ALLOC_FAILED\nmore of it")

    broken = SimpleNamespace(run=run)
    object.__setattr__(classifier.bundle, "session", broken)
    return classifier


def test_a_card_that_fails_in_the_middle_ends_the_work_with_a_sentence(
    card: Card, colour_bundle: Path
) -> None:
    verdicts = failing("cuda", colour_bundle).predict(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DeviceError) as failed:
        next(verdicts)
    assert str(failed.value) == (
        "The device cuda has failed (CUDNN_STATUS_ALLOC_FAILED); what is done is kept: run the "
        "command again, with fewer photos at once if its memory was full, or on another device."
    )


def test_a_fault_on_the_processor_is_not_hidden(colour_bundle: Path) -> None:
    with pytest.raises(RuntimeError, match="more of it"):
        list(failing("cpu", colour_bundle).predict(np.zeros((9, 9, 3), np.uint8)))


@pytest.mark.parametrize(("device", "most"), [("cpu", 4), ("cuda", 64)])
def test_how_many_photos_are_judged_at_once(
    device: str, most: int, card: Card, colour_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(colour_bundle, device=device)
    taken: list[int] = []
    score = classifier.score

    def counted(pixels: Any) -> Any:
        taken.append(len(pixels))
        return score(pixels)

    monkeypatch.setattr(classifier, "score", counted)
    photos = np.zeros((4 * most, 8, 8, 3), np.uint8)
    assert len(list(classifier.predict(photos))) == 4 * most
    assert BATCH[device] == max(taken) == most
    taken.clear()
    list(classifier.predict(photos, batch_size=2))
    assert max(taken) == 2


@pytest.fixture
def photos(make_photo: Callable[..., Path]) -> list[Path]:
    return [make_photo(f"{seed}.jpg", (240, 240), seed) for seed in range(32)]


@on_a_card
@pytest.mark.parametrize("kind", ["float", "int8"])
def test_a_card_says_what_the_processor_says(
    kind: str, photos: list[Path], colour_bundle: Path
) -> None:
    model = colour_bundle if kind == "float" else SHIPPED
    here, there = Classifier(model), Classifier(model, device="cuda")
    info = here.bundle.info
    pixels = np.stack([info.preprocessing.load(photo) for photo in photos])
    same = agreement(info, here.score(pixels), there.score(pixels))
    assert same.photos == 32
    assert same.largest <= (FLOAT if kind == "float" else INT8)
    assert same.median <= (FLOAT if kind == "float" else INT8_MEDIAN)
    assert same.statuses <= (0 if kind == "float" else 2)


@on_a_card
def test_a_card_gives_the_same_with_another_number_of_photos_at_once(photos: list[Path]) -> None:
    classifier = Classifier(device="cuda")
    one, many = (
        [next(iter(v.breeds), None) for v in classifier.predict(photos, batch_size=size)]
        for size in (1, 32)
    )
    near = [
        a is b or (a is not None and b is not None and abs(a.probability - b.probability) <= INT8)
        for a, b in zip(one, many, strict=True)
    ]
    assert sum(near) >= 31  # one may be beside the threshold
