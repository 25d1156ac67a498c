"""Reaches a Ray cluster, and asks its machines whether they can work."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from barkive.batch import worker
from barkive.catalogue import own_versions
from barkive.errors import ClusterError, MissingExtraError, system_reason
from barkive.messages import Message

_log = logging.getLogger(__name__)

_PORT = 6379
_REACH_SECONDS = 5.0
_ANSWER_SECONDS = 120.0


def connect(address: str | None) -> ModuleType:
    """Joins a cluster, or starts one on this machine: see `RayEngine`.

    Returns:
        Ray itself.

    Raises:
        ClusterError: It can't be reached.
        MissingExtraError: Ray is not installed.
    """
    # Ray would send how it is used to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("ray", "purpose_cluster_scan") from None
    address = address or os.environ.get("RAY_ADDRESS")
    if address not in (None, "", "auto", "local"):
        address = _reachable(address)
    try:
        with _standard_error_shut(), _sigterm_kept():
            ray.init(
                address=address or None,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                ignore_reinit_error=True,
            )
    except (ConnectionError, OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise _unusable(address, error) from None
    _silence(ray)
    _log.info("Joined the Ray cluster at %s", address or "this machine")
    return ray


@contextmanager
def _standard_error_shut() -> Iterator[None]:
    """Keeps what Ray's native part says of its own start off the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Leaves SIGTERM to whom it belongs: Ray takes it, and ends the program without a word."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _reachable(address: str) -> str:
    """The address with its port, if something listens there: Ray itself would wait long."""
    if "://" in address:
        raise ClusterError("cluster_address_unusable", address=address)
    host, _, port = address.partition(":")
    if port and not port.isdecimal():
        raise ClusterError("cluster_address_malformed", address=address)
    where = f"{host}:{port or _PORT}"
    try:
        with socket.create_connection((host, int(port or _PORT)), timeout=_REACH_SECONDS) as line:
            is_ray = _uses_tls() or _speaks_grpc(line)
    except (OSError, OverflowError) as error:
        why = system_reason(error) if isinstance(error, OSError) else error
        raise ClusterError("cluster_unreachable", address=where, reason=why) from None
    if not is_ray:
        raise ClusterError("cluster_not_ray", address=where, port=_PORT)
    return where


def _uses_tls() -> bool:
    """Whether Ray is told to encrypt; a head that does is silent to what is not encrypted."""
    return os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true")


def _speaks_grpc(line: socket.socket) -> bool:
    """Whether what is at the other end begins as an HTTP/2 server does (RFC 9113, section 3.4).

    Ray would wait for minutes for one that says nothing.
    """
    empty_settings = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + empty_settings)
    try:
        frame = line.recv(9)
    except TimeoutError:
        return False
    return len(frame) > 3 and frame[3] == 4


def _unusable(address: str | None, error: Exception) -> ClusterError:
    if address == "auto":
        return ClusterError("cluster_not_running")
    if not address:
        return ClusterError("cluster_own_unusable", reason=reason(error))
    return ClusterError("cluster_unusable", address=address, reason=reason(error))


def _silence(ray: ModuleType) -> None:
    """Leaves standard error to the progress of the scan; Ray's own logs have everything."""
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # A block that is lost is told of by what does not come back.
    context.max_errored_blocks = -1


def machines() -> list[dict[str, Any]]:
    """The machines of the cluster that are alive."""
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in nodes if node["Alive"]]


def share_of_processors() -> int:
    """The processors that each GPU can have, on the machine where that is the fewest."""
    shares = [
        int(node["Resources"].get("CPU", 0) // node["Resources"]["GPU"])
        for node in machines()
        if node["Resources"].get("GPU")
    ]
    return max(1, min(shares, default=1))


def check_machines(digest: str, arguments: worker.Arguments, kind: str) -> None:
    """Sees that every machine with processors of a kind judges as this one does.

    It has the same versions of all that decides on a verdict, opens the bundle, and answers.

    Raises:
        ClusterError: One does not.
    """
    own = own_versions()
    for host, (there, its_digest) in _ask_all(worker.probe, arguments, kind):
        if there != own:
            names = [name for name in own | there if own.get(name) != there.get(name)]
            raise ClusterError(
                "cluster_versions_differ",
                machine=host,
                its_versions=_told(there, names),
                own_versions=_told(own, names),
            )
        if its_digest != digest:
            raise ClusterError("cluster_model_differs", machine=host)


def _told(versions: Mapping[str, str], names: Sequence[str]) -> list[str | Message]:
    return [
        f"{name} {versions[name]}"
        if name in versions
        else Message("cluster_package_missing", {"package": name})
        for name in names
    ]


def blind_machines(path: str) -> list[str]:
    """The machines that do not have a file."""
    return [host for host, there in _ask_all(worker.sees, path, "CPU") if not there]


def _ask_all(question: Callable[[Any], Any], argument: Any, kind: str) -> list[tuple[str, Any]]:
    """The answer of every machine that has processors of a kind, with its name.

    A machine that goes away meanwhile is left out: the work goes on without it.

    Raises:
        ClusterError: A machine can't answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    asked = []
    # So little that a busy machine answers as well; without any, a task sees no GPU.
    share = {"num_cpus": 0, "num_gpus": 0.001 if kind == "GPU" else 0}
    for node in (one for one in machines() if one["Resources"].get(kind)):
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task = ray.remote(question).options(scheduling_strategy=there, **share)
        asked.append((node["NodeManagerHostname"], node["NodeID"], task.remote(argument)))
    answers = []
    for host, number, answer in asked:
        try:
            answers.append((host, ray.get(answer, timeout=_ANSWER_SECONDS)))
        except ray.exceptions.RayError as error:
            if any(node["NodeID"] == number for node in machines()):
                raise ClusterError(
                    "cluster_machine_unfit", machine=host, reason=reason(error)
                ) from None
    return answers


def reason(error: BaseException) -> str:
    """What an error of Ray's says, in one line: that of the worker where there is one."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    # A worker's traceback ends with what went wrong; Ray's own words end with advice.
    return lines[-1 if "ray::" in text or "Traceback" in text else 0].rstrip(".")
