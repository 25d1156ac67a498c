"""Dropout draws what PyTorch's own layer draws, and is the same in several processes."""

import pytest
import torch
from torch import nn

from barkive.training.process_group.dropout import Dropout, shard_dropout
from barkive.training.process_group.group import Shard

X = torch.arange(1.0, 71.0).view(7, 10)


def dropped(layer, x):
    torch.manual_seed(4)
    return layer.train()(x)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_the_mask_is_that_of_pytorchs_own_layer(p):
    assert torch.equal(dropped(Dropout(p), X), dropped(nn.Dropout(p), X))


def test_processes_together_leave_out_what_one_would():
    layer, parts = nn.Sequential(Dropout(0.5)), []
    for rank in range(3):
        share = Shard(rank, 3)
        shard_dropout(layer, share, 7)
        parts.append(dropped(layer, X[share.rows(7)]))
    whole = dropped(nn.Dropout(0.5), X)
    assert torch.equal(torch.cat(parts), whole)
    assert (whole == 0).any()
    shard_dropout(layer)
    assert torch.equal(dropped(layer, X), whole)


def test_nothing_is_left_out_in_use_or_with_a_share_of_0():
    assert Dropout(0.9).eval()(X) is X
    assert Dropout(0.0).train()(X) is X
