"""How long the request for a contact sheet waits, and how long the sheet takes.

    python benchmarks/sheet.py [--photos N] [--against CHECKOUT]

Makes photos of 500 x 375, catalogues them without a network, and asks the server for a sheet of
all of them. Prints the seconds until the request was answered, until the sheet was written, and
until the answer of a second visitor who asks for the page of photos meanwhile. With --against the
same of another checkout of Barkive, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from starlette.testclient import TestClient

from barkive.catalogue import Catalogue
from barkive.web import Settings, create_app
from scan import Nothing, make_distinct

SHEET = {"as": "contact-sheet"}


def measure(file: Path) -> None:
    """Prints the seconds."""
    with TestClient(create_app(Settings(catalogue=file)), base_url="http://127.0.0.1") as server:
        start = time.perf_counter()
        page: list[float] = []

        def look() -> None:
            time.sleep(0.5)
            begun = time.perf_counter()
            server.get("/photos")
            page.append(time.perf_counter() - begun)

        visitor = threading.Thread(target=look)
        visitor.start()
        begun = server.post("/api/v1/export", params=SHEET)
        if begun.status_code == 405:  # an older one, which holds the request until it is written
            server.get("/api/v1/export", params=SHEET)
            answered = written = time.perf_counter() - start
        else:
            answered = time.perf_counter() - start
            server.get(f"{begun.headers['location']}/events")
            written = time.perf_counter() - start
        visitor.join()
    print(f"answered after {answered:.2f} s, written after {written:.1f} s; ", end="")
    print(f"the page of photos meanwhile: {page[0]:.2f} s")


def main() -> None:
    """Measures one checkout, or two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_distinct(folder / "photos", options.photos)
        with Catalogue(folder / "c.sqlite") as catalogue:
            catalogue.scan(folder / "photos", classifier=Nothing(dogs=False))
        here = Path(__file__).parents[1]
        for checkout in (options.against.resolve(), here) if options.against else (here,):
            environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
            command = [sys.executable, __file__, "--measure", str(folder / "c.sqlite")]
            print(checkout, end=": ", flush=True)
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
