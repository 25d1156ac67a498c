"""How much of `Classifier.predict` is left when photos come over HTTP.

    python benchmarks/serve.py [--photos N] [--seconds S] [--model FILE]

Makes its own photos of 500 x 375, judges them from a folder with `Classifier.predict`, then
starts `barkive serve` as it is and loads `POST /api/v1/identify` from another process with 1, 8
and 64 clients, each of which sends the next photo as soon as it has an answer. All processes
share the cores of the machine. Prints for each number of clients

    photos a second, their share of `predict`, the median and the 99th percentile of the time
    from sending to the answer, in milliseconds, the server's peak memory in MB, and how many
    answers were missing or wrong (none may be).

`predict` is measured before and after, and the better figure counts. At the end 512 clients at
once show what overload does: how many are answered, how many are told to come back, how long
the longest of these had to wait for that, and whether the next request is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

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


async def ask(port: int, body: bytes, connection: tuple | None) -> tuple[int, bytes, tuple]:  # type: ignore[type-arg]
    """Sends a photo as the body of a request, on a connection that is kept."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /api/v1/identify?top=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return int(head.split()[1]), await reader.readexactly(length), (reader, writer)


async def load(
    port: int, photos: list[bytes], expected: list[str], clients: int, seconds: float
) -> Load:
    """Has so many clients ask for so long."""
    seen, end = Load(), time.perf_counter() + seconds
    turn = iter(range(10**9))

    async def client() -> None:
        connection = None
        while time.perf_counter() < end:
            i = next(turn) % len(photos)
            start = time.perf_counter()
            status, answer, connection = await ask(port, photos[i], connection)
            seen.milliseconds.append(1000 * (time.perf_counter() - start))
            seen.statuses[status] += 1
            if status == 200 and said(json.loads(answer)[0]) != expected[i]:
                seen.wrong += 1
        if connection:
            connection[1].close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return seen


async def crowd(port: int, photo: bytes) -> tuple[Counter[int], float]:
    """All at once, once: the statuses, and the longest wait for a refusal in milliseconds."""
    statuses: Counter[int] = Counter()
    longest = 0.0

    async def client() -> None:
        nonlocal longest
        start = time.perf_counter()
        status, _, connection = await ask(port, photo, None)
        connection[1].close()
        statuses[status] += 1
        if status == 503:
            longest = max(longest, 1000 * (time.perf_counter() - start))

    await asyncio.gather(*(client() for _ in range(CROWD)))
    return statuses, longest


def said(verdict: dict[str, object]) -> str:
    """What a verdict says, in one text."""
    return json.dumps([verdict["status"], verdict["breeds"]])


def client_process(port: int, folder: str, expected: str, clients: int, seconds: float) -> None:
    """The other process: prints what its clients saw as JSON."""
    photos = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    if clients == CROWD:
        statuses, longest = asyncio.run(crowd(port, photos[0]))
        again, _, _ = asyncio.run(ask(port, photos[0], None))
        print(json.dumps({"statuses": statuses, "longest": longest, "again": again}))
        return
    seen = asyncio.run(load(port, photos, json.loads(Path(expected).read_text()), clients, seconds))
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


def start_server(folder: Path, model: str | None) -> tuple[subprocess.Popen[str], int]:
    """Starts `barkive serve` with a new catalogue, and gives its port."""
    command = [sys.executable, "-m", "barkive", "serve", "--port", "0"]
    command += ["--catalogue", str(folder / "c.sqlite"), *(["--model", model] if model else [])]
    home = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=home)
    assert server.stderr is not None
    return server, int(server.stderr.readline().rstrip().rpartition(":")[2])


def rate_of_predict(classifier: Classifier, paths: list[str]) -> float:
    """Photos a second of `Classifier.predict` on files."""
    start = time.perf_counter()
    for _ in classifier.predict(paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--model")
    parser.add_argument("--client", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        port, folder, expected, clients, seconds = options.client
        client_process(int(port), folder, expected, int(clients), float(seconds))
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        paths = make_folder(work / "photos", SIZE, options.photos)
        classifier = Classifier(options.model)
        expected = [said(dict(v.to_json())) for v in classifier.predict(paths, top=1)]
        (work / "expected.json").write_text(json.dumps(expected))
        predict = rate_of_predict(classifier, paths)
        server, port = start_server(work, options.model)
        rows = []
        try:
            for clients in (*CLIENTS, CROWD):
                command = [sys.executable, __file__, "--client", str(port), str(work / "photos")]
                command += [str(work / "expected.json"), str(clients), str(options.seconds)]
                result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                rows.append((clients, json.loads(result.stdout), peak_megabytes(server.pid)))
        finally:
            server.terminate()
            server.wait()
        predict = max(predict, rate_of_predict(classifier, paths))
    print(f"Classifier.predict: {predict:.0f} photos/s")
    for clients, seen, memory in rows[:-1]:
        times = np.array(seen["milliseconds"])
        rate = len(times) / seen["seconds"]
        lost = len(times) - seen["statuses"].get("200", 0) + seen["wrong"]
        print(
            f"{clients:3} clients: {rate:4.0f} photos/s, {rate / predict:.0%} of predict, "
            f"median {np.median(times):.0f} ms, 99th percentile {np.percentile(times, 99):.0f} ms, "
            f"{memory:.0f} MB, {lost} lost or wrong"
        )
    _, seen, memory = rows[-1]
    print(
        f"{CROWD} at once: {seen['statuses'].get('200', 0)} answered, "
        f"{seen['statuses'].get('503', 0)} told to come back after at most "
        f"{seen['longest']:.0f} ms; the next: {seen['again']}; {memory:.0f} MB"
    )


if __name__ == "__main__":
    main()
