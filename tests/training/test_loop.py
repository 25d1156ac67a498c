"""Training learns, keeps its best epoch, and goes on where it was interrupted."""

import dataclasses
import errno
import time

import numpy as np
import pytest
import torch
from torch import nn

from barkive.errors import UsageError
from barkive.training import loop
from barkive.training.curves import best_epoch
from barkive.training.loop import Rows, Schedule, fit, predict, score

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


def linear(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def timeless(history):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in history]


def weights_of(module):
    return {name: value.cpu().clone() for name, value in module.state_dict().items()}


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


# Learning.


def test_clouds_that_are_apart_are_learned_to_the_last_one():
    seen = []
    module = layers()
    fitted = fit(module, CLOUDS, JUDGED, Schedule(20, 0.02), on_epoch=seen.append)
    assert score(module, CLOUDS)[1] == 1.0
    assert fitted.history == tuple(seen)
    assert [epoch.epoch for epoch in seen] == list(range(1, 21))
    assert seen[-1].train_loss < seen[0].train_loss
    assert seen[-1].validation_loss < 0.1
    assert not module.training


def test_the_best_epochs_weights_are_kept():
    # Validation has the opposite classes: the more is learned, the worse it gets.
    module = linear([[-1.0, 0.0], [0.0, -1.0]], [0.0, 0.0])
    rows = np.eye(2, dtype=np.float32)[np.arange(32) % 2]
    train, judged = Rows(rows, np.arange(32) % 2, 8, 0), Rows(rows, (np.arange(32) + 1) % 2)
    after = []
    fitted = fit(
        module,
        train,
        judged,
        Schedule(6, 0.08),
        on_epoch=lambda _: after.append(weights_of(module)),
    )
    assert fitted.best == best_epoch(fitted.history).epoch == 1
    assert fitted.history[0].validation_accuracy == 1.0
    assert fitted.history[-1].validation_accuracy == 0.0
    assert same(weights_of(module), after[0])
    assert not same(after[0], after[-1])
    assert score(module, judged) == pytest.approx((fitted.history[0].validation_loss, 1.0))


def test_the_figures_of_an_epoch():
    # Nothing is learned, so that they can be told beforehand: logits (0, 2), twice right.
    module = linear([[0.0], [0.0]], [0.0, 2.0])
    rows, truth = np.zeros((3, 1), np.float32), np.array([1, 0, 1])
    fitted = fit(module, Rows(rows, truth, batch=2), Rows(rows[:2], truth[:2]), Schedule(1, 0.0))
    (epoch,) = fitted.history
    low, high = 0.126928, 2.126928  # log(1 + e⁻²), and 2 more
    assert epoch.train_loss == pytest.approx((2 * low + high) / 3, abs=1e-5)
    assert epoch.train_accuracy == pytest.approx(2 / 3)
    assert epoch.validation_loss == pytest.approx((low + high) / 2, abs=1e-5)
    assert epoch.validation_accuracy == 0.5


def test_the_rate_falls_along_half_a_cosine(monkeypatch):
    rates = []

    class Spy(torch.optim.AdamW):
        def step(self, *args, **kwargs):
            rates.extend((group["lr"], group["weight_decay"]) for group in self.param_groups)
            return super().step(*args, **kwargs)

    monkeypatch.setattr(torch.optim, "AdamW", Spy)
    fit(layers(), Rows(ROWS[:16], TRUTH[:16], batch=8), JUDGED, Schedule(2, 0.1, penalty=0.3))
    assert [rate for rate, _ in rates] == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], rel=1e-5)
    assert {penalty for _, penalty in rates} == {0.3}


def test_progress_counts_samples_of_all_epochs():
    seen = []
    fit(
        layers(),
        Rows(ROWS[:10], TRUTH[:10], batch=4),
        JUDGED,
        Schedule(2, 0.1),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(4, 20), (8, 20), (10, 20), (14, 20), (18, 20), (20, 20)]


def test_norms_keep_their_statistics_and_dropout_works_while_training():
    modes = []

    class Watched(nn.Sequential):
        def forward(self, x):
            modes.append((self[0].training, self[1].training))
            return super().forward(x)

    module = nn.Sequential(nn.Linear(3, 3), Watched(nn.BatchNorm1d(3), nn.Dropout(0.5)))
    before = weights_of(module)
    fit(module, Rows(ROWS, TRUTH, batch=60), JUDGED, Schedule(1, 0.1))
    after = weights_of(module)
    assert modes == [(False, True), (False, False)]
    for name in ("1.0.running_mean", "1.0.running_var", "1.0.num_batches_tracked"):
        assert torch.equal(after[name], before[name])
    assert not torch.equal(after["1.0.weight"], before["1.0.weight"])


def test_frozen_weights_stay():
    module = layers()
    module[0].requires_grad_(False)
    before = weights_of(module)
    fit(module, CLOUDS, JUDGED, SCHEDULE)
    after = weights_of(module)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"1.weight", "1.bias", "4.weight", "4.bias"}


