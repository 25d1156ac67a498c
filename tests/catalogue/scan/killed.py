"""Kills processes that scan and correct, and prints what they had acknowledged, as JSON.

Usage: python killed.py CATALOGUE FOLDER MODEL ROUNDS

Each round forks a process that scans the folder in one thread and corrects its photos in
another, writing to a pipe what is acknowledged, until it is killed at a random moment.
"""

import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from PIL import Image

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Kind, Label
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, ChangedPhotoError

where, folder, model, rounds = sys.argv[1:]
photos = sorted(Path(folder).glob("*.png"))


def work(acknowledge: int) -> None:
    classifier = Classifier(model, threads=1, dogs=False)
    with Catalogue(where) as catalogue, Catalogue(where) as other:
        threading.Thread(
            target=lambda: other.scan(folder, classifier=classifier), daemon=True
        ).start()
        os.write(acknowledge, b"ready\n")
        for i in itertools.count():
            photo = photos[i % len(photos)]
            note = f"{time.time_ns()}"
            # Of the photo, and of a dog in it, in turn.
            box = Box(0.1, 0.1, 0.5, 0.5) if i // len(photos) % 2 else None
            try:
                catalogue.label(photo, Label(Kind.BREED, ("pug",), note=note, box=box))
            except (CatalogueError, ChangedPhotoError):  # not scanned yet
                continue
            finally:
                time.sleep(0.002)  # people pause, so that the scan gets its turn
            os.write(acknowledge, f"{note} {photo.name}\n".encode())


rng = random.Random(0)
acknowledged: dict[str, str] = {}
for _ in range(int(rounds)):
    # So that the scan has something to do in every round.
    for photo in rng.sample(photos, 3):
        colour = (rng.randrange(250), rng.randrange(250), 40)
        Image.new("RGB", (40, 30), colour).save(photo)
        # Another picture, of which nobody spoke.
        acknowledged.pop(photo.name, None)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        work(write)
    os.close(write)
    with os.fdopen(read, encoding="ascii") as lines:
        assert next(lines) == "ready\n"
        threading.Timer(rng.uniform(0, 0.6), os.kill, (child, signal.SIGKILL)).start()
        for line in lines:
            if line.endswith("\n"):
                note, name = line.split()
                acknowledged[name] = note
    os.waitpid(child, 0)
sys.stdout.write(json.dumps(acknowledged))
