"""The catalogue's photos: search, one, add, correct, and the words that people said."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from barkive.boxes import Box
from barkive.catalogue import (
    ChangeJSON,
    Entry,
    EntryJSON,
    ForgottenJSON,
    FoundJSON,
    Kind,
    Label,
)
from barkive.errors import (
    ChangedPhotoError,
    PhotoError,
    ReviewedMeanwhileError,
    UnknownBreedError,
)
from barkive.messages import Language, Message, reason_json
from barkive.web.api.openapi import (
    ENTRY,
    NO_SUCH_BREED,
    NO_SUCH_PHOTO,
    UPLOAD,
    a_problem,
    api_router,
    example,
)
from barkive.web.api.parameters import (
    PRINTED,
    DogId,
    DoneBy,
    FilterQuery,
    Lang,
    Name,
    OrderQuery,
    SaidBy,
    Top,
)
from barkive.web.dependencies import Number, Setup, Shared
from barkive.web.paths import printable
from barkive.web.problems import problem
from barkive.web.uploads import received
from barkive.web.urls import Route

router = api_router("photos")

_CHANGE = {
    "id": 12,
    "undoes": None,
    "kind": "breed",
    "breeds": ["Boxer"],
    "note": "chip says so",
    "by": "Ada",
    "at": "2026-06-02T09:30:00Z",
    "was": "uncertain",
    "dog": None,
    "box": None,
}


_FORGOTTEN = {"photos": 1, "copies": 0, "added": 0, "labelled": 0, "labels": 0, "grouped": 0}

WithLabels = Annotated[bool, Query(description="Whether what people said goes as well.")]
WithCopies = Annotated[bool, Query(description="Whether all files of the picture go.")]

_NOTHING_TO_SAY = a_problem(
    409,
    "It can't be corrected, or nothing can be taken back",
    Message("label_none_to_undo", {"file": "/home/ada/Pictures/rex.jpg"}),
)
_WHICH_BREED = a_problem(
    422,
    "No breed is called so; with what may be meant",
    UnknownBreedError("bulldog", ["French Bulldog"], can_be_added=True).message,
    choices=[{"id": "n02108915", "name": "French Bulldog"}],
    as_written={"breeds": ["bulldog"], "other": True},
)


class Page(TypedDict):
    """A part of what a search has found."""

    total: int
    offset: int
    next: str | None
    photos: list[EntryJSON]


class Added(TypedDict):
    """What became of a photo that was to be added."""

    file: str | None
    photo: EntryJSON | None
    already_there: bool
    error: str | None
    error_code: str | None


class Duplicates(TypedDict):
    """Photos that show the same."""

    kind: Literal["exact", "near"]
    photos: list[EntryJSON]


_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SaidBox(BaseModel):
    """Where a dog is, in shares of the width and height of the upright photo."""

    model_config = ConfigDict(extra="forbid")

    x: _Share = Field(description="Of the left edge.")
    y: _Share = Field(description="Of the upper edge.")
    width: Annotated[float, Field(gt=0, le=1)]
    height: Annotated[float, Field(gt=0, le=1)]

    def box(self) -> Box:
        """The same as a box.

        Raises:
            UsageError: It does not lie inside the photo.
        """
        return Box(self.x, self.y, self.width, self.height)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dog: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = Field(
        None, description="The `id` of the dog that is meant; without, the photo's main dog."
    )

    note: Annotated[str, Field(max_length=5000, pattern=PRINTED)] | None = Field(
        None, description="Anything worth remembering."
    )
    by: SaidBy = None


class _SaidInBox(_Said):
    box: SaidBox | None = Field(
        None,
        description="Where the dog is: moves `dog`, or without one says that another is there.",
    )


class SaidBreeds(_SaidInBox):
    """What a person says of a photo: its breed, or the two breeds of a cross."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"kind": "breed", "breeds": ["Boxer"], "note": "chip says so", "by": "Ada"}
        }
    )

    kind: Literal["breed"]
    breeds: list[Name] = Field(
        min_length=1, max_length=1, description="A name in English or French, or an id."
    )
    other: bool = Field(
        False, description="Whether a name that is no breed's is added as one, as it is written."
    )


class SaidCross(_SaidInBox):
    """What a person says of a photo: it shows a cross of two breeds."""

    kind: Literal["cross"]
    breeds: list[Name] = Field(min_length=2, max_length=2, description="Both, likewise.")
    other: bool = Field(False, description="Likewise.")


class SaidUnsure(_SaidInBox):
    """What a person says of a photo: the breed can't be told."""

    kind: Literal["unsure"]


