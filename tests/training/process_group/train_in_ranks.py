"""What `test_process_group.py` runs in one process or in two: `train_in_ranks.py PHOTOS OUT`."""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper
from torch import nn

from barkive.errors import DataError, UsageError
from barkive.images import Preprocessing
from barkive.training.features import extract_features
from barkive.training.loading import Loader, Photos
from barkive.training.loop import Schedule, fit, predict
from barkive.training.onnx_export import GraphFeatures
from barkive.training.precision import resolve
from barkive.training.process_group.dropout import Dropout
from barkive.training.process_group.group import current_group
from barkive.training.process_group.launch import init_process_group
from barkive.training.process_group.torch_device import device

SQUARE = Preprocessing(32)


class Planes(nn.Module):
    """(n, height, width, 3) → (n, 3, height, width), -1..1."""

    def forward(self, pixels):
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1


def network():
    torch.manual_seed(3)
    return nn.Sequential(
        *(Planes(), nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()),
        *(Dropout(0.5), nn.Linear(128, 16), nn.ReLU(), Dropout(0.3), nn.Linear(16, 3)),
    )


def means():
    """A graph of each photo's mean colours."""
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 32, 32, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["features"], keepdims=0),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    graph = helper.make_graph(nodes, "means", [pixels], [features], [axes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@dataclass(frozen=True, slots=True)
class Failing(Loader):
    """Its second batch can't be read by the last of several processes."""

    def epoch(self, number=0):
        for i, batch in enumerate(Loader.epoch(self, number)):
            if i == 1 and self.shard.rank == 1:
                raise DataError("verbatim", sentence="The photo of the second process is gone.")
            yield batch


def break_in_the_second(pixels):
    if current_group().rank == 1:
        raise UsageError("verbatim", sentence="The cache of the second process is full.")
    return pixels.mean(axis=(1, 2)).astype(np.float32)


def in_bfloat16(train, judged, schedule):
    """Weights and logits; None where the processor does not compute in bfloat16."""
    if resolve("auto", device()) != "bfloat16":
        return None
    module = network()
    fitted = fit(module, train, judged, replace(schedule, precision="bfloat16"))
    assert fitted.precision == "bfloat16"
    return module.state_dict(), torch.from_numpy(predict(module, judged, "bfloat16")[0])


class StopError(Exception):
    pass


def work(paths, out):
    truth = np.arange(len(paths)) % 3
    photos = Photos(paths[:-1], SQUARE)
    # In batches of 4 the last one holds a single photo, so one process has none of it.
    train = Loader(photos, truth, np.arange(13), 4, augmentation=1.0, seed=5)
    judged = Loader(photos, truth, np.arange(13, 20), 3)
    schedule = Schedule(4, 0.01, penalty=0.01, seed=7, precision="float32")
    told = []

    module = network()
    fitted = fit(module, train, judged, schedule, on_progress=lambda *counts: told.append(counts))

    checkpoint = out.with_suffix(".checkpoint")
    again = network()

    def stop(epoch):
        if epoch.epoch == 3:
            raise StopError

    try:
        fit(again, train, judged, schedule, checkpoint=checkpoint, on_epoch=stop)
    except StopError:
        assert checkpoint.exists()
    resumed = fit(again, train, judged, schedule, checkpoint=checkpoint)

    error = ""
    try:
        fit(network(), Failing(photos, truth, np.arange(13), 4), judged, schedule)
    except DataError as raised:
        error = str(raised)

    full = ""
    try:
        extract_features(paths, break_in_the_second, key="full", preprocessing=SQUARE)
    except UsageError as raised:
        full = str(raised)

    features = extract_features(paths, GraphFeatures(means()), key="means", preprocessing=SQUARE)
    torch.save(
        {
            "processes": current_group().world_size,
            "weights": module.state_dict(),
            "resumed": again.state_dict(),
            "history": [asdict(replace(epoch, seconds=0.0)) for epoch in fitted.history],
            "resumed history": [asdict(replace(epoch, seconds=0.0)) for epoch in resumed.history],
            "logits": torch.from_numpy(predict(module, judged, "float32")[0]),
            "in bfloat16": in_bfloat16(train, judged, schedule),
            "shares": (fitted.waited, fitted.exchanged),
            "told": told,
            "errors": (error, full),
            "rows": features.rows.tobytes().hex(),
            "hashes": features.hashes.tobytes().hex(),
            "kept": features.kept.tolist(),
            "failed": [(path, str(reason)) for path, reason in features.failed],
        },
        out,
    )
    sys.stdout.write("done\n")


if __name__ == "__main__":
    with init_process_group():
        work(sorted(str(path) for path in Path(sys.argv[1]).iterdir()), Path(sys.argv[2]))