def test_two_runs_agree_and_another_seed_does_not():
    runs = []
    for seed in (5, 5, 6):
        module = layers()
        history = fit(module, CLOUDS, JUDGED, dataclasses.replace(SCHEDULE, seed=seed)).history
        runs.append((timeless(history), weights_of(module)))
        torch.rand(seed)  # what happens between two runs makes no difference
    assert runs[0][0] == runs[1][0]
    assert same(runs[0][1], runs[1][1])
    assert not same(runs[0][1], runs[2][1])


class Slow:
    def __len__(self):
        return 2

    def epoch(self, number=0):
        for i in range(2):
            time.sleep(0.05)
            yield ROWS[i : i + 1], TRUTH[i : i + 1]


def test_waiting_for_batches_is_told_apart_from_working():
    slow = fit(layers(), Slow(), JUDGED, Schedule(2, 0.1))
    assert slow.waited > 0.5
    assert slow.seconds >= 4 * 0.05
    assert slow.rate > 4 / slow.seconds
    assert fit(layers(), CLOUDS, JUDGED, Schedule(2, 0.1)).waited < 0.5


# Interruptions.


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "checkpoint.pt"


@pytest.fixture(scope="module")
def uninterrupted():
    module = layers()
    return timeless(fit(module, CLOUDS, JUDGED, SCHEDULE).history), weights_of(module)


def interrupt(checkpoint, *, epoch, module=None):
    def stop(one):
        if one.epoch == epoch:
            raise StopError

    with pytest.raises(StopError):
        fit(module or layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint, on_epoch=stop)


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


def test_the_best_epoch_before_the_interruption_is_remembered(checkpoint):
    rows = np.eye(2, dtype=np.float32)[np.arange(32) % 2]
    train, judged = Rows(rows, np.arange(32) % 2, 8, 0), Rows(rows, (np.arange(32) + 1) % 2)
    start, schedule, first = [[-1.0, 0.0], [0.0, -1.0]], Schedule(6, 0.08), []
    module = linear(start, [0.0, 0.0])

    def stop(epoch):
        first.append(weights_of(module))
        if epoch.epoch == 5:
            raise StopError

    with pytest.raises(StopError):
        fit(module, train, judged, schedule, checkpoint=checkpoint, on_epoch=stop)
    resumed = linear(start, [0.0, 0.0])
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
        del content["waiting"]
    elif how == "a weight is missing":
        del content["weights"]["0.bias"]
    elif how == "a best weight is missing":
        del content["best"]["4.bias"]
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
        "a best weight is missing",
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


def test_a_checkpoint_runs_no_code(checkpoint):
    class Evil:
        def __reduce__(self):
            return pytest.exit, ("the checkpoint's code was run",)

    torch.save(Evil(), checkpoint)
    assert len(fit(layers(), CLOUDS, JUDGED, SCHEDULE, checkpoint=checkpoint).history) == 4


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


# Answers.


def test_predictions_are_the_logits_in_order():
    module = linear([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]], [0.5, 0.0, -1.0])
    rows = np.array([[1, 0], [0, 1], [2, 2]], np.float32)
    module.train()
    logits, truth = predict(module, Rows(rows, np.array([2, 0, 1]), batch=2))
    assert logits.tolist() == [[1.5, 0.0, 2.0], [2.5, -1.0, -1.0], [6.5, -2.0, 5.0]]
    assert logits.dtype == np.float32
    assert truth.tolist() == [2, 0, 1]


def test_dropout_takes_no_part_in_predictions():
    module = nn.Sequential(nn.Dropout(0.9), linear([[1.0], [2.0]], [0.0, 0.0]))
    module.train()
    rows = np.ones((50, 1), np.float32)
    logits, _ = predict(module, Rows(rows, np.zeros(50, np.intp)))
    assert (logits == [1.0, 2.0]).all()


def test_a_score_is_the_mean_cross_entropy_and_the_share_of_right_answers():
    module = linear([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    rows = np.array([[2, 0], [2, 0], [0, 2], [0, 2]], np.float32)
    loss, accuracy = score(module, Rows(rows, np.array([0, 0, 1, 0]), batch=3))
    assert loss == pytest.approx(0.126928 + 2 / 4, abs=1e-5)
    assert accuracy == 0.75


def test_rows_keep_their_order_without_a_seed():
    batches = list(Rows(ROWS[:5], TRUTH[:5], batch=2).epoch(7))
    assert [truth.tolist() for _, truth in batches] == [[0, 1], [2, 0], [1]]
    assert (np.concatenate([rows for rows, _ in batches]) == ROWS[:5]).all()


def test_rows_with_a_seed_are_shuffled_anew_in_each_epoch_and_alike_in_each_run():
    def epoch(number):
        batches = list(CLOUDS.epoch(number))
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]

    rows, truth = epoch(1)
    assert (rows.argmax(axis=1) == truth).all()
    assert sorted(rows[:, 0]) == sorted(ROWS[:, 0])
    assert (epoch(1)[0] == rows).all()
    assert (epoch(2)[0] != rows).any()
    assert (rows != ROWS).any()


def test_networks_are_trained_on_the_gpu_where_there_is_one():
    assert loop.device().type == ("cuda" if torch.cuda.is_available() else "cpu")
