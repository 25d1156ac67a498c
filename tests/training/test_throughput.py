"""Where the time goes, and what limits, in words."""

from types import SimpleNamespace

import pytest

from barkive.training import throughput
from barkive.training.process_group.group import ProcessGroup, use_group
from barkive.training.throughput import Times, describe_bottleneck, log_feature_rate, slowest


def test_times_add_up():
    assert Times(1, 2, 3).plus(Times(10, 20, 30)) == Times(11, 22, 33)
    assert Times(1, 2, 3).all == 6
    assert Times().all > 0


def test_of_several_processes_those_count_that_the_others_wait_for():
    # The first waits 3 seconds for its photos; the second spends them waiting for it.
    assert slowest([Times(3, 5, 0.5), Times(0, 5, 3.5)]) == Times(3, 5, 0.5)


@pytest.mark.parametrize(
    ("waited", "exchanged", "said"),
    [
        (0.004, 0.0, "The network limits: it waited for photos 0.4% of the time."),
        (0.099, 0.099, "The network limits: it waited for photos 9.9% of the time."),
        (
            0.34,
            0.2,
            "The loader limits: the network waited for photos 34.0% of the time; more cores or "
            "less augmentation would help.",
        ),
        (
            0.02,
            0.4,
            "The exchange between the processes limits: it took 40.0% of the time; larger batches "
            "or fewer processes would help.",
        ),
    ],
)
def test_the_bottleneck_is_said(waited, exchanged, said):
    assert describe_bottleneck(500, 400, waited, exchanged) == said


@pytest.mark.parametrize(("exchanged", "limits"), [(0.4, "exchange"), (0.09, "network")])
def test_of_a_frozen_network_the_exchange_may_limit_too(exchanged, limits):
    assert limits in describe_bottleneck(500, 100, None, exchanged).partition("limits")[0]


def test_of_a_frozen_network_the_rates_tell():
    assert describe_bottleneck(500, 100, None) == (
        "The network limits: it takes 20% of what the loader can give."
    )
    assert (
        describe_bottleneck(500, 460, None)
        == "The loader limits: the network takes all that it gives."
    )


class FourThreads(ProcessGroup):
    threads = 4


@pytest.mark.parametrize(
    ("seconds", "used", "said"),
    [
        (9.0, 36.0, []),
        (
            *(20.0, 76.0),
            [
                "The features of 300 photos took 20 seconds, 15 photos a second. "
                "The processor limits: 95% of it were in use; more cores would help."
            ],
        ),
        (
            *(20.0, 20.0),
            [
                "The features of 300 photos took 20 seconds, 15 photos a second. Reading the "
                "photos limits, or other programs do: 25% of the processor were in use."
            ],
        ),
    ],
)
def test_the_bottleneck_of_features_is_said_where_they_take_long(monkeypatch, seconds, used, said):
    clocks = {"perf_counter": iter([0.0, seconds]), "process_time": iter([0.0, used])}
    monkeypatch.setattr(
        throughput,
        "time",
        SimpleNamespace(**{name: clock.__next__ for name, clock in clocks.items()}),
    )
    told = []
    with use_group(FourThreads()), log_feature_rate(300, told.append):
        pass
    assert told == said