class SaidDog(_Said):
    """What a person says of a photo: a dog is there, whatever its breed."""

    kind: Literal["dog"]
    box: SaidBox = Field(
        description="Where: moves `dog`, or without one says that another is there."
    )


class SaidNote(_Said):
    """What a person writes of a photo or a dog of it; it changes nothing of what holds."""

    kind: Literal["note"]
    note: Annotated[str, Field(min_length=1, max_length=5000, pattern=PRINTED)] = Field(
        description="Anything worth remembering."
    )


class SaidOtherwise(_Said):
    """What a person says of a photo or a dog of it: it is none; or a word is taken back."""

    kind: Literal["not_dog", "undo"]


Said = Annotated[
    SaidBreeds | SaidCross | SaidUnsure | SaidDog | SaidNote | SaidOtherwise,
    Field(discriminator="kind"),
]


class Counts(TypedDict):
    """How many photos there are of each."""

    id: str
    name: str
    photos: int


@router.get(
    Route.API_PHOTOS,
    response_model=Page,
    responses=example({"total": 1, "offset": 0, "next": None, "photos": [ENTRY]}) | NO_SUCH_BREED,
    summary="Search the catalogue",
)
def search(
    request: Request,
    shared: Shared,
    query: FilterQuery,
    order: OrderQuery,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
    top: Top = 5,
    lang: Lang = "en",
) -> Response:
    """The photos that fit all filters, by default in the order in which they were catalogued."""
    catalogue = shared.catalogue
    total = catalogue.count(query)
    entries = catalogue.page(query, offset=offset, limit=limit, order=order)
    end = offset + len(entries)
    following = request.url.include_query_params(offset=end)
    return JSONResponse(
        {
            "total": total,
            "offset": offset,
            "next": f"{following.path}?{following.query}" if entries and end < total else None,
            "photos": [_to_json(one, lang, top) for one in entries],
        }
    )


@router.post(
    Route.API_PHOTOS,
    response_model=list[Added],
    responses=example(
        [{"file": "rex.jpg", "photo": ENTRY, "already_there": False, **reason_json(None)}]
    ),
    openapi_extra=UPLOAD,
    summary="Add photos to the catalogue",
)
async def add(request: Request, shared: Shared, setup: Setup, lang: Lang = "en") -> Response:
    """Keeps photos, each durably before the answer, and catalogues them.

    A photo that can't be read is answered with the reason in `error`, and not kept. One that
    the catalogue has already is not kept twice, and `already_there` is true.
    """
    answers: list[Added] = []
    async with received(request, setup.limits) as uploads:
        for one in uploads:
            reason, added = one.reason, None
            if reason is None:
                try:
                    added = await to_thread.run_sync(
                        shared.ingest.add, await one.read(), one.name or "photo"
                    )
                except PhotoError as error:
                    reason = error.message
            answers.append(
                {
                    "file": one.name,
                    "photo": _to_json(added.entry, lang) if added is not None else None,
                    "already_there": added is not None and not added.is_new,
                    **reason_json(reason, lang),
                }
            )
    return JSONResponse(answers)


@router.get(
    Route.API_PHOTO,
    response_model=EntryJSON,
    responses=example(ENTRY) | NO_SUCH_PHOTO,
    summary="One photo",
)
def photo(shared: Shared, number: Number, top: Top = 5, lang: Lang = "en") -> Response:
    """What is known and said of a photo; the `ETag` is its `version`."""
    return _one(shared.catalogue.photo(number), lang, top)


@router.delete(
    Route.API_PHOTO,
    response_model=ForgottenJSON,
    responses=example(_FORGOTTEN) | NO_SUCH_PHOTO,
    summary="Take a photo out of the catalogue",
)
def forget(
    shared: Shared,
    number: Number,
    labels: WithLabels = False,
    copies: WithCopies = True,
    by: DoneBy = None,
) -> Response:
    """Takes a photo out, with all that was derived from it; see `POST /api/v1/photos/forget`."""
    done = shared.forget_jobs.forget_now([number], labels=labels, copies=copies, by=by)
    return JSONResponse(done.to_json())


@router.get(
    Route.API_HISTORY,
    response_model=list[ChangeJSON],
    responses=example([_CHANGE]) | NO_SUCH_PHOTO,
    summary="What people said of a photo",
)
def history(shared: Shared, number: Number, lang: Lang = "en") -> Response:
    """All that people said of it, in order, what was taken back included."""
    return JSONResponse([one.to_json(lang) for one in shared.catalogue.history(number)])


