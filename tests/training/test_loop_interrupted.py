"""An interrupted training goes on where it was, and ends as one that was not interrupted."""

import dataclasses
import errno
import os

import numpy as np
import pytest
import torch
from torch import nn

from barkive.errors import UsageError
from barkive.training.batches import Rows
from barkive.training.loop import Schedule, fit

RNG = np.random.default_rng(0)
TRUTH = np.arange(60) % 3
# Three clouds, far from each other.
ROWS = (4 * np.eye(3)[TRUTH] + RNG.normal(0, 0.3, (60, 3))).astype(np.float32)
CLOUDS = Rows(ROWS, TRUTH, batch=20, seed=3)
JUDGED = Rows(ROWS[:15], TRUTH[:15])
SCHEDULE = Schedule(epochs=4, learning_rate=0.02, penalty=0.01, seed=5)


class StopError(Exception):
    pass


def layers():
    """Has all that could make two runs differ: dropout, a norm, a random start."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
    )


def timeless(history):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in history]


def weights_of(module):
    return {name: value.cpu().clone() for name, value in module.state_dict().items()}


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "checkpoint.pt"


@pytest.fixture(scope="module")
def uninterrupted():
    module = layers()
    return timeless(fit(module, CLOUDS, JUDGED, SCHEDULE).history), weights_of(module)


def interrupt(checkpoint, *, epoch, module=None, schedule=SCHEDULE):
    def stop(one):
        if one.epoch == epoch:
            raise StopError

    with pytest.raises(StopError):
        fit(module or layers(), CLOUDS, JUDGED, schedule, checkpoint=checkpoint, on_epoch=stop)


def test_an_interrupted_run_ends_as_one_that_was_not(checkpoint, uninterrupted):
    interrupt(checkpoint, epoch=3)
    assert checkpoint.is_file()
    module, seen, progress = layers(), [], []
    torch.rand(99)
    fitted = fit(
        module,
        CLOUDS,
        JUDGED,
        SCHEDULE,
        checkpoint=checkpoint,
        on_progress=lambda done, total: progress.append((done, total)),
        on_epoch=seen.append,
    )
    history, weights = uninterrupted
    assert timeless(fitted.history) == history
    assert same(weights_of(module), weights)
    assert [epoch.epoch for epoch in seen] == [3, 4]
    assert (progress[0], progress[-1]) == ((140, 240), (240, 240))
    assert fitted.seconds > sum(epoch.seconds for epoch in seen)
    assert list(checkpoint.parent.iterdir()) == []


def test_an_interruption_within_an_epoch_costs_that_epoch_alone(checkpoint, uninterrupted):
    def stop(done, total):
        if done > 2 * 60 + 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint, on_progress=stop)
    module, seen = layers(), []
    fitted = fit(module, CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint, on_epoch=seen.append)
    assert [epoch.epoch for epoch in seen] == [3, 4]
    history, weights = uninterrupted
    assert timeless(fitted.history) == history
    assert same(weights_of(module), weights)


@pytest.mark.parametrize(
    ("begun_in", "asked_for", "ended_in"),
    [
        ("bfloat16", "auto", "bfloat16"),
        ("float32", "auto", "float32"),
        ("float32", "bfloat16", "bfloat16"),
    ],
)
def test_an_interrupted_run_keeps_its_precision_unless_another_is_asked_for(
    checkpoint, begun_in, asked_for, ended_in
):
    begun = dataclasses.replace(SCHEDULE, precision=begun_in)
    interrupt(checkpoint, epoch=3, schedule=begun)
    asked = dataclasses.replace(SCHEDULE, precision=asked_for)
    assert fit(layers(), CLOUDS, JUDGED, asked, checkpoint=checkpoint).precision == ended_in


def turned():
    layer = nn.Linear(2, 2, bias=False)
    nn.init.eye_(layer.weight).data.neg_()
    return layer


@pytest.mark.parametrize("lost", [False, True])
def test_the_best_epoch_before_the_interruption_is_remembered(checkpoint, lost):
    rows = np.eye(2, dtype=np.float32)[np.arange(32) % 2]
    # Validation has the opposite classes: the more is learned, the worse it gets.
    train, judged = Rows(rows, np.arange(32) % 2, 8, 0), Rows(rows, (np.arange(32) + 1) % 2)
    schedule, first = Schedule(6, 0.08), []
    module = turned()

    def stop(epoch):
        first.append(weights_of(module))
        if epoch.epoch == 5:
            raise StopError

    with pytest.raises(StopError):
        fit(module, train, judged, schedule, checkpoint=checkpoint, on_epoch=stop)
    if lost:  # then the training begins anew, and finds it again
        content = torch.load(checkpoint, weights_only=True)
        del content["best"]["weight"]
        torch.save(content, checkpoint)
    resumed = turned()
    assert fit(resumed, train, judged, schedule, checkpoint=checkpoint).best == 1
    assert same(weights_of(resumed), first[0])


def test_the_checkpoint_is_removed_at_the_end(checkpoint):
    there = []
    fit(
        layers(),
        CLOUDS,
        JUDGED,
        SCHEDULE,
        checkpoint=checkpoint,
        on_epoch=lambda _: there.append(checkpoint.exists()),
    )
    assert there == [False, True, True, True]
    assert list(checkpoint.parent.iterdir()) == []


def damage(checkpoint, how):
    """A whole checkpoint of epoch 2 becomes one that is of no use."""
    content = torch.load(checkpoint, weights_only=True)
    if how == "cut off":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-200])
        return
    if how == "no checkpoint":
        checkpoint.write_bytes(b"no checkpoint at all")
        return
    if how == "empty":
        checkpoint.write_bytes(b"")
        return
    if how == "a part is missing":
        del content["times"]
    elif how == "a weight is missing":
        del content["weights"]["0.bias"]
    elif how == "no list":
        content = 1
    elif how == "another optimiser":
        content["optimiser"]["param_groups"] = []
    torch.save(content, checkpoint)


@pytest.mark.parametrize(
    "how",
    [
        "cut off",
        "no checkpoint",
        "empty",
        "a part is missing",
        "a weight is missing",
        "no list",
        "another optimiser",
    ],
)
def test_a_damaged_checkpoint_starts_a_new_training(checkpoint, uninterrupted, how):
    interrupt(checkpoint, epoch=3)
    damage(checkpoint, how)
    module = layers()
    fitted = fit(module, CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint)
    history, weights = uninterrupted
    assert timeless(fitted.history) == history
    assert same(weights_of(module), weights)


def test_the_checkpoint_of_another_network_starts_a_new_training(checkpoint, uninterrupted):
    # The same names, but the last layer has other shapes.
    torch.manual_seed(2)
    other = nn.Sequential(*layers()[:4], nn.Linear(8, 5))
    interrupt(checkpoint, epoch=3, module=other)
    module = layers()
    fitted = fit(module, CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint)
    history, weights = uninterrupted
    assert timeless(fitted.history) == history
    assert same(weights_of(module), weights)


def test_a_checkpoint_runs_no_code(checkpoint, tmp_path):
    trace = tmp_path / "trace"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(trace),)

    torch.save(Evil(), checkpoint)
    assert len(fit(layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint).history) == 4
    assert not trace.exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
    ],
)
def test_a_full_disk_is_told_and_leaves_no_half_of_a_file(checkpoint, monkeypatch, error):
    save = torch.save
    saved = []

    def fill(content, path):
        saved.append(len(content["history"]))
        if len(saved) == 2:
            path.write_bytes(b"half")
            raise error
        save(content, path)

    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(UsageError) as raised:
        fit(layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint)
    assert str(raised.value) == (
        f"The checkpoint {checkpoint} can't be written; make room or choose another place."
    )
    # The one before is still whole.
    assert list(checkpoint.parent.iterdir()) == [checkpoint]
    assert len(torch.load(checkpoint, weights_only=True)["history"]) == 1


def test_a_checkpoint_in_no_folder_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"none.c\.pt can't be written; make room or choose"):
        fit(layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=tmp_path / "none" / "c.pt")
