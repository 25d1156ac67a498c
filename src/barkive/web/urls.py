"""Every address of the server, built in one place.

Routes are declared with the patterns of `Route`. Pages, templates, scripts, redirects and JSON
get their addresses from `Urls`, which puts the root path in front of them, so that the server
can be a part of a site: `https://shelter.example/dogs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.types import Scope

API = "/api/v1"
"""What the addresses of the API begin with."""

_KEY = "barkive.urls"
_ROOT = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")


class Route(StrEnum):
    """The pattern of each route, below the root path."""

    HOME = "/"
    IDENTIFY = "/identify"
    PHOTOS = "/photos"
    TILES = "/photos/tiles"
    PHOTO = "/photos/{number}"
    SEARCHES = "/photos/searches"
    SEARCH_REMOVE = "/photos/searches/{search}/remove"
    RELATED = "/photos/{number}/related"
    CORRECTIONS = "/photos/{number}/corrections"
    SELECTION = "/selection"
    SELECTION_NUMBERS = "/selection/numbers"
    SELECTION_NEW = "/selection/new"
    SELECTION_ADD = "/selection/add"
    SELECTION_LABEL = "/selection/label"
    SELECTION_EXPORT = "/selection/export"
    SELECTION_FORGET = "/selection/forget"
    FORGET_JOB = "/selection/forget/{job_id}"
    FORGET_EVENTS = "/selection/forget/{job_id}/events"
    DUPLICATES = "/duplicates"
    DUPLICATES_EVENTS = "/duplicates/events"
    DUPLICATES_KEEP = "/duplicates/keep"
    SELECTION_JOB = "/selection/jobs/{job_id}"
    SELECTION_JOB_EVENTS = "/selection/jobs/{job_id}/events"
    EXPORTS = "/exports"
    EXPORT_JOB = "/exports/{export_id}"
    EXPORT_CANCEL = "/exports/{export_id}/cancel"
    ACTS = "/acts"
    ACTS_UNDO = "/acts/undo"
    PHOTO_ANIMALS = "/photos/{number}/animals"
    ANIMALS = "/animals"
    ANIMAL_TILES = "/animals/tiles"
    ANIMAL_NAMES = "/animals/names"
    SUGGESTIONS = "/animals/suggestions"
    SUGGESTIONS_FIND = "/animals/suggestions/find"
    SUGGESTIONS_ACCEPT = "/animals/suggestions/accept"
    WHICH = "/animals/which"
    ANIMAL = "/animals/{animal}"
    ANIMAL_EDIT = "/animals/{animal}/edit"
    ANIMAL_PHOTOS = "/animals/{animal}/photos"
    ANIMAL_SIMILAR = "/animals/{animal}/similar"
    ANIMAL_MERGE = "/animals/{animal}/merge"
    ANIMAL_REMOVE = "/animals/{animal}/remove"
    ANIMAL_CARD = "/animals/{animal}/card.pdf"
    REVIEW = "/review"
    REVIEW_NAME = "/review/name"
    REVIEW_LEAVE = "/review/leave"
    SCAN = "/scan"
    SCAN_KNOWN = "/scan/known"
    SCAN_PLAN = "/scan/plan"
    SCAN_JOB = "/scan/{scan_id}"
    SCAN_CANCEL = "/scan/{scan_id}/cancel"
    LEARN = "/learn"
    LEARN_UNDO = "/learn/undo"
    LEARN_JOB = "/learn/{learn_id}"
    LEARN_USE = "/learn/{learn_id}/use"
    BREEDS = "/breeds"
    BREEDS_CHANGE = "/breeds/change"
    MERGE = "/merge"
    MERGE_CONFIRM = "/merge/confirm"
    MERGE_UNDO = "/merge/undo"
    PHONE = "/phone"
    MANIFEST = "/manifest.webmanifest"
    ACCOUNT = "/account"
    ACCOUNT_PASSWORD = "/account/password"
    ACCOUNT_TOKENS = "/account/tokens"
    ACCOUNT_TOKEN_WITHDRAW = "/account/tokens/withdraw"
    USERS = "/users"
    USERS_CHANGE = "/users/change"
    LOGIN = "/login"
    LOGOUT = "/logout"
    STATIC = "/static"

    API_IDENTIFY = f"{API}/identify"
    API_HEATMAP = f"{API}/heatmap"
    API_PHOTOS = f"{API}/photos"
    API_PHOTO = f"{API}/photos/{{number}}"
    API_HISTORY = f"{API}/photos/{{number}}/history"
    API_CORRECTIONS = f"{API}/photos/{{number}}/corrections"
    API_SIMILAR = f"{API}/photos/{{number}}/similar"
    API_DUPLICATES = f"{API}/photos/{{number}}/duplicates"
    API_THUMBNAIL = f"{API}/photos/{{number}}/thumbnail"
    API_IMAGE = f"{API}/photos/{{number}}/image"
    API_PHOTO_FILE = f"{API}/photos/{{number}}/file"
    API_PHOTO_HEATMAP = f"{API}/photos/{{number}}/heatmap"
    API_COUNTS = f"{API}/counts"
    API_BREEDS = f"{API}/breeds"
    API_EXPORT = f"{API}/export"
    API_EXPORT_JOB = f"{API}/exports/{{export_id}}"
    API_EXPORT_CANCEL = f"{API}/exports/{{export_id}}/cancel"
    API_EXPORT_EVENTS = f"{API}/exports/{{export_id}}/events"
    API_EXPORT_FILE = f"{API}/exports/{{export_id}}/file"
    API_RUNS = f"{API}/runs"
    API_SCANS = f"{API}/scans"
    API_SCAN = f"{API}/scans/{{scan_id}}"
    API_SCAN_CANCEL = f"{API}/scans/{{scan_id}}/cancel"
    API_SCAN_EVENTS = f"{API}/scans/{{scan_id}}/events"
    API_LEARN = f"{API}/learn"
    API_LEARN_UNDO = f"{API}/learn/undo"
    API_LEARN_JOB = f"{API}/learn/{{learn_id}}"
    API_LEARN_USE = f"{API}/learn/{{learn_id}}/use"
    API_LEARN_EVENTS = f"{API}/learn/{{learn_id}}/events"
    API_MODELS = f"{API}/models"
    API_MERGE = f"{API}/merge"
    API_MERGE_UNDO = f"{API}/merge/undo"
    API_ANIMALS = f"{API}/animals"
    API_ANIMALS_IMPORT = f"{API}/animals/import"
    API_ANIMALS_MATCH = f"{API}/animals/match"
    API_SUGGESTIONS = f"{API}/animals/suggestions"
    API_SUGGESTIONS_ACCEPT = f"{API}/animals/suggestions/accept"
    API_SUGGESTION_ACCEPT = f"{API}/animals/suggestions/{{suggestion}}/accept"
    API_SUGGESTION_REFUSE = f"{API}/animals/suggestions/{{suggestion}}/refuse"
    API_ANIMAL = f"{API}/animals/{{animal}}"
    API_ANIMAL_CARD = f"{API}/animals/{{animal}}/card"
    API_ANIMAL_HISTORY = f"{API}/animals/{{animal}}/history"
    API_ANIMAL_MERGE = f"{API}/animals/{{animal}}/merge"
    API_ANIMAL_PHOTOS = f"{API}/animals/{{animal}}/photos"
    API_ANIMAL_TAKE_AWAY = f"{API}/animals/{{animal}}/photos/take-away"
    API_ANIMAL_MOVE = f"{API}/animals/{{animal}}/photos/move"
    API_ANIMAL_SIMILAR = f"{API}/animals/{{animal}}/similar"
    API_ANIMAL_SPLIT = f"{API}/animals/{{animal}}/split"
    API_ACTS = f"{API}/acts"
    API_ACT_UNDO = f"{API}/acts/{{act}}/undo"
    API_LABELS = f"{API}/photos/labels"
    API_FORGET = f"{API}/photos/forget"
    API_PHOTO_MATCH = f"{API}/photos/{{number}}/match"

    OPENAPI = "/openapi.json"
    HEALTHZ = "/healthz"
    READYZ = "/readyz"
    METRICS = "/metrics"


PAGES_OF_FORMS: Mapping[Route, Route] = {
    Route.IDENTIFY: Route.HOME,
    Route.CORRECTIONS: Route.PHOTO,
    Route.PHOTO_ANIMALS: Route.PHOTO,
    Route.SELECTION: Route.PHOTOS,
    Route.SELECTION_NEW: Route.PHOTOS,
    Route.SELECTION_ADD: Route.PHOTOS,
    Route.SELECTION_LABEL: Route.PHOTOS,
    Route.SELECTION_EXPORT: Route.PHOTOS,
    Route.SELECTION_FORGET: Route.PHOTOS,
    Route.SEARCHES: Route.PHOTOS,
    Route.SEARCH_REMOVE: Route.PHOTOS,
    Route.DUPLICATES_KEEP: Route.DUPLICATES,
    Route.EXPORT_CANCEL: Route.EXPORT_JOB,
    Route.ACTS_UNDO: Route.ACTS,
    Route.SUGGESTIONS_FIND: Route.SUGGESTIONS,
    Route.SUGGESTIONS_ACCEPT: Route.SUGGESTIONS,
    Route.ANIMAL_EDIT: Route.ANIMAL,
    Route.ANIMAL_PHOTOS: Route.ANIMAL,
    Route.ANIMAL_REMOVE: Route.ANIMAL,
    Route.REVIEW_NAME: Route.REVIEW,
    Route.SCAN_CANCEL: Route.SCAN_JOB,
    Route.LEARN_UNDO: Route.LEARN,
    Route.LEARN_USE: Route.LEARN_JOB,
    Route.BREEDS_CHANGE: Route.BREEDS,
    Route.MERGE_CONFIRM: Route.MERGE,
    Route.MERGE_UNDO: Route.MERGE,
    Route.SCAN_KNOWN: Route.SCAN,
    Route.SCAN_PLAN: Route.SCAN,
    Route.ACCOUNT_PASSWORD: Route.ACCOUNT,
    Route.ACCOUNT_TOKENS: Route.ACCOUNT,
    Route.ACCOUNT_TOKEN_WITHDRAW: Route.ACCOUNT,
    Route.USERS_CHANGE: Route.USERS,
}
"""The pages on which the forms stand that have an address of their own."""

_OWN = frozenset(route.split("/")[1] for route in Route)


def is_root_path(path: str) -> bool:
    """Whether a server can be put under a path: `/dogs`, `/a/b`, or nothing.

    One that begins like an address of the server's own can't be told from it.
    """
    return bool(_ROOT.fullmatch(path)) and (not path or path.split("/")[1] not in _OWN)


def forwarded_root(prefixes: str) -> str:
    """The root path in the header `X-Forwarded-Prefix`, each proxy's behind that of the one before.

    Args:
        prefixes: The header's value, such as `/site, /dogs`.

    Returns:
        The root path; empty where the header holds none.
    """
    root = "".join(one.strip().rstrip("/") for one in prefixes.split(","))
    return root if _ROOT.fullmatch(root) else ""


def under_root(scope: Scope, root: str) -> Scope:
    """A request under a root path: its path begins with it, as ASGI has it.

    Proxies pass requests on with the root path or without it; both are understood.

    Args:
        scope: The request's; a root path that the server has put there comes first.
        root: The root path of the settings.
    """
    root = scope.get("root_path", "") or root
    path = scope["path"]
    if path != root and not path.startswith(f"{root}/"):
        path = root + path
    return {**scope, "root_path": root, "path": path, _KEY: Urls(root)}


def with_query(address: str, /, **values: Any) -> str:
    """An address with a query of all values that are neither None nor empty; each of a tuple."""
    given = {name: value for name, value in values.items() if value not in (None, "", ())}
    if not given:
        return address
    return f"{address}?{urlencode(given, doseq=True, errors='surrogateescape')}"


def changed(address: str, /, **values: Any) -> str:
    """An address with other values in its query; its fragment stays."""
    parts = urlsplit(address)
    query = parse_qs(parts.query, errors="surrogateescape")
    path = with_query(parts.path, **{**query, **values})
    return f"{path}#{parts.fragment}" if parts.fragment else path


class Urls:
    """The addresses of the server, as paths from the top of its site.

    Attributes:
        root: The root path, such as `/dogs`; empty at the top of a site.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Those for the answer to a request."""
        urls: Self = scope.get(_KEY) or cls(scope.get("root_path", ""))
        return urls

    def route_path(self, scope: Scope) -> str:
        """The path of a request as routes are declared: without the root path."""
        path: str = scope["path"]
        return path.removeprefix(self.root)

    def _at(self, route: Route, /, **values: Any) -> str:
        return self.root + route.format(**values)

    def own(self, address: str) -> str:
        """An address as it is, if it is of this server; else nothing: no link leads elsewhere."""
        own = address.startswith(self.home()) and not address.startswith(("//", "/\\"))
        return address if own and address.isprintable() else ""

    def home(self) -> str:
        """The first page."""
        return self._at(Route.HOME)

    def identify(self) -> str:
        """Where the form of the first page sends its photos."""
        return self._at(Route.IDENTIFY)

    def photos(self, **query: Any) -> str:
        """The gallery."""
        return with_query(self._at(Route.PHOTOS), **query)

    def tiles(self) -> str:
        """A chunk of the gallery's list."""
        return self._at(Route.TILES)

    def searches(self) -> str:
        """Where searches get names."""
        return self._at(Route.SEARCHES)

    def remove_search(self, search: int) -> str:
        """Where a search loses its name."""
        return self._at(Route.SEARCH_REMOVE, search=search)

    def photo(self, number: int | str, **query: Any) -> str:
        """A photo's page; with the text `{number}` a pattern for scripts."""
        return with_query(self._at(Route.PHOTO, number=number), **query)

    def related(self, number: int) -> str:
        """What resembles a photo."""
        return self._at(Route.RELATED, number=number)

    def corrections(self, number: int) -> str:
        """Where the form of a photo's page sends what a visitor says of it."""
        return self._at(Route.CORRECTIONS, number=number)

    def selection(self) -> str:
        """Where the gallery sends the photos that were selected."""
        return self._at(Route.SELECTION)

    def selection_numbers(self) -> str:
        """The numbers of the photos of a part of the gallery's list."""
        return self._at(Route.SELECTION_NUMBERS)

    def selection_new(self) -> str:
        """Where an animal is made of the selected photos."""
        return self._at(Route.SELECTION_NEW)

    def selection_add(self) -> str:
        """Where the selected photos are added to an animal."""
        return self._at(Route.SELECTION_ADD)

    def selection_label(self) -> str:
        """Where the selected photos are labelled."""
        return self._at(Route.SELECTION_LABEL)

    def selection_export(self) -> str:
        """The selected photos as a file."""
        return self._at(Route.SELECTION_EXPORT)

    def selection_forget(self) -> str:
        """Where the selected photos are taken out."""
        return self._at(Route.SELECTION_FORGET)

    def forget_job(self, job_id: str, **query: Any) -> str:
        """The page on which taking photos out is watched."""
        return with_query(self._at(Route.FORGET_JOB, job_id=job_id), **query)

    def forget_events(self, job_id: str) -> str:
        """How far that is, as it happens."""
        return self._at(Route.FORGET_EVENTS, job_id=job_id)

    def duplicates(self, **query: Any) -> str:
        """The photos that show the same; their form looks for them."""
        return with_query(self._at(Route.DUPLICATES), **query)

    def duplicate_events(self) -> str:
        """How far looking for them is, as it happens."""
        return self._at(Route.DUPLICATES_EVENTS)

    def keep_duplicate(self) -> str:
        """Where one of them is kept, and the others are taken out."""
        return self._at(Route.DUPLICATES_KEEP)

    def selection_job(self, job_id: str, **query: Any) -> str:
        """The page on which labelling many photos is watched."""
        return with_query(self._at(Route.SELECTION_JOB, job_id=job_id), **query)

    def selection_job_events(self, job_id: str) -> str:
        """How far that is, as it happens."""
        return self._at(Route.SELECTION_JOB_EVENTS, job_id=job_id)

    def exports(self) -> str:
        """Where one chooses in which form photos are exported; with the exports so far."""
        return self._at(Route.EXPORTS)

    def export_job(self, export_id: str, **query: Any) -> str:
        """The page on which writing a file is watched."""
        return with_query(self._at(Route.EXPORT_JOB, export_id=export_id), **query)

    def cancel_export(self, export_id: str) -> str:
        """Where that is stopped."""
        return self._at(Route.EXPORT_CANCEL, export_id=export_id)

    def acts(self, **query: Any) -> str:
        """What people did last."""
        return with_query(self._at(Route.ACTS), **query)

    def undo(self) -> str:
        """Where what somebody did is taken back."""
        return self._at(Route.ACTS_UNDO)

    def photo_animals(self, number: int) -> str:
        """Where a photo's page sends the animal that it shows."""
        return self._at(Route.PHOTO_ANIMALS, number=number)

    def animals(self, **query: Any) -> str:
        """The animals; their form makes one."""
        return with_query(self._at(Route.ANIMALS), **query)

    def animal_tiles(self) -> str:
        """A chunk of the list of animals."""
        return self._at(Route.ANIMAL_TILES)

    def animal_names(self) -> str:
        """Where scripts ask for animals by a few letters."""
        return self._at(Route.ANIMAL_NAMES)

    def suggestions(self, **query: Any) -> str:
        """The suggested groups."""
        return with_query(self._at(Route.SUGGESTIONS), **query)

    def find_suggestions(self) -> str:
        """Where groups are looked for anew."""
        return self._at(Route.SUGGESTIONS_FIND)

    def accept_suggestions(self) -> str:
        """Where the suggestions of a page are accepted together."""
        return self._at(Route.SUGGESTIONS_ACCEPT)

    def which(self, **query: Any) -> str:
        """Which of the animals a photo shows."""
        return with_query(self._at(Route.WHICH), **query)

    def animal(self, animal: int, **query: Any) -> str:
        """An animal's page."""
        return with_query(self._at(Route.ANIMAL, animal=animal), **query)

    def edit_animal(self, animal: int) -> str:
        """Where an animal's record is changed."""
        return self._at(Route.ANIMAL_EDIT, animal=animal)

    def animal_photos(self, animal: int) -> str:
        """Where something is done with some photos of an animal."""
        return self._at(Route.ANIMAL_PHOTOS, animal=animal)

    def similar_animals(self, animal: int) -> str:
        """The animals that look like one."""
        return self._at(Route.ANIMAL_SIMILAR, animal=animal)

    def merge_animal(self, animal: int, **query: Any) -> str:
        """Where an animal is merged into another one."""
        return with_query(self._at(Route.ANIMAL_MERGE, animal=animal), **query)

    def remove_animal(self, animal: int) -> str:
        """Where an animal is removed."""
        return self._at(Route.ANIMAL_REMOVE, animal=animal)

    def animal_card(self, animal: int, **query: Any) -> str:
        """An animal's kennel card."""
        return with_query(self._at(Route.ANIMAL_CARD, animal=animal), **query)

    def review(self, **query: Any) -> str:
        """The review."""
        return with_query(self._at(Route.REVIEW), **query)

    def review_name(self) -> str:
        """Where the review sends the reviewer's name."""
        return self._at(Route.REVIEW_NAME)

    def review_leave(self) -> str:
        """Where the review says that its page is closed."""
        return self._at(Route.REVIEW_LEAVE)

    def scan(self, **query: Any) -> str:
        """The page on which a folder is chosen."""
        return with_query(self._at(Route.SCAN), **query)

    def scan_known(self) -> str:
        """Where the folders that were scanned before are scanned again."""
        return self._at(Route.SCAN_KNOWN)

    def scan_plan(self) -> str:
        """Where it is set when a folder is scanned by itself."""
        return self._at(Route.SCAN_PLAN)

    def scan_job(self, scan_id: str) -> str:
        """The page of one scan."""
        return self._at(Route.SCAN_JOB, scan_id=scan_id)

    def cancel_scan(self, scan_id: str) -> str:
        """Where a scan is stopped."""
        return self._at(Route.SCAN_CANCEL, scan_id=scan_id)

    def learn(self) -> str:
        """Where learning is asked for."""
        return self._at(Route.LEARN)

    def learn_job(self, learn_id: str) -> str:
        """The page of one learning."""
        return self._at(Route.LEARN_JOB, learn_id=learn_id)

    def use_learning(self, learn_id: str) -> str:
        """Where what was learned is put to use."""
        return self._at(Route.LEARN_USE, learn_id=learn_id)

    def undo_learning(self) -> str:
        """Where the model from before is put to use again."""
        return self._at(Route.LEARN_UNDO)

    def breeds(self, **query: Any) -> str:
        """The breeds; their form adds one."""
        return with_query(self._at(Route.BREEDS), **query)

    def change_breed(self, **query: Any) -> str:
        """Where a breed that people added is changed."""
        return with_query(self._at(Route.BREEDS_CHANGE), **query)

    def merge(self) -> str:
        """The page on which another catalogue is merged."""
        return self._at(Route.MERGE)

    def confirm_merge(self) -> str:
        """Where a merge is confirmed."""
        return self._at(Route.MERGE_CONFIRM)

    def undo_merge(self) -> str:
        """Where the last merge is taken back."""
        return self._at(Route.MERGE_UNDO)

    def phone(self) -> str:
        """The page with the address for a phone."""
        return self._at(Route.PHONE)

    def manifest(self, **query: Any) -> str:
        """How a home screen shows the site."""
        return with_query(self._at(Route.MANIFEST), **query)

    def account(self) -> str:
        """The page of the user who is signed in."""
        return self._at(Route.ACCOUNT)

    def account_password(self) -> str:
        """Where they change their password."""
        return self._at(Route.ACCOUNT_PASSWORD)

    def account_tokens(self) -> str:
        """Where they make a token."""
        return self._at(Route.ACCOUNT_TOKENS)

    def withdraw_token(self) -> str:
        """Where they withdraw one."""
        return self._at(Route.ACCOUNT_TOKEN_WITHDRAW)

    def users(self) -> str:
        """The users; their form adds one."""
        return self._at(Route.USERS)

    def change_user(self) -> str:
        """Where a user's role or password is changed, or a user removed."""
        return self._at(Route.USERS_CHANGE)

    def login(self, **query: Any) -> str:
        """The page that asks who it is."""
        return with_query(self._at(Route.LOGIN), **query)

    def logout(self) -> str:
        """Where a session is closed."""
        return self._at(Route.LOGOUT)

    def static(self, file: str) -> str:
        """A style, a script or a drawing."""
        return f"{self._at(Route.STATIC)}/{file}"

    def thumbnail(self, number: int, **query: Any) -> str:
        """The small square picture of a photo."""
        return with_query(self._at(Route.API_THUMBNAIL, number=number), **query)

    def image(self, number: int, **query: Any) -> str:
        """A photo at the size of a screen, or at its own."""
        return with_query(self._at(Route.API_IMAGE, number=number), **query)

    def photo_file(self, number: int) -> str:
        """A photo's own file."""
        return self._at(Route.API_PHOTO_FILE, number=number)

    def photo_heatmap(self, number: int, **query: Any) -> str:
        """What the network looked at on a photo of the catalogue, or on a dog of it."""
        return with_query(self._at(Route.API_PHOTO_HEATMAP, number=number), **query)

    def api_identify(self, **query: Any) -> str:
        """Where scripts send photos to be judged."""
        return with_query(self._at(Route.API_IDENTIFY), **query)

    def api_heatmap(self) -> str:
        """Where scripts send a photo to see what the network looked at."""
        return self._at(Route.API_HEATMAP)

    def api_photos(self, **query: Any) -> str:
        """Where scripts send photos to be added."""
        return with_query(self._at(Route.API_PHOTOS), **query)

    def api_photo(self, number: int) -> str:
        """What is known and said of a photo."""
        return self._at(Route.API_PHOTO, number=number)

    def api_breeds(self, **query: Any) -> str:
        """The breeds."""
        return with_query(self._at(Route.API_BREEDS), **query)

    def api_export_job(self, export_id: str) -> str:
        """An export's progress."""
        return self._at(Route.API_EXPORT_JOB, export_id=export_id)

    def api_export_events(self, export_id: str, **query: Any) -> str:
        """An export's progress as it happens."""
        return with_query(self._at(Route.API_EXPORT_EVENTS, export_id=export_id), **query)

    def api_export_file(self, export_id: str) -> str:
        """The file that an export has written."""
        return self._at(Route.API_EXPORT_FILE, export_id=export_id)

    def api_scan(self, scan_id: str) -> str:
        """A scan's progress."""
        return self._at(Route.API_SCAN, scan_id=scan_id)

    def api_scan_events(self, scan_id: str, **query: Any) -> str:
        """A scan's progress as it happens."""
        return with_query(self._at(Route.API_SCAN_EVENTS, scan_id=scan_id), **query)

    def api_learn_job(self, learn_id: str) -> str:
        """A learning's progress, and what it gained."""
        return self._at(Route.API_LEARN_JOB, learn_id=learn_id)

    def api_learn_events(self, learn_id: str, **query: Any) -> str:
        """A learning's progress as it happens."""
        return with_query(self._at(Route.API_LEARN_EVENTS, learn_id=learn_id), **query)


def page_of_form(request: Request) -> str:
    """The address of the page with the form that a request brings or asks for, with its query."""
    urls = Urls.of(request.scope)
    path: str = urls.route_path(request.scope)
    for form, page in PAGES_OF_FORMS.items():
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", form), path)
        if found is not None:
            path = page.format(**found.groupdict())
            break
    return urls.root + quote(path) + (f"?{request.url.query}" if request.url.query else "")
