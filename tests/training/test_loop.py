"""Training learns, keeps its best epoch, and comes out the same each time."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from barkive.training import loop
from barkive.training.batches import Rows
from barkive.training.curves import best_epoch
from barkive.training.loop import Schedule, fit, predict, score
from barkive.training.process_group.group import SINGLE_PROCESS

RNG = np.random.default_rng(0)
TRUTH = np.arange(60) % 3
# Three clouds, far from each other.
ROWS = (4 * np.eye(3)[TRUTH] + RNG.normal(0, 0.3, (60, 3))).astype(np.float32)
CLOUDS = Rows(ROWS, TRUTH, batch=20, seed=3)
JUDGED = Rows(ROWS[:15], TRUTH[:15])
SCHEDULE = Schedule(epochs=4, learning_rate=0.02, penalty=0.01, seed=5)


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


@dataclasses.dataclass
class Slow:
    """Two batches of one sample, for each of which the clock goes on by so many seconds."""

    clock: SimpleNamespace
    seconds: float

    def __len__(self):
        return 2

    def epoch(self, number=0):
        for i in range(2):
            self.clock.now += self.seconds
            yield ROWS[i : i + 1], TRUTH[i : i + 1]


def test_waiting_for_batches_is_told_apart_from_working(monkeypatch):
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(loop, "time", clock)

    class Working(nn.Linear):
        def forward(self, x):
            clock.now += 1.0 if self.training else 0.25
            return super().forward(x)

    fitted = fit(Working(3, 3), Slow(clock, 3.0), JUDGED, Schedule(2, 0.1))
    # Of 16 seconds in all, validation not counted.
    assert fitted.waited == 12 / 16
    assert fitted.seconds == 16 + 2 * 0.25
    assert fitted.rate == 4 / 4


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


# GPUs, of which this machine may have none.


def test_on_a_gpu_convolutions_get_their_channels_last(monkeypatch):
    asked = []

    class Spy(nn.Conv2d):
        def to(self, *args, **kwargs):
            asked.append((*args, *kwargs.values()))
            return self

    monkeypatch.setattr(loop, "device", lambda: torch.device("cuda"))
    loop._Training(Spy(1, 1, 1), CLOUDS, JUDGED, SCHEDULE, None, SINGLE_PROCESS)
    assert asked == [(torch.device("cuda"),), (torch.channels_last,)]


def test_the_weights_end_in_the_order_of_pytorch():
    module = nn.Sequential(nn.Unflatten(1, (3, 1, 1)), nn.Conv2d(3, 3, 3, padding=1), nn.Flatten())
    module.to(memory_format=torch.channels_last)
    assert not module[1].weight.is_contiguous()
    fit(module, CLOUDS, JUDGED, SCHEDULE)
    assert module[1].weight.is_contiguous()
