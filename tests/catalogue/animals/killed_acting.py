"""Kills processes that work on animals, and prints what they had acknowledged, as JSON.

Usage: python killed_acting.py CATALOGUE ROUNDS

Each round forks a process that makes, imports, fills, edits, merges and undoes, and writes to a
pipe what is acknowledged, until it is killed at a random moment.
"""

import itertools
import json
import os
import random
import signal
import sys
import threading

from barkive.catalogue import AnimalFields, Catalogue

where, rounds = sys.argv[1:]


def work(number: int, acknowledge: int) -> None:
    with Catalogue(where) as catalogue:
        animals, photos = catalogue.animals, [one.id for one in catalogue.search()]
        os.write(acknowledge, b"ready\n")
        for i in itertools.count():
            code = f"{number}-{i}"
            one = animals.new(AnimalFields(code=code, name="Rex"), photos[:2], by="Ada").id
            os.write(acknowledge, f"{code} Rex\n".encode())
            animals.take_away(one, photos[:1])
            animals.import_csv(f"code,name\n{code},Bo\n{code}b,\n{code}c,\n".encode())
            os.write(acknowledge, f"{code} Bo\n".encode())
            animals.merge([f"{code}b"], f"{code}c")
            animals.undo()
            animals.edit(one, AnimalFields(name="Max", birth="2021"))
            os.write(acknowledge, f"{code} Max\n".encode())


rng = random.Random(0)
acknowledged: dict[str, str] = {}
for n in range(int(rounds)):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        work(n, write)
    os.close(write)
    with os.fdopen(read, encoding="ascii") as lines:
        assert next(lines) == "ready\n"
        threading.Timer(rng.uniform(0, 0.4), os.kill, (child, signal.SIGKILL)).start()
        for line in lines:
            if line.endswith("\n"):
                code, name = line.split()
                acknowledged[code] = name
    os.waitpid(child, 0)
sys.stdout.write(json.dumps(acknowledged))
