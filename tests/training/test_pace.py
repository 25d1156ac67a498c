"""Where the time goes, and what limits, in words."""

import pytest

from barkive.training.pace import Times, slowest, what_limits


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
def test_what_limits_is_said(waited, exchanged, said):
    assert what_limits(500, 400, waited, exchanged) == said


def test_of_a_frozen_network_the_rates_tell():
    assert what_limits(500, 100, None) == (
        "The network limits: it takes 20% of what the loader can give."
    )
    assert what_limits(500, 460, None) == "The loader limits: the network takes all that it gives."
