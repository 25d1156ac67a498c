"""The catalogue's tables, for SQLite and PostgreSQL alike.

| table | a row is |
|---|---|
| `catalogue` | the catalogue itself: one row, with its identity |
| `model` | a bundle that answered once |
| `answer` | what a model said of a content: never changed, so that it can be shared and cached |
| `detection` | what a model said of one dog of a content; likewise never changed |
| `content` | a file's content that was ever read, and the picture that it holds |
| `forgotten` | a content that was taken out, and that scans pass over |
| `photo` | a picture in a place, what is known of it, and what holds of it |
| `other_dog` | a dog of a photo beside its main one: what holds of it, for searches |
| `correction` | what a person said of a picture or of a dog in it, in order: only added to |
| `added_breed` | a breed that people added, renamed or merged with another |
| `learned_model` | a model that was learned from what people said: its bundle, and its report |
| `review_order` | a picture that is asked about first, because it teaches most |
| `animal` | an animal: what people say of it, and what its photos say together |
| `animal_photo` | a picture that shows an animal |
| `refusal` | a picture that people took away from an animal, or from photos it was proposed with |
| `act` | what a person did to animals, or to many photos, in one step: only added to |
| `act_change` | one change of an act: what stood there, and what stands there since |
| `suggestion` | photos that seem to show one animal; made anew at any time |
| `suggestion_photo` | a picture of a suggestion |
| `animal_export` | what was sent of an animal to a program that takes it only once |
| `photo_export` | likewise of a photo that no animal has |
| `saved_search` | a search of photos that somebody has given a name |
| `export_run` | an export: who took what out, when, in which form, and how many |
| `merge` | a merge: which other catalogue's labels came in, and what became of it |
| `alias` | a number that another catalogue had for a picture, before it was merged |
| `place` | a folder that was scanned, and the device that it was on |
| `review` | a photo that somebody has before them, or has had, to review it |
| `run` | a scan: who started it, when, of what, and what came of it |
| `scan_plan` | a folder that a server scans by itself: whenever something changes there, or daily |
| `tally` | how many photos have which status and breed; kept by triggers |

PostgreSQL has more tables, and indexes of its own, that only speed searches up: `summary_tables`,
`zone_maps` and `pgvector_index` tell of them.

Where a photo could not be read, or a scan failed, `error` is the sentence in English,
`error_code` its stable code, and `error_params` what stands in it, as JSON.

A picture is a random number, see `identity`; it has no table of its own. Rows of `photo`
follow the pictures that they are of: `path` says where one was seen last, and is unique among
those that are there. `photo.number` is what people and programs call a row by, `photo.id` the
order in which it came.

The effective label of a photo (`status`, `breed`, …) is the last label of its picture, or else
what the model said; it is kept in `photo` as well, because searches must be fast. Of the other
dogs of a photo `other_dog` keeps it.
"""

from __future__ import annotations

import os
import re
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    column,
    table,
    text,
)
from sqlalchemy.types import TypeEngine

from barkive.images.remote import is_remote, normal

HEAD = "0020"
"""The newest revision in `migrations/versions`: what this Barkive reads and writes."""


_BYTE = re.compile("//([0-9a-f]{2})")


class FileName(TypeDecorator[str]):
    """A path as text that every database takes, reversibly.

    A byte that is no valid text, which Python gives as a lone surrogate, is written as `//`
    and two hex digits: no normalised path holds a double slash.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text in the order of its characters, so that a folder is a range."""
        return dialect.type_descriptor(
            Text(collation="C") if dialect.name == "postgresql" else Text()
        )

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """A path to what is stored."""
        return None if value is None else encode_path(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """What is stored to the path."""
        return None if value is None else decode_path(value)


def encode_path(path: str) -> str:
    """A normalised path as valid text."""
    if path.isascii():
        return path
    return "".join(f"//{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in path)


def decode_path(text: str) -> str:
    """The path that `encode_path` made the text of."""
    # The double slash of a URL is its own.
    if "//" not in text or is_remote(text):
        return text
    return _BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)


def absolute_path(path: str | os.PathLike[str]) -> str:
    """A path as the catalogue keeps it: absolute and normalised, links left as they are.

    Raises:
        UsageError: It is a URL that holds a name or a password.
    """
    given = os.fspath(path)
    if is_remote(given):
        return normal(given)
    name = os.path.abspath(path)  # noqa: PTH100 - Path.absolute() does not normalise
    # POSIX allows two slashes at the start, which mean one.
    return "/" + name.lstrip("/") if name.startswith("//") else name


# SQLite numbers rows by itself only in a column that is called INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

catalogue = Table(
    "catalogue",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
    # The model in use; None for the one inside the package.
    Column("model_id", Integer),
)

model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("labels", Text, nullable=False),
)

