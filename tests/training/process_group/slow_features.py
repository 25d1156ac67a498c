"""What `test_process_group.py` interrupts: `slow_features.py PHOTOS BEGUN`.

Each process leaves a file in BEGUN when it has computed the features of two photos, and takes
two seconds for each of the others, so that it can hear of the interruption before the last.
"""

import sys
import time
from pathlib import Path

import numpy as np

from barkive.images import Preprocessing
from barkive.training import features
from barkive.training.process_group.group import current_group
from barkive.training.process_group.launch import init_process_group

features._BATCH = 1
computed = []


def slow(pixels):
    if len(computed) == 2:
        Path(sys.argv[2], str(current_group().rank)).touch()
    if len(computed) >= 2:
        time.sleep(2)
    computed.append(pixels)
    return pixels.mean(axis=(1, 2)).astype(np.float32)


if __name__ == "__main__":
    with init_process_group():
        features.extract_features(
            sorted(str(path) for path in Path(sys.argv[1]).iterdir()),
            slow,
            key="slow",
            preprocessing=Preprocessing(32),
        )