@router.post(
    Route.API_CORRECTIONS,
    response_model=EntryJSON,
    responses=example(ENTRY) | NO_SUCH_PHOTO | _NOTHING_TO_SAY | _WHICH_BREED,
    summary="Correct a photo",
)
def correct(
    shared: Shared,
    number: Number,
    said: Said,
    if_match: Annotated[
        str | None,
        Header(description="The photo's `ETag`, or its `version`, as the person saw it."),
    ] = None,
    lang: Lang = "en",
) -> Response:
    """Writes what a person says of a photo or of a dog in it; it is durable when this answers.

    A box that is drawn or moved is judged, so that the model's guesses stand beside it. What is
    said holds for every file of the same picture, stands over what the model says, and its
    history is kept. With `If-Match` it is refused with 409 where the photo is another picture
    by now, or somebody has spoken of it meanwhile; `photo` in the answer is the photo as it is.
    Without, it is refused where the file has changed since it was scanned. A name that is
    exactly no breed's is refused with `choices`, the breeds that may be meant; `as_written` is
    what to send to add it as a breed.
    """
    breeds: tuple[str, ...] = ()
    other = False
    if isinstance(said, SaidBreeds | SaidCross):
        breeds, other = tuple(said.breeds), said.other
    drawn = isinstance(said, _SaidInBox | SaidDog) and said.box
    place = drawn.box() if drawn else None
    seen = None if if_match in (None, "*") else if_match.removeprefix("W/").strip('"')
    correction = Label(
        *(Kind(said.kind), breeds, said.note, said.by, other, seen), dog=said.dog, box=place
    )
    try:
        return _one(shared.label(number, correction), lang)
    except (ChangedPhotoError, ReviewedMeanwhileError) as refused:
        now = _to_json(shared.catalogue.photo(number), lang)
        return problem(409, refused.message, lang=lang, photo=now)
    except UnknownBreedError as error:
        found = shared.catalogue.models.names.choices(error.query)
        return problem(
            422,
            error.message,
            lang=lang,
            choices=[{"id": label.id, "name": label.name(lang)} for label in found],
            as_written={"breeds": list(breeds), "other": True},
        )


@router.get(
    Route.API_SIMILAR,
    response_model=list[FoundJSON],
    responses=example([ENTRY | {"similarity": 0.91}]) | NO_SUCH_PHOTO,
    summary="Photos that resemble one",
)
def similar(
    shared: Shared,
    number: Number,
    query: FilterQuery,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 20,
    dog: DogId = None,
    lang: Lang = "en",
) -> Response:
    """The photos most like one of the catalogue, the likest first.

    Photos are compared by their main dogs; of the photo that is given, `dog` may be another.
    """
    found = shared.catalogue.like(number, query, limit=limit, dog=dog)
    return JSONResponse([_printable(one.to_json(lang)) for one in found])


@router.get(
    Route.API_DUPLICATES,
    response_model=list[Duplicates],
    responses=example([{"kind": "exact", "photos": [ENTRY]}]) | NO_SUCH_PHOTO,
    summary="Other photos that show the same",
)
def duplicates(shared: Shared, number: Number, lang: Lang = "en") -> Response:
    """Files of the same content, and pictures that look alike."""
    groups = shared.catalogue.duplicates_of(number)
    return JSONResponse(
        [
            {"kind": group.kind, "photos": [_to_json(one, lang) for one in group.entries]}
            for group in groups
        ]
    )


@router.get(
    Route.API_COUNTS,
    response_model=list[Counts],
    responses=example([{"id": "n02085620", "name": "Chihuahua", "photos": 31}]) | NO_SUCH_BREED,
    summary="How many photos of each breed or status",
)
def counts(
    shared: Shared,
    query: FilterQuery,
    by: Annotated[Literal["breed", "status"], Query(description="What to count.")] = "breed",
    lang: Lang = "en",
) -> Response:
    """The photos that fit all filters, counted, the most frequent first."""
    catalogue = shared.catalogue
    rows = [
        {
            "id": name,
            "name": catalogue.models.names.label(name).name(lang) if by == "breed" else name,
            "photos": number,
        }
        for name, number in catalogue.counts(by, query).most_common()
    ]
    return JSONResponse(rows)


def _one(entry: Entry, lang: Language, top: int = 5) -> Response:
    headers = {"ETag": f'"{entry.version}"'} if entry.version is not None else None
    return JSONResponse(_to_json(entry, lang, top), headers=headers)


def _to_json(entry: Entry, lang: Language, top: int = 5) -> Any:
    return _printable(entry.to_json(lang, top))


def _printable(row: Any) -> Any:
    """A row whose path is valid text: bytes that are none are escaped."""
    return row | {"file": printable(row["file"])}
