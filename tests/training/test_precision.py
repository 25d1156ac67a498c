"""Which numbers a network is trained in: what is set, or what the processor has."""

import numpy as np
import pytest
import torch
from torch import nn

from barkive.training import precision
from barkive.training.batches import Rows
from barkive.training.loop import Schedule, fit, predict

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def processor(monkeypatch):
    """Makes the processor and the GPU such as compute in bfloat16, or don't."""

    def make(computes):
        asked = []

        def supported(including_emulation):
            asked.append(including_emulation)
            return computes

        monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
        monkeypatch.setattr(
            torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: computes, raising=False
        )
        return asked

    return make


@pytest.mark.parametrize("where", [CPU, GPU])
@pytest.mark.parametrize(("computes", "kind"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_what_the_processor_computes_in(processor, where, computes, kind):
    asked = processor(computes)
    assert precision.resolve("auto", where) == kind
    assert asked == ([False] if where == GPU else [])


@pytest.mark.parametrize("computes", [True, False])
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_what_is_set_holds_on_every_processor(processor, computes, kind):
    processor(computes)
    assert precision.resolve(kind, CPU) == kind
    layer = nn.Linear(2, 2)
    with precision.autocast(kind, CPU):
        assert layer(torch.ones(1, 2)).dtype == getattr(torch, kind)
    assert layer.weight.dtype == torch.float32


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_a_training_computes_in_what_is_set_validation_included(kind):
    seen = set()

    class Spy(nn.Linear):
        def forward(self, x):
            y = super().forward(x)
            seen.add((self.training, y.dtype))
            return y

    module, rows = Spy(3, 3), Rows(np.eye(3, dtype=np.float32), np.arange(3))
    fitted = fit(module, rows, rows, Schedule(1, 0.1, precision=kind))
    assert fitted.precision == kind
    assert seen == {(True, getattr(torch, kind)), (False, getattr(torch, kind))}
    seen.clear()
    assert predict(module, rows, kind)[0].dtype == np.float32
    assert seen == {(False, getattr(torch, kind))}
