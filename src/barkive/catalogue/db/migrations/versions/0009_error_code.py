"""Why a photo could not be read, or a scan failed, has a code beside its sentence."""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The sentences of versions before, in which a word in braces stands for anything.
_SENTENCES = {
    "photo_changing": "The file is being changed; scan again when it is whole.",
    "photo_enhance_out_of_memory": "There is not enough memory to correct it.",
    "photo_type_unsupported": "It is of type {type}; give a path, a file's bytes, a Pillow image or an array.",
    "photo_array_unsupported": "The array has shape {shape} and type {type}; it must be uint8 of shape (height, width), (height, width, 3) or (height, width, 4).",
    "photo_array_empty": "The array is empty: its shape is {shape}.",
    "photo_empty": "The file is empty.",
    "photo_format_unknown": "It is not a photo in a format that Barkive reads ({formats}).",
    "photo_avif_unsupported": "AVIF photos can't be read by the Pillow that is installed here.",
    "photo_too_many_pixels": "It has {megapixels} megapixels; the limit is {limit} megapixels.",
    "photo_is_folder": "It is a folder, not a photo.",
    "photo_is_device": "It is a device or a pipe, not a photo.",
    "photo_not_found": "The file does not exist.",
    "photo_no_permission": "No permission to read the file.",
    "photo_unreadable": "The file can't be read: {reason}.",
    "photo_header_damaged": "The file starts as {format} does, but is damaged or cut off.",
    "photo_too_many_scans": "It is a JPEG of more than {limit} scans, which no photo has.",
    "photo_out_of_memory": "There is not enough memory to decode it.",
    "photo_folder_no_permission": "No permission to open the folder.",
    "photo_link_loop": "It is a symbolic link that leads back to itself.",
    "photo_cut_off": "The file is cut off: the picture ends early.",
    "photo_damaged": "The file is damaged: the picture can't be decoded.",
    "photo_file_too_large": "The file has {size} MB; the limit is {limit} MB.",
    "photo_over_memory_limit": "Decoding it needs {need} of memory; the limit is {limit} (--memory or BARKIVE_MEMORY).",
    "photo_store_failed": "The object store does not give the file: {reason}.",
    "photo_store_refused": "The object store refuses the file: {reason}; check the credentials in its own settings.",
    "photo_decompression_bomb": "It has more pixels than any photo.",
    "photo_upload_too_large": "The photo has more than {limit} MB, which is the limit.",
    "photo_ended_worker": "It ended the worker that read it, twice; it may need more memory than a worker has. Scan again when there is more.",
    "photo_not_judged": "It could not be judged; try again.",
    "photo_changed_since_scan": "The file holds another picture than when it was scanned; scan it again.",
}


def upgrade() -> None:
    """Makes the columns, and gives codes to the sentences that are known; they stay as they are."""
    for table in ("photo", "run"):
        for column in ("error_code", "error_params"):
            op.add_column(table, sa.Column(column, sa.Text))
    known = [(code, _pattern(sentence)) for code, sentence in _SENTENCES.items()]
    connection = op.get_bind()
    photo = sa.table("photo", *map(sa.column, ("error", "error_code", "error_params")))
    said = sa.select(photo.c.error).where(photo.c.error.is_not(None)).distinct()
    for sentence in connection.execute(said).scalars().all():
        for code, pattern in known:
            if found := pattern.fullmatch(sentence):
                params = {name: _value(text) for name, text in found.groupdict().items()}
                values = {"error_code": code, "error_params": json.dumps(params)}
                connection.execute(sa.update(photo).where(photo.c.error == sentence).values(values))
                break


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", sentence)
    texts = [re.escape(text) for text in parts[::2]]
    names = [f"(?P<{name}>.+?)" for name in parts[1::2]] + [""]
    return re.compile("".join(text + name for text, name in zip(texts, names, strict=True)), re.S)


def _value(text: str) -> str | int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text
