"""Photos: find, decode, make square, compare. Knows nothing of breeds or of models."""

from barkive.images.ahead import load_batches, map_ahead
from barkive.images.decode import LargePhotoError, Photo, decode, is_photo, read_file
from barkive.images.files import find_photos
from barkive.images.hashing import (
    group_near_duplicates,
    is_same_picture,
    near_duplicates,
    perceptual_hash,
)
from barkive.images.header import Header, describe
from barkive.images.preprocess import Preprocessing, Square
from barkive.images.quality import Quality, measure
from barkive.images.thumbnail import thumbnail

__all__ = [
    "Header",
    "LargePhotoError",
    "Photo",
    "Preprocessing",
    "Quality",
    "Square",
    "decode",
    "describe",
    "find_photos",
    "group_near_duplicates",
    "is_photo",
    "is_same_picture",
    "load_batches",
    "map_ahead",
    "measure",
    "near_duplicates",
    "perceptual_hash",
    "read_file",
    "thumbnail",
]
