"""How much of `Classifier.predict` is left when photos come over HTTP.

    python benchmarks/serve.py [--photos N] [--seconds S] [--rounds R] [--model FILE]
        [--other CHECKOUT] [--clients N ...]

Makes its own photos of 500 x 375, starts `barkive serve` as it is, and with `--other` that of
another checkout as well. Then in each round it judges the photos from a folder with
`Classifier.predict`, and loads `POST /api/v1/identify` of each server from another process with
1, 8 and 64 clients, each of which sends the next photo as soon as it has an answer. All processes
share the cores of the machine. Prints for each server and number of clients, as the median of the
rounds,

    photos a second, their share of `predict` in the same round, the median and the 99th
    percentile of the time from sending to the answer, in milliseconds, the server's peak memory in
    MB, and how many answers were missing or wrong (none may be).

At the end of each round 512 clients connect at once. That shows what overload does: how many are
answered, how many are told to come back, how long the longest of these had to wait for that from
before it connected, and whether the next request is answered.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from barkive.classifier import Classifier
from identify import make_folder

CLIENTS = (1, 8, 64)
CROWD = 512
SIZE = (500, 375)


@dataclass
class Load:
    """What the clients of one load saw."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0


class Connection:
    """A connection that is kept, on which photos are sent as the bodies of requests."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """Sends a photo, and waits for the answer: its status and its body."""
        self._socket.sendall(
            b"POST /api/v1/identify?top=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._received()
        head, _, content = answer.partition(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(content) < length:
            content += self._received()
        return int(head.split()[1]), content

    def _received(self) -> bytes:
        piece = self._socket.recv(1 << 16)
        if not piece:
            raise ConnectionError
        return piece

    def close(self) -> None:
        """Ends it."""
        self._socket.close()


def at_once(clients: int, client: Callable[[], None]) -> None:
    """Runs clients in threads that begin together."""
    start = threading.Barrier(clients)

    def one() -> None:
        start.wait()
        client()

    threads = [threading.Thread(target=one) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def load(port: int, photos: list[bytes], expected: list[str], clients: int, seconds: float) -> Load:
    """Has so many clients ask for so long."""
    seen, end = Load(), time.perf_counter() + seconds
    turn = iter(range(10**9))

    def client() -> None:
        connection = Connection(port)
        while time.perf_counter() < end:
            i = next(turn) % len(photos)
            start = time.perf_counter()
            status, answer = connection.ask(photos[i])
            seen.milliseconds.append(1000 * (time.perf_counter() - start))
            seen.statuses[status] += 1
            if status == 200 and said(json.loads(answer)[0]) != expected[i]:
                seen.wrong += 1
        connection.close()

    at_once(clients, client)
    return seen


def crowd(port: int, photo: bytes) -> tuple[Counter[str], float]:
    """All at once, once: the statuses, and the longest wait for a refusal in milliseconds."""
    statuses: Counter[str] = Counter()
    waits = [0.0]

    def client() -> None:
        start = time.perf_counter()
        try:
            connection = Connection(port)
            status, _ = connection.ask(photo)
        except OSError:
            statuses["lost"] += 1
            return
        statuses[str(status)] += 1
        if status == 503:
            waits.append(1000 * (time.perf_counter() - start))
        connection.close()

    at_once(CROWD, client)
    return statuses, max(waits)


def said(verdict: dict[str, object]) -> str:
    """What a verdict says, in one text."""
    return json.dumps([verdict["status"], verdict["breeds"]])


def client_process(port: int, folder: str, expected: str, clients: int, seconds: float) -> None:
    """The other process: prints what its clients saw as JSON."""
    photos = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    if clients == CROWD:
        statuses, longest = crowd(port, photos[0])
        again, _ = Connection(port).ask(photos[0])
        print(json.dumps({"statuses": statuses, "longest": longest, "again": again}))
        return
    seen = load(port, photos, json.loads(Path(expected).read_text()), clients, seconds)
    print(
        json.dumps(
            {
                "milliseconds": seen.milliseconds,
                "statuses": seen.statuses,
                "wrong": seen.wrong,
                "seconds": seconds,
            }
        )
    )


def peak_megabytes(process: int) -> float:
    """The most memory that a process has had; where the system tells."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def start_server(
    folder: Path, model: str | None, checkout: str | None
) -> tuple[subprocess.Popen[str], int]:
    """Starts `barkive serve` with a new catalogue, and gives its port."""
    folder.mkdir()
    command = [sys.executable, "-m", "barkive", "serve", "--port", "0"]
    command += ["--catalogue", str(folder / "c.sqlite"), *(["--model", model] if model else [])]
    environment = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    if checkout is not None:
        environment["PYTHONPATH"] = str(Path(checkout).resolve() / "src")
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stderr is not None
    return server, int(server.stderr.readline().rstrip().rpartition(":")[2])


