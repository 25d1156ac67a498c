"""Engines that go through photos in processes of their own; of `benchmarks/scale.py`.

A process of its own can be held to some of the machine's cores, with all that it starts, and
every Ray cluster is a new one.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from barkive.bundle import METADATA_KEY, Bundle
from barkive.catalogue import Catalogue
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.scan.engine import Engine, LocalEngine
from barkive.classifier import Classifier

BLOCK = 64
LABELS, CHANNELS = 120, 1280
SETTLING = 8.0


@dataclass(frozen=True, slots=True)
class Throughput:
    """How an engine went through some photos.

    Attributes:
        first: Seconds to the first answer.
        photo: Seconds a photo from the first tenth of them to the last.
        cores_photo: Seconds of processors that a photo takes then, in all processes.
        spread: Of blocks of 64 photos: the standard deviation of their seconds, as a share.
        driver_first: Seconds of a processor that this process has used before the first answer.
        driver_photo: The same for each photo from then on.
    """

    first: float
    photo: float
    cores_photo: float
    spread: float
    driver_first: float
    driver_photo: float


def write_free(path: Path) -> Path:
    """Writes a bundle whose network costs nothing, with outputs of the usual shapes."""
    from onnx import TensorProto, helper, numpy_helper, save

    info = Bundle.open().info
    info = replace(info, preprocessing=replace(info.preprocessing, size=32))
    rng = np.random.default_rng(0)
    constants = {
        "to logits": rng.normal(size=(3, LABELS)).astype(np.float32),
        "to features": rng.random((3, CHANNELS)).astype(np.float32),
        "last": np.array([1]),
        **{"start": np.array([0, 0]), "stop": np.array([32, 32])},
        **{"axes": np.array([1, 2]), "steps": np.array([8, 8])},
    }
    nodes = [
        # Of every eighth pixel alone.
        helper.make_node("Slice", ["pixels", "start", "stop", "axes", "steps"], ["few"]),
        helper.make_node("Cast", ["few"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "to logits"], ["logits"]),
        helper.make_node("MatMul", ["mean", "to features"], ["features"]),
        helper.make_node("ReduceSum", ["mean", "last"], ["dog"], keepdims=0),
    ]
    shapes: dict[str, list[str | int | None]]
    shapes = {"logits": ["n", LABELS], "dog": ["n"], "features": ["n", CHANNELS]}
    graph = helper.make_graph(
        nodes,
        "free",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 32, 32, 3])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, {METADATA_KEY: info.to_metadata()})
    save(model, path)
    return path


@contextmanager
def cluster(workers: int) -> Iterator[str | None]:
    """A Ray cluster on this machine, of nodes of one worker each: its address; None for none."""
    if not workers:
        yield None
        return
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 300 * 2**20}
    head = {**node, "include_dashboard": False}
    running = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(workers - 1):
            running.add_node(**node)
        running.wait_for_nodes()
        # Each node starts agents, which take a core for some seconds.
        time.sleep(SETTLING)
        yield str(running.address)
    finally:
        running.shutdown()  # type: ignore[no-untyped-call]


@contextmanager
def opened(address: str | None, model: Path | None, cores: int) -> Iterator[Engine]:
    """An engine: Ray's at an address, else this machine's."""
    classifier = Classifier(model, threads=cores)
    if address is None:
        yield LocalEngine(classifier)
        return
    from barkive.batch.ray_engine import RayEngine

    with RayEngine(classifier, address=address) as engine:
        yield engine


def used() -> float:
    """Seconds of processors that this process, and all that it has started, have used so far."""
    parents: dict[int | None, int] = {}
    seconds: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = file.read_text().rpartition(")")[2].split()
            number = int(file.parent.name)
            # Its own, and those of its children that have ended.
            parents[number], seconds[number] = int(fields[1]), sum(map(int, fields[11:15]))
    own, total = os.getpid(), 0
    for number, ticks in seconds.items():
        ancestor: int | None = number
        while ancestor not in (own, 0, None):
            ancestor = parents.get(ancestor)
        total += ticks if ancestor == own else 0
    return total / os.sysconf("SC_CLK_TCK")


def go_through(engine: Engine, files: Sequence[str]) -> Throughput:
    """Has an engine judge files, and looks at when the answers come."""
    # The first answers wait for the start, and the last for the worker that is late.
    steady = slice(len(files) // 10, len(files) * 9 // 10)
    moments, cores = [], []
    start, driver = time.perf_counter(), time.process_time()
    for number, _ in enumerate(engine(iter([Reading(file) for file in files]))):
        if number in (steady.start, steady.stop):
            cores.append(used())
        moments.append((time.perf_counter() - start, time.process_time() - driver))
    assert len(moments) == len(files)
    found, numbers = np.array(moments), np.arange(len(files))
    photo, driver_photo = np.polyfit(numbers[steady], found[steady], 1)[0].tolist()
    blocks = np.diff(found[::BLOCK, 0])[1:-1]
    return Throughput(
        first=moments[0][0],
        photo=photo,
        cores_photo=(cores[1] - cores[0]) / (steady.stop - steady.start),
        spread=float(blocks.std() / blocks.mean()) if len(blocks) > 1 else 0.0,
        driver_first=moments[0][1],
        driver_photo=driver_photo,
    )


def photo(measured: Sequence[Throughput]) -> float:
    """Seconds a photo, the least of all rounds."""
    return min(one.photo for one in measured)


def start_of(measured: Sequence[Throughput], workers: int) -> float:
    """Seconds until the workers of a window are at work."""
    return statistics.median(one.first - BLOCK * workers * one.photo for one in measured)


def cores_photo(measured: Sequence[Throughput]) -> float:
    """Seconds of a core a photo, the least of all rounds."""
    return min(one.cores_photo for one in measured)


Work = tuple[Path | None, Sequence[str]]
"""A model, None for the one inside, and files for it."""


def throughputs_of(workers: int, cores: int, works: Sequence[Work]) -> list[Throughput]:
    """In a process of its own: how an engine goes through works, all on the first cores."""
    os.sched_setaffinity(0, range(cores))
    found = []
    with cluster(workers) as address:
        for model, files in works:
            with opened(address, model, cores) as engine:
                found.append(go_through(engine, files))
    return found


def at_rest() -> float:
    """In a process of its own: the share of a core that Ray uses with nothing to do.

    Measured on a cluster of one node, which is the head with its services; a node of workers alone
    uses less, so for these it is an upper bound.
    """
    with cluster(1) as address, opened(address, None, 1):
        time.sleep(SETTLING)
        before, start = used(), time.perf_counter()
        time.sleep(SETTLING)
        return (used() - before) / (time.perf_counter() - start)


def scan_with(workers: int, folder: Path, url: str) -> dict[str, float]:
    """In a process of its own: seconds of a whole scan, and those before its first rows."""
    moments: list[tuple[float, int]] = []
    cores = len(os.sched_getaffinity(0))
    with (
        cluster(workers) as address,
        opened(address, None, cores) as engine,
        Catalogue(url) as catalogue,
    ):
        start = time.perf_counter()

        def note(done: int, total: int | None) -> None:
            moments.append((time.perf_counter() - start, done))

        summary = catalogue.scan(folder, engine=engine, on_progress=note)
        seconds = time.perf_counter() - start
    first = next(moment for moment, done in moments if done)
    return {"photos": summary.new, "seconds": seconds, "first_rows_s": first}


def alone(work: Callable[..., Any], *given: Any) -> Any:
    """What something gives in a process of its own, started anew."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()
