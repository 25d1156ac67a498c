"""Simulates a scan on a cluster of any size from what `benchmarks/scale.py` measured.

    python benchmarks/scale.py --json FILE
    python benchmarks/simulate.py --constants FILE [--seed N]

A discrete simulation of the steps of a scan with Ray (SimPy): the driver lists a window of
photos, leaves out what is known and packs the rest; the window's workers start; each takes
blocks of 64 photos, reads, decodes and judges them; the driver unpacks their answers and writes
them in batches of 256, or of what there is after a second, one writer at a time for all scans of
a catalogue. While it writes it takes no answers, and when as many wait as the object store
holds, the workers wait too. A worker may fail in the middle of a block, which is then done anew,
and a block may be a straggler. The window ends with its last block.

First the scan with two workers that was measured is simulated, its cores shared by workers,
driver and database as they were there, and compared. Nothing in the simulation was fitted to that
scan. Then come scenarios on clusters, where the driver has a machine of its own. Of each scan some
windows are simulated, and what they took holds for all others: the windows of a scan differ
by chance alone. The same seed gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import simpy

# As in `barkive.batch.ray_engine` and `barkive.catalogue.scan.pipeline`.
BLOCK, WINDOW_OF_A_WORKER, LARGEST_WINDOW = 64, 20_000, 500_000
BATCH, BATCH_SECONDS = 256, 1.0
WINDOWS = 3
"""How many are simulated of a scan at most."""
STORE_BYTES = 2**30
"""What answers that wait may take of Ray's object store."""
SLICE = 0.01
SIZES = (1e6, 1e8, 1e10)
ALLOWED = 0.15
"""By how much the simulated rate may be off the measured one."""

Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True, slots=True)
class Constants:
    """What `benchmarks/scale.py` measured; seconds, of one core where nothing else is said.

    Attributes:
        photo_s: To read, decode and judge a photo.
        decode_share: What reading and decoding are of that, 0..1.
        spread: The standard deviation of a block's seconds, as a share of their mean.
        idle_share: Of a head node's core, what Ray uses even without work, 0..1: a worker's bound.
        overhead_s: What Ray costs a photo besides in all its processes, the driver's included.
        driver_s: What it costs a photo in the driver's process.
        pack_s: To pack a photo for its way, before the window's workers start.
        start_s: From packed photos to workers that work; passing time.
        plan_s: To list a photo, look at its file, and look it up in the catalogue.
        write_fixed_s: To write a batch, whatever its size.
        write_photo_s: And for each photo in it.
        answer_bytes: Of a photo on its way back.
    """

    photo_s: float
    decode_share: float
    spread: float
    idle_share: float
    overhead_s: float
    driver_s: float
    pack_s: float
    start_s: float
    plan_s: float
    write_fixed_s: float
    write_photo_s: float
    answer_bytes: float

    @property
    def block_s(self) -> float:
        """Of a worker, for a block."""
        own = self.photo_s + max(0.0, self.overhead_s - self.driver_s)
        return BLOCK * own / (1 - self.idle_share)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A catalogue's scan, or several at once.

    Attributes:
        photos: In all.
        workers: In all; each scan has as many as the others.
        scans: At once, of equal parts of the photos, into one catalogue.
        stragglers: The share of blocks that take `slowdown` times as long, 0..1.
        slowdown: At least 1.
        hours_to_failure: Of one worker, on average.
        writing: How many times as long the database takes as was measured.
        cores: That everything shares; None where the driver and each worker have their own.
    """

    photos: float
    workers: int
    scans: int = 1
    stragglers: float = 0.0
    slowdown: float = 10.0
    hours_to_failure: float = math.inf
    writing: float = 1.0
    cores: int | None = None


@dataclass(slots=True)
class Outcome:
    """What a simulation counted, over all its scans.

    Attributes:
        done: Photos written.
        seconds: That passed.
        working: Seconds that workers worked, in all.
        driving: Seconds that drivers were busy, in all, but for writing.
        writing: Seconds that the database wrote.
        again: Blocks that were begun anew.
        waiting: The most blocks that waited for a driver.
    """

    done: int = 0
    seconds: float = 0.0
    working: float = 0.0
    driving: float = 0.0
    writing: float = 0.0
    again: int = 0
    waiting: int = 0

    @property
    def rate(self) -> float:
        """Photos a second."""
        return self.done / self.seconds


@dataclass(slots=True)
class Site:
    """What all scans of a simulation share."""

    constants: Constants
    scenario: Scenario
    rng: np.random.Generator
    env: simpy.Environment = field(default_factory=simpy.Environment)
    outcome: Outcome = field(default_factory=Outcome)
    writer: simpy.Resource = field(init=False)
    cores: simpy.Resource | None = field(init=False)

    def __post_init__(self) -> None:
        """Makes what is waited for."""
        self.writer = simpy.Resource(self.env, 1)
        shared = self.scenario.cores
        self.cores = simpy.Resource(self.env, shared) if shared else None

    def work(self, seconds: float) -> Steps:
        """Uses a core for some time: one of its own, or in turns with all others."""
        if self.cores is None:
            yield self.env.timeout(seconds)
            return
        while seconds > 0:
            with self.cores.request() as turn:
                yield turn
                yield self.env.timeout(min(SLICE, seconds))
            seconds -= SLICE

    def drive(self, seconds: float) -> Steps:
        """Has a driver work."""
        self.outcome.driving += seconds
        yield from self.work(seconds)

    def write(self, photos: int) -> Steps:
        """Writes a batch, when all before it are written."""
        if not photos:
            return
        known = self.constants
        seconds = known.write_fixed_s + photos * known.write_photo_s
        with self.writer.request() as turn:
            yield turn
            self.outcome.writing += seconds * self.scenario.writing
            yield from self.work(seconds * self.scenario.writing)
        self.outcome.done += photos


def scan(site: Site, workers: int, photos: int) -> Steps:
    """The driver of a scan."""
    known, window = site.constants, window_of(workers)
    batch, written = 0, site.env.now
    while photos > 0:
        size = min(window, photos)
        photos -= size
        yield from site.drive(size * (known.plan_s + known.pack_s))
        yield site.env.timeout(known.start_s)
        blocks, answers = simpy.Store(site.env), simpy.Store(site.env, room(known))
        parts = blocks_of(size, workers)
        blocks.items.extend(parts)
        team = [site.env.process(work(site, blocks, answers)) for _ in range(workers)]
        for _ in parts:
            site.outcome.waiting = max(site.outcome.waiting, len(answers.items))
            block = yield answers.get()
            yield from site.drive(block * known.driver_s)
            batch += block
            if batch >= BATCH or site.env.now - written >= BATCH_SECONDS:
                yield from site.write(batch)
                batch, written = 0, site.env.now
        for worker in team:
            worker.interrupt()
    yield from site.write(batch)


def work(site: Site, blocks: simpy.Store, answers: simpy.Store) -> Steps:
    """A worker, until its window ends."""
    known, scenario, rng = site.constants, site.scenario, site.rng
    usual_s = known.block_s / BLOCK
    # Of the lognormal distribution that has the measured spread around a mean of 1.
    variance = math.log1p(known.spread**2)
    try:
        while True:
            block = yield blocks.get()
            seconds = block * usual_s * rng.lognormal(-variance / 2, math.sqrt(variance))
            if rng.random() < scenario.stragglers:
                seconds *= scenario.slowdown
            until = 3600 * scenario.hours_to_failure * rng.exponential()
            site.outcome.working += min(seconds, until)
            yield from site.work(min(seconds, until))
            if until < seconds:
                site.outcome.again += 1
                yield site.env.timeout(known.start_s)
                yield blocks.put(block)
                continue
            yield answers.put(block)
    except simpy.Interrupt:
        return


def window_of(workers: int) -> int:
    """Photos of a window."""
    return min(WINDOW_OF_A_WORKER * workers, LARGEST_WINDOW)


def blocks_of(photos: int, workers: int) -> list[int]:
    """The sizes of a window's blocks."""
    size = max(1, min(BLOCK, photos // (4 * workers)))
    whole, rest = divmod(photos, size)
    return [size] * whole + [rest] * (rest > 0)


def room(known: Constants) -> int:
    """Blocks of answers that the object store holds."""
    return max(1, int(STORE_BYTES / (BLOCK * known.answer_bytes)))


def simulate(constants: Constants, scenario: Scenario, seed: int = 0) -> Outcome:
    """Simulates scans whole, or as many windows of each as `WINDOWS`.

    Args:
        constants: As measured.
        scenario: What is scanned, and with what.
        seed: Of all that is left to chance.

    Returns:
        Counts of the windows simulated; `done` may be less than all photos.
    """
    site = Site(constants, scenario, np.random.default_rng(seed))
    workers = scenario.workers // scenario.scans
    each = math.ceil(scenario.photos / scenario.scans)
    photos = min(each, WINDOWS * window_of(workers))
    scans = [site.env.process(scan(site, workers, photos)) for _ in range(scenario.scans)]
    site.env.run(simpy.AllOf(site.env, scans))
    site.outcome.seconds = site.env.now
    return site.outcome


def check(known: Constants, measured: dict[str, float], seed: int) -> float:
    """Simulates the scan that was measured, and gives by how much its rate is off, as a share."""
    here = Scenario(photos=measured["photos"], workers=2, cores=2)
    simulated, real = simulate(known, here, seed).rate, measured["photos"] / measured["seconds"]
    off = simulated / real - 1
    print(
        f"{measured['photos']:,.0f} photos with two workers on two cores, photos a second: "
        f"measured {real:.1f}, simulated {simulated:.1f}, {off:+.1%} (allowed: {ALLOWED:.0%})"
    )
    return off


def limit(outcome: Outcome, scenario: Scenario) -> str:
    """The shares of the time in which each part is busy, and the busiest part.

    A driver waits while its batch is written, so writing counts for it as well.
    """
    shares = {
        "workers": outcome.working / (scenario.workers * outcome.seconds),
        "driver": (outcome.driving + outcome.writing) / (scenario.scans * outcome.seconds),
        "database": outcome.writing / outcome.seconds,
    }
    busiest = max(shares, key=lambda name: shares[name])
    return "".join(f"{share:10.0%}" for share in shares.values()) + f"  {busiest:10}"


def told(name: str, known: Constants, scenario: Scenario, seed: int) -> None:
    """Prints a line of a table."""
    outcome = simulate(known, scenario, seed)
    print(
        f"{name:38}{outcome.rate:10,.0f}"
        + "".join(f"{photos / outcome.rate / 3600:12,.1f}" for photos in SIZES)
        + limit(outcome, scenario)
        + f"{outcome.again:6}{outcome.waiting:8}"
    )


HEADER = f"{'':38}{'photos/s':>10}" + "".join(f"{f'h, {n:.0e}':>12}" for n in SIZES)
HEADER += f"{'workers':>10}{'driver':>10}{'database':>10}  {'busiest':10}{'again':>6}{'waiting':>8}"


def main() -> None:
    """Checks the simulation, and prints the scenarios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--constants", type=Path, required=True, help="of scale.py --json")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    figures = json.loads(options.constants.read_text())
    known, seed = Constants(**figures["constants"]), options.seed
    if abs(check(known, figures["measured"], seed)) > ALLOWED:
        print("The simulation does not fit; what follows may not hold.")

    print(f"\none scan, its workers\n{HEADER}")
    for workers in (2, 8, 32, 64, 128, 1000):
        told(f"{workers}", known, Scenario(SIZES[-1], workers), seed)
    print(f"\nwhat goes wrong\n{HEADER}")
    for workers in (2, 32, 1000):
        plain = Scenario(SIZES[-1], workers)
        slow, stuck = replace(plain, stragglers=0.01), replace(plain, stragglers=0.01, slowdown=100)
        told(f"{workers}, 1 % of blocks 10 times slower", known, slow, seed)
        told(f"{workers}, 1 % of blocks 100 times slower", known, stuck, seed)
        for hours in (24, 1):
            failing = replace(plain, hours_to_failure=hours)
            told(f"{workers}, each fails every {hours} h", known, failing, seed)
    print(f"\n1000 workers, into one catalogue\n{HEADER}")
    for scans in (1, 2, 4, 8, 16):
        told(f"{scans} scans", known, Scenario(SIZES[-1], 1000, scans), seed)
    for times in (0.5, 2, 4):
        slow = Scenario(SIZES[-1], 1000, 8, writing=times)
        told(f"8 scans, writing takes {times} times", known, slow, seed)


if __name__ == "__main__":
    main()