answer = Table(
    "answer",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("model_id", Integer, ForeignKey("model.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("probabilities", LargeBinary, nullable=False),
    Column("dog", Float, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("identified_at", DateTime, nullable=False),
    # How many it saw; None where it was not asked to look for them.
    Column("dogs", Integer),
    # The network's features in float16, from which a head that was learned later gives the very
    # answer that it gives of the file. None where the answer came from another one's features.
    Column("features", LargeBinary),
    # The answer whose features it came from.
    Column("source_id", _Id),
    UniqueConstraint("sha256", "model_id"),
    sqlite_autoincrement=True,
)

detection = Table(
    "detection",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("answer_id", _Id, ForeignKey("answer.id"), nullable=False),
    # 0 for the largest; None of a box that people drew, and that was judged afterwards.
    Column("place", Integer),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("status", Text, nullable=False),
    # Of the largest these are the answer's.
    Column("probabilities", LargeBinary),
    Column("dog", Float),
    Column("vector", LargeBinary),
    # Likewise.
    Column("features", LargeBinary),
    UniqueConstraint("answer_id", "place"),
    sqlite_autoincrement=True,
)

content = Table(
    "content",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("picture", BigInteger, nullable=False),
    # Of the coded picture, and how it looks: see `images/fingerprint.py`. None where that is
    # not known: of another format, damaged, or read by version 0.1.
    Column("coded", LargeBinary),
    Column("sketch", LargeBinary),
    # Of the EXIF data, 1..8: what turns the stored picture upright. None where it is not known.
    Column("orientation", Integer),
    # The merge that it came with; None where a file was read here.
    Column("merge_id", BigInteger),
    sqlite_autoincrement=True,
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    # Who took it out, and when.
    Column("forgotten_by", Text),
    Column("forgotten_at", DateTime, nullable=False),
    sqlite_autoincrement=True,
)

photo = Table(
    "photo",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("picture", BigInteger, nullable=False),
    Column("path", FileName, nullable=False),
    Column("bytes", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
    Column("sha256", LargeBinary),
    Column("phash", LargeBinary),
    Column("format", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("orientation", Integer),
    Column("taken_at", DateTime),
    Column("camera", Text),
    Column("model_id", Integer, ForeignKey("model.id")),
    Column("answer_id", _Id, ForeignKey("answer.id")),
    Column("status", Text, nullable=False),
    Column("breed", Text),
    Column("breed2", Text),
    Column("probability", Float),
    Column("margin", Float),
    Column("corrected", Boolean, nullable=False),
    Column("correction_id", _Id),
    Column("note", Text),
    Column("error", Text),
    Column("error_code", Text),
    Column("error_params", Text),
    Column("words", Text, nullable=False),
    Column("added_at", DateTime, nullable=False),
    Column("identified_at", DateTime),
    Column("unreadable_since", DateTime),
    Column("missing_since", DateTime),
    # How many; None where they were never looked for, and nobody drew one.
    Column("dogs", Integer),
    # Where people spoke of single dogs, the last thing that was said of the picture.
    Column("said_id", _Id),
    sqlite_autoincrement=True,
)

other_dog = Table(
    "other_dog",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("photo_id", _Id, ForeignKey("photo.id", ondelete="CASCADE"), nullable=False),
    # 1 for the largest but the main one.
    Column("place", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("breed", Text),
    Column("breed2", Text),
    Column("probability", Float),
    Column("corrected", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

correction = Table(
    "correction",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("picture", BigInteger, nullable=False),
    # The content that the person saw.
    Column("sha256", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("breed", Text),
    Column("breed2", Text),
    Column("note", Text),
    Column("said_by", Text),
    Column("said_at", DateTime, nullable=False),
    Column("was", Text, nullable=False),
    # The label that an undo takes back.
    Column("undoes", _Id),
    # Among labels of one second the lowest comes first; 0 but where catalogues were merged.
    Column("turn", Integer, nullable=False, server_default="0"),
    # The merge that it came with; None where it was said here.
    Column("merge_id", BigInteger),
    # The dog that it is said of; None for the photo.
    Column("dog", BigInteger),
    # Where that dog is, or the main dog of the photo, see `Mark`; None where none was known.
    Column("box", Text),
    sqlite_autoincrement=True,
)

merge = Table(
    "merge",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("uuid", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    sqlite_autoincrement=True,
)

alias = Table(
    "alias",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("picture", BigInteger, nullable=False),
    Column("merge_id", BigInteger),
    sqlite_autoincrement=True,
)

place = Table(
    "place",
    metadata,
    Column("path", FileName, primary_key=True),
    Column("device", Text, nullable=False),
)

added_breed = Table(
    "added_breed",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("breed", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("merged_into", Text),
    # The French name, where it is another; the FCI's number and group, where people gave them.
    Column("name_fr", Text),
    Column("fci", Integer),
    Column("fci_group", Integer),
)

learned_model = Table(
    "learned_model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", Integer, ForeignKey("model.id"), nullable=False, unique=True),
    Column("parent_id", Integer, ForeignKey("model.id"), nullable=False),
    Column("report", Text, nullable=False),
    Column("learned_by", Text),
    Column("learned_at", DateTime, nullable=False),
    # Last: to reach what stands behind it, SQLite reads through all of its megabytes.
    Column("content", LargeBinary, nullable=False),
)

review_order = Table(
    "review_order",
    metadata,
    # From 0; the queue walks along it.
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("picture", BigInteger, nullable=False, unique=True),
)

animal = Table(
    "animal",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("code", Text),
    # The code without regard to case and accents: each is given once.
    Column("code_key", Text, unique=True),
    Column("name", Text),
    # Likewise; by it animals are listed.
    Column("name_key", Text),
    Column("species", Text, nullable=False),
    Column("sex", Text),
    # `2021-05-31`, `2021-05` or `2021`.
    Column("birth", Text),
    Column("birth_is_estimate", Boolean, nullable=False),
    # What people said of the animal itself.
    Column("breed", Text),
    Column("breed2", Text),
    Column("status", Text, nullable=False),
    Column("notes", Text),
    # Days, as ISO 8601 writes them.
    Column("arrived", Text),
    Column("left_on", Text),
    # The picture that people chose to stand for it.
    Column("main_picture", BigInteger),
    Column("merged_into", BigInteger),
    # Those that were merged are removed as well; a removed animal has no photos.
    Column("removed", Boolean, nullable=False),
    # The last act that changed it.
    Column("act_id", _Id, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    # From here on all is derived. Whether it has to be derived anew: triggers say so.
    Column("stale", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    Column("photos", Integer, nullable=False),
    # The picture that stands for it.
    Column("cover", BigInteger),
    # An `AnimalVerdict`: the short list as JSON, pairs of id and probability.
    Column("verdict", Text),
    Column("breeds", Text, nullable=False),
    Column("top_breed", Text),
    Column("top_breed2", Text),
    Column("origin", Text),
    Column("disagrees", Boolean, nullable=False),
    Column("views", Integer, nullable=False),
    sqlite_autoincrement=True,
)

animal_photo = Table(
    "animal_photo",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("animal", BigInteger, nullable=False),
    Column("picture", BigInteger, nullable=False),
    # The `EntryDog.id` of the dog that is the animal; None for the main one.
    Column("dog", BigInteger),
    UniqueConstraint("animal", "picture"),
    sqlite_autoincrement=True,
)

refusal = Table(
    "refusal",
    metadata,
    Column("id", _Id, primary_key=True),
    # The number of an animal that the picture does not show; or any other number, which those
    # share that were refused together.
    Column("key", BigInteger, nullable=False),
    Column("picture", BigInteger, nullable=False),
    UniqueConstraint("key", "picture"),
    sqlite_autoincrement=True,
)

act = Table(
    "act",
    metadata,
    Column("id", _Id, primary_key=True),
    # An `ActKind`.
    Column("kind", Text, nullable=False),
    Column("said_by", Text),
    Column("said_at", DateTime, nullable=False),
    # The act that it takes back.
    Column("undoes", _Id),
    # The merge of another catalogue that it was part of; None where people did it here.
    Column("merge_id", BigInteger),
    sqlite_autoincrement=True,
)

act_change = Table(
    "act_change",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("act_id", _Id, ForeignKey("act.id"), nullable=False),
    # The number of an animal, or the key of a refusal; None of a label.
    Column("animal", BigInteger),
    Column("field", Text, nullable=False),
    Column("picture", BigInteger),
    # JSON.
    Column("was", Text, nullable=False),
    Column("becomes", Text, nullable=False),
    sqlite_autoincrement=True,
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("id", _Id, primary_key=True),
    # The animal that the photos seem to show; None for one that is not known yet.
    Column("animal", BigInteger),
    Column("code", Text),
    Column("name", Text),
    # A message, as JSON: its code and what stands in it.
    Column("reason", Text, nullable=False),
    # How many photos.
    Column("photos", Integer, nullable=False),
    # Whether there are so many that accepting it asks first.
    Column("is_large", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

suggestion_photo = Table(
    "suggestion_photo",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("suggestion_id", _Id, ForeignKey("suggestion.id", ondelete="CASCADE"), nullable=False),
    Column("picture", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

animal_export = Table(
    "animal_export",
    metadata,
    Column("id", _Id, primary_key=True),
    # The form of export.
    Column("form", Text, nullable=False),
    Column("animal", BigInteger, nullable=False),
    # What was sent, as JSON: the values, and the pictures.
    Column("sent", Text, nullable=False),
    Column("sent_at", DateTime, nullable=False),
    UniqueConstraint("form", "animal"),
    sqlite_autoincrement=True,
)

photo_export = Table(
    "photo_export",
    metadata,
    Column("id", _Id, primary_key=True),
    # The form of export.
    Column("form", Text, nullable=False),
    # Its number, as in `photo`, which may have forgotten it since.
    Column("photo", BigInteger, nullable=False),
    # What was sent, as in `animal_export`; of a note the digest alone.
    Column("sent", Text, nullable=False),
    Column("sent_at", DateTime, nullable=False),
    UniqueConstraint("form", "photo"),
    sqlite_autoincrement=True,
)

saved_search = Table(
    "saved_search",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    # What stands behind the question mark of the gallery's address.
    Column("query", Text, nullable=False),
    Column("said_by", Text),
    Column("said_at", DateTime, nullable=False),
    sqlite_autoincrement=True,
)

export_run = Table(
    "export_run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("started_by", Text, nullable=False),
    Column("exported_at", DateTime, nullable=False),
    Column("form", Text, nullable=False),
    # What a row was of: a photo or an animal.
    Column("by", Text, nullable=False),
    # What was set of the filter, as JSON.
    Column("filter", Text, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_autoincrement=True,
)

review = Table(
    "review",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("picture", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("turn", BigInteger),
    Column("correction_id", _Id),
    Column("at", DateTime, nullable=False),
    UniqueConstraint("desk", "picture"),
)

run = Table(
    "run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("state", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("sources", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model_id", Integer, ForeignKey("model.id"), nullable=False),
    Column("versions", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("error", Text),
    Column("error_code", Text),
    Column("error_params", Text),
    # An `Origin`, and the process that scans; None of scans by an older Barkive.
    Column("origin", Text),
    Column("process", Text),
    sqlite_autoincrement=True,
)

scan_plan = Table(
    "scan_plan",
    metadata,
    Column("path", FileName, primary_key=True),
    Column("is_watched", Boolean, nullable=False),
    # Such as 03:30, by the clock of the machine that scans; None where it is not.
    Column("daily_at", Text),
    # When its last daily scan began, or the time was set, UTC.
    Column("ran_at", DateTime),
)


# Of PostgreSQL alone, kept by triggers, and so no part of `metadata`: what the photos of a zone,
# those whose numbers are the same but for the last 13 bits, lie between at the widest. It tells
# where to look for the first photos that fit.
ZONE_BITS = 13
zone = table(
    "zone",
    column("zone", BigInteger),
    column("first_path", FileName),
    column("last_path", FileName),
    column("first_taken", DateTime),
    column("last_taken", DateTime),
)

# Likewise: how many photos have a word, of its first 24 letters, by the number of letters that it
# has in common with the photo's word before it in their order. Words of digits are left out.
WORD_LETTERS = 24
word_tally = table(
    "tally_by_word",
    column("word", Text),
    column("shared", Integer),
    column("status", Text),
    column("corrected", Boolean),
    column("photos", BigInteger),
)


def _index(name: str, condition: str, *columns: str) -> None:
    indexed = (photo.c[column] for column in (*columns, "missing_since"))
    Index(name, *dict.fromkeys(indexed), sqlite_where=text(condition), info={"only": "sqlite"})


# Those of SQLite; PostgreSQL, whose indexes don't hold a row's number, has others: see
# `migrations/versions/0004_size.py`. Most are of the photos whose files are there: what nearly
# every search asks for. Each holds all that filters ask for, so that a count need not visit
# the rows.
_THERE = "missing_since IS NULL"
_index(
    "photo_by_status",
    _THERE,
    "status",
    "probability",
    "breed",
    "taken_at",
    "corrected",
    "answer_id",
)
_index(
    "photo_by_breed", _THERE, "breed", "status", "probability", "taken_at", "corrected", "answer_id"
)
_index(
    "photo_by_date", _THERE, "taken_at", "status", "breed", "probability", "corrected", "answer_id"
)
_index(
    "photo_by_probability",
    _THERE,
    "probability",
    "status",
    "breed",
    "taken_at",
    "corrected",
    "answer_id",
)
_index(
    "photo_by_added",
    _THERE,
    "added_at",
    "status",
    "breed",
    "probability",
    "taken_at",
    "corrected",
    "answer_id",
)
_index("photo_by_correction", _THERE, "corrected", "status", "margin")
_index(
    "photo_by_path",
    _THERE,
    "path",
    "status",
    "breed",
    "probability",
    "taken_at",
    "corrected",
    "answer_id",
)
_index(
    "photo_by_dogs",
    _THERE,
    "dogs",
    "status",
    "breed",
    "probability",
    "taken_at",
    "corrected",
    "answer_id",
)
_index("photo_by_breed2", "breed2 IS NOT NULL", "breed2", "breed")
_index("photo_missing", "missing_since IS NOT NULL")
Index(
    "photo_here",
    photo.c.path,
    unique=True,
    sqlite_where=text(_THERE),
    postgresql_where=text(_THERE),
)
Index(
    "photo_was_here",
    photo.c.path,
    sqlite_where=text("missing_since IS NOT NULL"),
    postgresql_where=text("missing_since IS NOT NULL"),
)
Index("photo_by_content", photo.c.sha256)
Index("photo_by_picture", photo.c.picture)
Index("photo_by_model", photo.c.model_id)
Index("photo_by_answer", photo.c.answer_id, info={"only": "sqlite"})
Index("content_by_picture", content.c.picture)
Index("content_by_code", content.c.coded)
Index("alias_by_picture", alias.c.picture)
Index("correction_by_picture", correction.c.picture)
Index("other_dog_by_photo", other_dog.c.photo_id)
Index("other_dog_by_status", other_dog.c.status, other_dog.c.corrected, other_dog.c.photo_id)
Index("other_dog_by_breed", other_dog.c.breed, other_dog.c.probability, other_dog.c.photo_id)
Index(
    "other_dog_by_breed2",
    other_dog.c.breed2,
    other_dog.c.photo_id,
    sqlite_where=text("breed2 IS NOT NULL"),
    postgresql_where=text("breed2 IS NOT NULL"),
)
Index("review_by_picture", review.c.picture)
Index("review_by_age", review.c.at)
Index("animal_by_name", animal.c.removed, animal.c.name_key, animal.c.code_key)
Index("animal_by_status", animal.c.removed, animal.c.status)
Index("animal_by_breed", animal.c.top_breed)
Index(
    "animal_stale",
    animal.c.number,
    sqlite_where=text("stale"),
    postgresql_where=text("stale"),
)
Index("animal_photo_by_picture", animal_photo.c.picture, animal_photo.c.animal)
Index("refusal_by_picture", refusal.c.picture)
Index("act_by_undone", act.c.undoes)
Index("act_change_by_act", act_change.c.act_id)
Index("act_change_by_animal", act_change.c.animal, act_change.c.act_id)
Index("suggestion_photo_by_suggestion", suggestion_photo.c.suggestion_id)
Index("suggestion_photo_by_picture", suggestion_photo.c.picture)
