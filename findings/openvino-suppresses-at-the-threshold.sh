#!/usr/bin/env bash
# OpenVINO and ONNX Runtime keep different boxes where an IoU is just the threshold of suppression.
#
# Version: openvino 2026.4.1 and onnxruntime 1.32.0, with onnx 1.23.2, from PyPI, Linux x86-64,
#   Python 3.11.
# Expected: one ONNX file with a NonMaxSuppression, one answer. ONNX says that a box goes if its IoU
#   with one that was kept is strictly greater than the threshold. So a threshold of 1 keeps all.
# Seen: ONNX Runtime keeps a box whose IoU equals the threshold, OpenVINO drops it. A box that is
#   exactly half of another differs at 0.5. At 1 OpenVINO drops the second of two equal boxes. At
#   0, which is the default, it drops boxes that don't even touch, so that each class has one box.
#   Both drop scores that equal their threshold, though ONNX speaks of lesser ones only.
# What it means for Barkive: suppression is its own, in NumPy, behind the network, so that every
#   runtime gives the same dogs.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 \
    numpy==2.4.6 protobuf==7.36.2 flatbuffers==25.12.19 ml_dtypes==0.6.0 typing_extensions==4.16.0

cd "$work"
ORT_DISABLE_TELEMETRY=1 "$work/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper


def kept(
    boxes: list[list[float]], scores: list[float], iou: float, score: float
) -> list[list[int]]:
    """The indices of the boxes that ONNX Runtime keeps, and OpenVINO."""
    graph = helper.make_graph(
        [
            helper.make_node(
                "NonMaxSuppression", ["boxes", "scores", "most", "iou", "score"], ["kept"]
            )
        ],
        "suppression",
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, len(boxes), 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, len(boxes)]),
        ],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, ["kept", 3])],
        [
            helper.make_tensor("most", TensorProto.INT64, [1], [100]),
            helper.make_tensor("iou", TensorProto.FLOAT, [1], [iou]),
            helper.make_tensor("score", TensorProto.FLOAT, [1], [score]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, "suppression.onnx")
    inputs = {
        "boxes": np.array([boxes], np.float32),
        "scores": np.array([[scores]], np.float32),
    }
    session = onnxruntime.InferenceSession("suppression.onnx", providers=["CPUExecutionProvider"])
    compiled = openvino.Core().compile_model("suppression.onnx", "CPU")
    return [rows[:, 2].tolist() for rows in (session.run(None, inputs)[0], compiled(inputs)[0])]


WHOLE, HALF, APART = [0, 0, 10, 10], [0, 0, 10, 5], [20, 20, 30, 30]
cases = {
    "half of another, IoU threshold 0.5": kept([WHOLE, HALF, APART], [0.9, 0.8, 0.7], 0.5, 0.1),
    "half of another, IoU threshold 0.51": kept([WHOLE, HALF, APART], [0.9, 0.8, 0.7], 0.51, 0.1),
    "two equal boxes, IoU threshold 1": kept([WHOLE, WHOLE, APART], [0.9, 0.8, 0.7], 1, 0.1),
    "apart, IoU threshold 0": kept([WHOLE, APART], [0.9, 0.8], 0, 0.1),
    "score 0.5, score threshold 0.5": kept([WHOLE, APART], [0.9, 0.5], 0.5, 0.5),
}
for case, (runtime, vino) in cases.items():
    print(f"{case}: ONNX Runtime keeps {runtime}, OpenVINO {vino}")

if list(cases.values()) != [
    [[0, 1, 2], [0, 2]],
    [[0, 1, 2], [0, 1, 2]],
    [[0, 1, 2], [0, 2]],
    [[0, 1], [0]],
    [[0], [0]],
]:
    raise SystemExit("Changed: they keep other boxes.")
print("As stated.")
PYTHON
