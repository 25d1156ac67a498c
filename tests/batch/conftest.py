"""A real cluster of two machines on this one, and photos for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
# As Ray will have it soon; without it, it warns.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# Its processes would starve beside other tests.
os.environ.setdefault("RAY_worker_niceness", "0")
_MACHINE = {"num_cpus": 1, "object_store_memory": 100 * 2**20}


@pytest.fixture(scope="package")
def machines(s3: str) -> Iterator[Any]:
    """A Ray cluster of two machines with one processor each; the store of `s3` is known there."""
    utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")
    head = {**_MACHINE, "include_dashboard": False}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(**_MACHINE)
    yield cluster
    cluster.shutdown()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which Ray has taken for itself


@pytest.fixture
def two_machines(machines: Any) -> Any:
    """The cluster with both of its machines."""
    while len(machines.worker_nodes) < 1:
        machines.add_node(**_MACHINE)
    machines.wait_for_nodes()
    return machines


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 photos of 2,000 colours, of which 100 are broken."""
    folder = tmp_path_factory.mktemp("many")
    for i in range(2000):
        path = folder / f"{i // 200:02}" / f"{i:04}.png"
        path.parent.mkdir(exist_ok=True)
        colour = (i % 250 + 5, (i * 7) % 256, i // 10)
        Image.fromarray(np.full((12, 16, 3), colour, np.uint8)).save(path)
        if i % 20 == 19:
            path.write_bytes(path.read_bytes()[:40])
        os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
    return folder
