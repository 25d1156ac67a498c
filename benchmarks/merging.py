"""Measures a merge of large catalogues that share half of their pictures.

    python benchmarks/merging.py FOLDER [PICTURES] [POSTGRESQL-URL]

Both catalogues have that many pictures, a million by default, and a word on each; FOLDER takes
about a gigabyte a million. With a URL the first one is there, and else in FOLDER.
"""

import resource
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from barkive.catalogue import Catalogue
from barkive.catalogue.db import schema
from barkive.catalogue.db.database import Database

_AT_ONCE = 10_000
_START = datetime(2026, 1, 1)
_EMPTY = {"status": "dog", "corrected": False, "words": "", "added_at": _START}


def fill(where: str | Path, first: int, pictures: int, offset: int) -> None:
    """Makes a catalogue of pictures that is filled without any photo."""
    with closing(Database(where)) as database:
        for start in range(first, first + pictures, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, first + pictures))
            contents = [
                {"sha256": n.to_bytes(32, "big"), "picture": offset + n, "coded": None}
                for n in numbers
            ]
            photos = [
                {"number": offset + n, "picture": offset + n, "path": f"/photos/{n}.jpg"}
                | _EMPTY
                | {"sha256": n.to_bytes(32, "big")}
                for n in numbers
            ]
            words = [
                {"picture": offset + n, "sha256": n.to_bytes(32, "big"), "kind": "breed"}
                | {"breed": "n02110958" if offset else "n02085620", "was": "uncertain"}
                | {"said_at": _START + timedelta(seconds=n + offset % 7)}
                for n in numbers
            ]
            with database.write() as connection:
                connection.execute(insert(schema.content), contents)
                connection.execute(insert(schema.photo), photos)
                connection.execute(insert(schema.correction), words)


def main() -> None:
    """Prints how long each takes, and the memory at its peak so far."""
    folder = Path(sys.argv[1])
    pictures = int(sys.argv[2]) if len(sys.argv) > 2 else 10**6
    own = sys.argv[3] if len(sys.argv) > 3 else str(folder / "own.sqlite")
    other = folder / "other.sqlite"
    fill(own, 1, pictures, 10**11)
    fill(other, 1 + pictures // 2, pictures, 0)
    with Catalogue(own) as catalogue:
        for what in ("dry run", "merge", "merge again", "undo"):
            start = time.perf_counter()
            if what == "undo":
                done: object = catalogue.undo_merge()
            else:
                done = catalogue.merge(other, dry_run=what == "dry run")
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(
                f"{what}: {seconds:.1f} s, {pictures / seconds:.0f} pictures/s, {peak} MB; {done}"
            )


main()