def rate_of_predict(classifier: Classifier, paths: list[str]) -> float:
    """Photos a second of `Classifier.predict` on files."""
    start = time.perf_counter()
    for _ in classifier.predict(paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def print_load(clients: int, rounds: list[tuple[float, dict[str, Any]]], memory: float) -> None:
    """One line for a number of clients.

    Args:
        clients: How many.
        rounds: What `predict` did in each round, in photos a second, and what the clients saw.
        memory: Of the server, in MB.
    """
    rates = [len(seen["milliseconds"]) / seen["seconds"] for _, seen in rounds]
    shares = [rate / predict for rate, (predict, _) in zip(rates, rounds, strict=True)]
    times = np.concatenate([seen["milliseconds"] for _, seen in rounds])
    answered = sum(seen["statuses"].get("200", 0) for _, seen in rounds)
    lost = len(times) - answered + sum(seen["wrong"] for _, seen in rounds)
    print(
        f"  {clients:3} clients: {np.median(rates):4.0f} photos/s, {np.median(shares):.0%} "
        f"({min(shares):.0%} to {max(shares):.0%}) of predict, median {np.median(times):.1f} ms, "
        f"99th percentile {np.percentile(times, 99):.0f} ms, {memory:.0f} MB, {lost} lost or wrong"
    )


def print_crowds(rounds: list[dict[str, Any]], memory: float) -> None:
    """A line for each time that all came at once."""
    for seen in rounds:
        statuses = seen["statuses"]
        print(
            f"  {CROWD} at once: {statuses.get('200', 0)} answered, {statuses.get('503', 0)} told "
            f"to come back after at most {seen['longest']:.0f} ms, {statuses.get('lost', 0)} lost; "
            f"the next: {seen['again']}; {memory:.0f} MB"
        )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model")
    parser.add_argument("--other", help="a checkout whose server is loaded in turn with this one")
    parser.add_argument("--clients", type=int, nargs="+", default=[*CLIENTS, CROWD])
    parser.add_argument("--client", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        port, folder, expected, clients, seconds = options.client
        client_process(int(port), folder, expected, int(clients), float(seconds))
        return
    checkouts = {"this checkout": None} | ({options.other: options.other} if options.other else {})
    predicts: list[float] = []
    seen: dict[tuple[str, int], list[tuple[float, dict[str, Any]]]] = {}
    memory: dict[tuple[str, int], float] = {}
    servers: dict[str, tuple[subprocess.Popen[str], int]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        paths = make_folder(work / "photos", SIZE, options.photos)
        classifier = Classifier(options.model)
        expected = [said(dict(v.to_json())) for v in classifier.predict(paths, top=1)]
        (work / "expected.json").write_text(json.dumps(expected))
        try:
            for i, (name, checkout) in enumerate(checkouts.items()):
                servers[name] = start_server(work / str(i), options.model, checkout)
            for _ in range(options.rounds):
                predicts.append(rate_of_predict(classifier, paths))
                for clients in options.clients:
                    for name, (server, port) in servers.items():
                        command = [sys.executable, __file__, "--client", str(port)]
                        command += [str(work / "photos"), str(work / "expected.json")]
                        command += [str(clients), str(options.seconds)]
                        result = subprocess.run(
                            command, stdout=subprocess.PIPE, text=True, check=True
                        )
                        said_by = json.loads(result.stdout)
                        seen.setdefault((name, clients), []).append((predicts[-1], said_by))
                        memory[name, clients] = peak_megabytes(server.pid)
        finally:
            for server, _ in servers.values():
                server.terminate()
                server.wait()
    print(f"Classifier.predict: {np.median(predicts):.0f} photos/s")
    for name in servers:
        print(name)
        for clients in options.clients:
            if clients == CROWD:
                print_crowds([one for _, one in seen[name, clients]], memory[name, clients])
            else:
                print_load(clients, seen[name, clients], memory[name, clients])


if __name__ == "__main__":
    main()
