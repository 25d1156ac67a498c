r"""The catalogue as a Parquet file, for notebooks and databases.

| column | type | what it holds |
|---|---|---|
| `file` | string | the path; bytes that are no text as escapes such as `\udce9` |
| `status` | string | `dog`, `uncertain`, `not_dog` or `failed` |
| `breed_id`, `breed` | string | the breed that holds; null if it is not known |
| `breed2_id`, `breed2` | string | the second breed of a cross |
| `probability` | double | of `breed`, 0..1 |
| `corrected` | bool | whether a person said so |
| `note`, `error`, `model`, `model_status` | string | as in the catalogue; `model_status` is what the model said before people did |
| `breeds` | list of struct | `id`, `name`, `probability` of the breed or of the short list, best first |
| `width`, `height` | int32 | in pixels, of the upright photo |
| `bytes` | int64 | the file's size |
| `sha256` | string | of the file's content, in hex digits |
| `taken_at` | timestamp | in the camera's local time, so without a time zone |
| `added_at`, `identified_at`, `missing_since` | timestamp, UTC | |
| `camera` | string | maker and model |
| `id` | int64 | the catalogue's number for the photo |
| `dogs` | int32 | how many dogs have a box; null if none were looked for |
| `boxes` | string | where they are, as JSON text: see `tables.boxes_json` |
| `fci_number`, `fci_group` | int32 | of `breed`; null where it has none |

By animal: the fields of `Animal.to_json` by their names, and besides

| column | type | what it holds |
|---|---|---|
| `breed_id`, `breed`, `breed2_id`, `breed2`, `probability`, `breeds` | | as above, of the animal |
| `birth` | string | `2021-05-31`, `2021-05` or `2021` |
| `arrived`, `left` | date | |
| `photo_files` | list of struct | `id`, `file` of its photos, the main one first |
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

from barkive.breeds import Breed
from barkive.catalogue.export.animal_tables import photo_files
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.tables import boxes_json, breed_of
from barkive.catalogue.records import Entry
from barkive.errors import MissingExtraError
from barkive.messages import Language
from barkive.verdicts import Candidate

_ROWS = 10_000


def write_parquet(
    entries: Iterable[Entry], file: BinaryIO, lang: Language, breeds: Mapping[str, Breed]
) -> None:
    """Writes a Parquet file, a group of 10,000 rows at a time.

    Args:
        entries: The photos.
        file: Open to be written; after an error a part of it may be.
        lang: Of the breeds' names.
        breeds: All that there are, by their ids.

    Raises:
        MissingExtraError: PyArrow is not installed; nothing was written.
        OSError: The file can't be written.
    """
    _write((_row(entry, lang, breeds) for entry in entries), file, _schema)


def write_animal_parquet(
    animals: Iterable[AnimalPhotos], file: BinaryIO, lang: Language, breeds: Mapping[str, Breed]
) -> None:
    """Likewise by animal: see `write_parquet`.

    Args:
        animals: With their photos.
        file: See `write_parquet`.
        lang: Likewise.
        breeds: Likewise.

    Raises:
        MissingExtraError: PyArrow is not installed; nothing was written.
        OSError: The file can't be written.
    """
    _write((_animal_row(one, lang, breeds) for one in animals), file, _animal_schema)


def _write(rows: Iterator[dict[str, Any]], file: BinaryIO, schema_of: Callable[[Any], Any]) -> None:
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise MissingExtraError("parquet", "purpose_parquet_export") from None
    schema = schema_of(pa)
    with ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))


def _schema(pa: Any) -> Any:
    """The columns; `pa` is PyArrow, which is not imported before it is needed."""
    text, utc = pa.string(), pa.timestamp("us", tz="UTC")
    breed = pa.struct([("id", text), ("name", text), ("probability", pa.float64())])
    return pa.schema(
        [
            ("file", text),
            ("status", text),
            ("breed_id", text),
            ("breed", text),
            ("breed2_id", text),
            ("breed2", text),
            ("probability", pa.float64()),
            ("corrected", pa.bool_()),
            ("note", text),
            ("error", text),
            ("error_code", text),
            ("model", text),
            ("model_status", text),
            ("breeds", pa.list_(breed)),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("bytes", pa.int64()),
            ("sha256", text),
            ("taken_at", pa.timestamp("us")),
            ("added_at", utc),
            ("identified_at", utc),
            ("missing_since", utc),
            ("camera", text),
            ("id", pa.int64()),
            ("dogs", pa.int32()),
            ("boxes", text),
            ("fci_number", pa.int32()),
            ("fci_group", pa.int32()),
        ]
    )


def _row(entry: Entry, lang: Language, breeds: Mapping[str, Breed]) -> dict[str, Any]:
    breed = breed_of(entry, breeds)
    first, second, *_ = (*entry.labels, None, None)
    return {
        "file": _text(entry.file),
        "status": entry.status.value,
        "breed_id": _text(first.id) if first else None,
        "breed": _text(first.name(lang)) if first else None,
        "breed2_id": _text(second.id) if second else None,
        "breed2": _text(second.name(lang)) if second else None,
        "probability": entry.breeds[0].probability if first else None,
        "corrected": entry.corrected,
        "note": _text(entry.note),
        "error": _text(entry.reason.text(lang)) if entry.reason else None,
        "error_code": entry.reason.code if entry.reason else None,
        "model": _text(entry.model),
        "model_status": entry.prediction.status.value if entry.prediction else None,
        "breeds": _breeds(entry.breeds, lang),
        "width": entry.width,
        "height": entry.height,
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "taken_at": entry.taken_at,
        "added_at": entry.added_at,
        "identified_at": entry.identified_at,
        "missing_since": entry.missing_since,
        "camera": _text(entry.camera),
        "id": entry.id,
        "dogs": len(entry.dogs) if entry.dogs is not None else None,
        "boxes": _text(boxes_json(entry.dogs, lang)) if entry.dogs else None,
        "fci_number": breed.fci if breed else None,
        "fci_group": breed.group if breed else None,
    }


def _breeds(breeds: Iterable[Candidate], lang: Language) -> list[dict[str, Any]]:
    return [
        {"id": _text(c.label.id), "name": _text(c.label.name(lang)), "probability": c.probability}
        for c in breeds
    ]


def _animal_schema(pa: Any) -> Any:
    text, utc = pa.string(), pa.timestamp("us", tz="UTC")
    breed = pa.struct([("id", text), ("name", text), ("probability", pa.float64())])
    photo = pa.struct([("id", pa.int64()), ("file", text)])
    return pa.schema(
        [
            ("id", pa.int64()),
            ("code", text),
            ("name", text),
            ("species", text),
            ("sex", text),
            ("birth", text),
            ("birth_is_estimate", pa.bool_()),
            ("status", text),
            ("breed_status", text),
            ("breed_id", text),
            ("breed", text),
            ("breed2_id", text),
            ("breed2", text),
            ("probability", pa.float64()),
            ("breeds", pa.list_(breed)),
            ("breed_origin", text),
            ("breed_disagrees", pa.bool_()),
            ("notes", text),
            ("arrived", pa.date32()),
            ("left", pa.date32()),
            ("photos", pa.int32()),
            ("main_photo", pa.int64()),
            ("photo_files", pa.list_(photo)),
            ("version", pa.int64()),
            ("made_at", utc),
            ("changed_at", utc),
            ("fci_number", pa.int32()),
            ("fci_group", pa.int32()),
        ]
    )


def _animal_row(one: AnimalPhotos, lang: Language, breeds: Mapping[str, Breed]) -> dict[str, Any]:
    animal, verdict = one.animal, one.animal.verdict
    first, second, *_ = (*verdict.labels, None, None)
    breed = breeds.get(first.id) if first else None
    return {
        "id": animal.id,
        "code": _text(animal.code),
        "name": _text(animal.name),
        "species": _text(animal.species),
        "sex": animal.sex.value if animal.sex is not None else None,
        "birth": animal.birth,
        "birth_is_estimate": animal.birth_is_estimate,
        "status": _text(animal.status),
        "breed_status": verdict.status.value if verdict.status is not None else None,
        "breed_id": _text(first.id) if first else None,
        "breed": _text(first.name(lang)) if first else None,
        "breed2_id": _text(second.id) if second else None,
        "breed2": _text(second.name(lang)) if second else None,
        "probability": verdict.breeds[0].probability if first else None,
        "breeds": _breeds(verdict.breeds, lang),
        "breed_origin": verdict.origin.value if verdict.origin is not None else None,
        "breed_disagrees": verdict.disagrees,
        "notes": _text(animal.notes),
        "arrived": animal.arrived,
        "left": animal.left,
        "photos": animal.photos,
        "main_photo": animal.main_photo,
        "photo_files": [
            {"id": photo["id"], "file": _text(photo["file"])} for photo in photo_files(one)
        ],
        "version": animal.version,
        "made_at": animal.made_at,
        "changed_at": animal.changed_at,
        "fci_number": breed.fci if breed else None,
        "fci_group": breed.group if breed else None,
    }


def _text(value: str | None) -> str | None:
    """Text that Parquet, which wants UTF-8, takes."""
    return None if value is None else value.encode(errors="backslashreplace").decode()
