"""Small photos for every test; nothing here is read from outside the test's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def quadrants() -> Image.Image:
    """40 x 24 pixels: red and green above, blue and white below."""
    pixels = np.empty((24, 40, 3), np.uint8)
    pixels[:12, :20], pixels[:12, 20:], pixels[12:, :20], pixels[12:, 20:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a photo of soft coloured patches, another picture for another seed."""

    def make(
        name: str = "photo.jpg", size: tuple[int, int] = (64, 48), seed: int = 0, **save: Any
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
        Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(path, **save)
        return path

    return make
