"""The simulation against what can be reckoned by hand."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("simpy", reason="SimPy is not installed")
FILE = Path(__file__).parents[2] / "benchmarks" / "simulate.py"


@pytest.fixture(scope="module")
def sim() -> Any:
    spec = importlib.util.spec_from_file_location("simulate_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def known(sim: Any) -> Any:
    """A photo takes 10 ms, a window's start 5 s, and nothing else takes time."""
    free = dict.fromkeys(sim.Constants.__dataclass_fields__, 0.0)
    return sim.Constants(**free | {"photo_s": 0.01, "start_s": 5.0, "answer_bytes": 6000.0})


def test_what_it_copies_is_what_the_scan_does(sim: Any) -> None:
    from barkive.batch import ray_engine as ray
    from barkive.catalogue.scan import pipeline

    windows = (ray._WINDOW_OF_A_WORKER, ray._LARGEST_WINDOW)
    assert (ray._BLOCK, *windows) == (sim.BLOCK, sim.WINDOW_OF_A_WORKER, sim.LARGEST_WINDOW)
    assert (pipeline._BATCH, pipeline._BATCH_SECONDS) == (sim.BATCH, sim.BATCH_SECONDS)


def seconds(sim: Any, known: Any, **scenario: Any) -> float:
    outcome = sim.simulate(known, sim.Scenario(**scenario))
    assert outcome.done == scenario["photos"]
    return float(outcome.seconds)


def test_workers_share_the_blocks_of_a_window(sim: Any, known: Any) -> None:
    # 20 blocks of 64: ten a worker, 0.64 s each.
    assert seconds(sim, known, photos=1280, workers=2) == pytest.approx(11.4)
    assert seconds(sim, known, photos=1280, workers=1) == pytest.approx(17.8)


def test_a_window_of_few_photos_has_small_blocks(sim: Any) -> None:
    assert sim.blocks_of(1000, 2) == [64] * 15 + [40]
    assert sim.blocks_of(100, 2) == [12] * 8 + [4]
    assert sim.blocks_of(3, 2) == [1, 1, 1]


def test_what_the_driver_does_before_a_window_leaves_the_workers_idle(sim: Any, known: Any) -> None:
    known = replace(known, plan_s=0.001, pack_s=0.0005)
    # Two windows of 20,000 photos.
    expected = 2 * (20_000 * 0.0015 + 5 + 20_000 * 0.01)
    assert seconds(sim, known, photos=40_000, workers=1) == pytest.approx(expected)


def test_ray_costs_its_share_where_it_is_paid(sim: Any, known: Any) -> None:
    known = replace(known, overhead_s=0.003, driver_s=0.001)
    # The worker pays 2 ms; the driver's 1 ms is hidden behind it, but for the last block.
    expected = 5 + 1280 * 0.012 + 64 * 0.001
    assert seconds(sim, known, photos=1280, workers=1) == pytest.approx(expected)


def test_processes_on_the_same_core_take_turns(sim: Any, known: Any) -> None:
    assert seconds(sim, known, photos=1280, workers=2, cores=1) == pytest.approx(17.8)
    assert seconds(sim, known, photos=1280, workers=2, cores=2) == pytest.approx(11.4)


def test_a_straggler_keeps_the_window_open(sim: Any, known: Any) -> None:
    all_slow = {"stragglers": 1.0, "slowdown": 3.0}
    assert seconds(sim, known, photos=1280, workers=2, **all_slow) == pytest.approx(5 + 19.2)
    some = sim.Scenario(photos=12_800, workers=10, stragglers=0.02, slowdown=50.0)
    # One block alone takes 32 s, where all take 12.8 s without.
    assert sim.simulate(known, some).seconds > 5 + 32


def test_failures_cost_time_and_no_photo(sim: Any, known: Any) -> None:
    failing = sim.Scenario(photos=12_800, workers=4, hours_to_failure=10 / 3600)
    outcome = sim.simulate(known, failing)
    assert outcome.done == 12_800
    assert outcome.again > 0
    assert outcome.seconds > 5 + 12_800 * 0.01 / 4


def test_a_database_that_is_too_slow_holds_the_workers_back(sim: Any, known: Any) -> None:
    # It writes 100 photos a second; 32 workers do 3,200. The store holds 10 blocks.
    known = replace(known, write_photo_s=0.01, answer_bytes=sim.STORE_BYTES / 64 / 10)
    outcome = sim.simulate(known, sim.Scenario(photos=12_800, workers=32))
    assert outcome.done == 12_800
    assert outcome.writing == pytest.approx(128)
    assert 128 < outcome.seconds < 128 + 5 + 1
    assert outcome.waiting == 10


def test_scans_of_one_catalogue_share_its_writer(sim: Any, known: Any) -> None:
    known = replace(known, write_photo_s=0.01)
    several = sim.Scenario(photos=12_800, workers=32, scans=4)
    outcome = sim.simulate(known, several)
    assert outcome.done == 12_800
    assert 128 < outcome.seconds < 128 + 5 + 3


def test_of_a_long_scan_some_windows_are_simulated(sim: Any, known: Any) -> None:
    outcome = sim.simulate(known, sim.Scenario(photos=1e10, workers=2))
    assert outcome.done == 3 * 40_000
    assert outcome.rate == pytest.approx(40_000 / (5 + 200), rel=0.01)


def test_the_same_seed_gives_the_same_figures(sim: Any, known: Any) -> None:
    known = replace(known, spread=0.2)
    scenario = sim.Scenario(photos=6400, workers=4, stragglers=0.1)
    one, two, other = (sim.simulate(known, scenario, seed) for seed in (1, 1, 2))
    assert one == two
    assert one.seconds != other.seconds


def test_the_check_tells_by_how_much_it_is_off(
    sim: Any, known: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim.check(known, {"photos": 1280, "seconds": 12.0}, 0) == pytest.approx(12 / 11.4 - 1)
    assert "measured 106.7, simulated 112.3, +5.3%" in capsys.readouterr().out
