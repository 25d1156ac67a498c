from .ahead import load_batches, map_ahead
from .decode import LargePhotoError, Photo, decode, is_photo, read_file, reads_heic
from .files import find_photos
from .hashing import (
    group_near_duplicates,
    is_same_picture,
    near_duplicates,
    perceptual_hash,
)
from .header import Header, describe
from .preprocess import Preprocessing, Square
from .quality import Quality, measure
from .thumbnail import thumbnail

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
    "reads_heic",
    "thumbnail",
]
