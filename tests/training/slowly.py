"""What `test_distributed.py` interrupts: `slowly.py PHOTOS BEGUN`.

Each process leaves a file in BEGUN when it has computed the features of two photos, and takes
two seconds for each of the others, so that it can hear of the interruption before the last.
"""

import sys
import time
from pathlib import Path

import numpy as np

from barkive.images import Preprocessing
from barkive.training import features
from barkive.training.process_group.group import group
from barkive.training.process_group.launch import together

features._BATCH = 1
computed = []


def slow(pixels):
    if len(computed) == 2:
        Path(sys.argv[2], str(group().share.rank)).touch()
    if len(computed) >= 2:
        time.sleep(2)
    computed.append(pixels)
    return pixels.mean(axis=(1, 2)).astype(np.float32)


if __name__ == "__main__":
    with together():
        features.extract_features(
            sorted(str(path) for path in Path(sys.argv[1]).iterdir()),
            slow,
            key="slow",
            preprocessing=Preprocessing(32),
        )
