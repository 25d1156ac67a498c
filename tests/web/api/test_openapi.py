"""The description of the API: a fuzzer that follows it finds nothing, and its examples fit."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields, Catalogue, Filter, Forgotten, Kind, Label
from barkive.web import Settings, create_app
from barkive.web.services.learn_jobs import LearnJob, State

pytestmark = pytest.mark.slow

# More of them by hand: BARKIVE_FUZZ=500 pytest tests/web/api/test_openapi.py
EXAMPLES = int(os.environ.get("BARKIVE_FUZZ", "15"))
COLOURS = [(250, 10, 10), (10, 250, 10), (120, 110, 90)]
FORGETTING = ("DELETE /api/v1/photos/{number}", "POST /api/v1/photos/forget")
# Any bytes may be sent as a photo: what is none is answered so, and not refused.
UPLOADS = (
    *("POST /api/v1/identify", "POST /api/v1/photos", "POST /api/v1/merge"),
    *("POST /api/v1/animals/match", "POST /api/v1/animals/import"),
)
# No schema tells a catalogue, a table or a photo from other files: what a fuzzer makes up is always
# refused.
MEANT = ("POST /api/v1/merge", "POST /api/v1/animals/match", "POST /api/v1/animals/import")

NOTHING_REAL = (
    "breed_unknown",
    "breed_add_built_in",
    "breed_french_taken",
    "breed_name_without_letters",
    *("filter_folder_empty", "filter_dates_reversed", "filter_added_reversed"),
    "filter_dogs_invalid",
    "label_dog_unknown",
    "box_outside_photo",
    *("export_option_unused", "export_empty"),
    *("animal_birth_invalid", "animal_birth_too_early", "animal_birth_in_future"),
    *("animal_day_invalid", "animal_dog_of_one_photo", "animal_main_photo_of_another"),
    *("animal_merged_already", "animal_move_to_itself", "animal_suggestion_other_photos"),
    *("animal_pattern_nameless", "animal_pattern_twice", "animal_pattern_adjacent"),
    *("animal_pattern_braces", "animal_pattern_long", "act_photos_or_filter"),
)


@pytest.fixture(scope="module")
def kennel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("described") / "kennel"
    folder.mkdir()
    for name, colour in enumerate(COLOURS):
        Image.new("RGB", (40, 30), colour).save(folder / f"{name}.png")
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    for number in range(6):
        Image.new("RGB", (40, 30), (240 - number, 240, 10)).save(folder / f"IMG_{number}.png")
    return folder


def teach(catalogue: Catalogue, kennel: Path) -> None:
    """Labels six photos, from which a breed can be learned."""
    shiba = Label(Kind.BREED, ("Shiba Inu",), other=True)
    for number in range(6):
        catalogue.label(kennel / f"IMG_{number}.png", shiba)


@pytest.fixture(scope="module")
def app(kennel: Path, remembering_bundle: Path) -> Iterator[Any]:
    """A server whose catalogue holds ten photos, of which six can be learned."""
    made = create_app(
        Settings(
            catalogue=kennel.parent / "c.sqlite",
            model=remembering_bundle,
            cache=kennel.parent / "cache",
            ingest_folder=kennel.parent / "added",
            hosts=None,
            folders=(str(kennel.parent),),
        )
    )
    service = made.state.service
    service.catalogue.scan(kennel, classifier=service.classifier)
    teach(service.catalogue, kennel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(kennel.parent / "user-cache"))
        with TestClient(made, base_url="http://127.0.0.1") as client:
            yield client.app


@pytest.fixture(scope="module")
def known(app: Any, kennel: Path) -> Callable[[str], dict[str, Any]]:
    """Gives values that mean something, because what a fuzzer makes up is not there.

    The photo has a duplicate and a history, so that no list is empty.
    """
    service = app.state.service
    first = next(service.catalogue.search()).id
    service.catalogue.label(first, Label(Kind.BREED, ("Boxer",), "chip says so", "Ada"))
    scan = service.scan_jobs.start([str(kennel)])
    end = time.monotonic() + 600
    while service.scan_jobs.get(scan.id).finished_at is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    other = kennel.parent / "other.sqlite"
    with Catalogue(other) as catalogue:
        catalogue.scan(kennel, classifier=service.classifier)
        catalogue.label(kennel / "1.png", Label(Kind.BREED, ("pug",)))

    def rested() -> list[LearnJob]:
        while service.learn_jobs.running is not None:
            assert time.monotonic() < end
            time.sleep(0.02)
        return service.learn_jobs.all()  # type: ignore[no-any-return]

    def learned() -> str:
        """A learning that can be put to use, while another one can be taken back."""
        rested()
        # What the fuzzer said of many photos at once may have replaced their labels.
        teach(service.catalogue, kennel)
        if service.catalogue.model_in_use is None or not any(
            one.is_in_use and one.parent for one in service.catalogue.known_models()
        ):
            service.learn_jobs.learn(use=True)
        for job in rested():
            was = job.learning.was if job.learning is not None else None
            if job.state is State.LEARNED and was == service.catalogue.model_in_use:
                return job.id
        service.learn_jobs.learn()
        return rested()[0].id

    def animals() -> dict[str, Any]:
        """Animals of photos, another one to merge with, and an act to undo."""
        kept = service.catalogue.animals
        photo, *others = (one.id for one in islice(service.catalogue.search(), 3))
        rex = kept.new(AnimalFields(name="Rex"), [photo, others[0]])
        mila = kept.new(AnimalFields(name="Mila"), others[1:2])
        return {
            "animal": rex.id,
            "animals": [mila.id],
            "to": mila.id,
            "photos": [photo],
            "main_photo": photo,
            "version": rex.version,
            "act": mila.version,
            "by": "Ada",
            "files": [(kennel / "0.png").read_bytes()],
            "table": b"code,name\n7,Rex\n",
        }

    made = 0

    def suggested() -> int:
        """A suggestion: photos in a folder that is called as an animal is."""
        nonlocal made
        made += 1
        folder = kennel.parent / f"Dog{made} Rex"
        folder.mkdir()
        for shade in range(2):
            colour = (made, 250, 20 + shade)
            Image.new("RGB", (40, 30), colour).save(folder / f"{shade}.png")
        service.catalogue.scan(folder, classifier=service.classifier)
        kept = service.catalogue.animals
        kept.suggest()
        return int(kept.suggestions()[-1].id)

    def exported() -> str:
        """An export that is finished; a new one, because old ones are forgotten."""
        jobs = service.export_jobs
        return jobs.wait(jobs.begin("parquet", "en", Filter()), 30).id

    def thrown_away() -> int:
        """A photo that nothing else needs."""
        nonlocal made
        made += 1
        photo = kennel.parent / "thrown away" / f"{made}.png"
        photo.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), (made % 256, made // 256, 250)).save(photo)
        service.catalogue.scan(photo, classifier=service.classifier)
        return int(service.catalogue.photo(photo).id)

    forget = service.forget_jobs.forget_now

    def forget_those_named(photos: list[int] | Filter, **options: Any) -> Forgotten:
        """Leaves the photos of filters, which the other operations need."""
        if not isinstance(photos, Filter):
            return forget(photos, **options)  # type: ignore[no-any-return]
        service.catalogue.count(photos)
        return Forgotten()

    service.forget_jobs.forget_now = forget_those_named

    def there(operation: str) -> dict[str, Any]:
        if operation in FORGETTING:
            number = thrown_away()
            return {"number": number, "photos": [number]}
        if "/animals" in operation or "/acts" in operation:
            suggestion = suggested() if "/suggestions" in operation else 0
            return {"number": first, "suggestion": suggestion} | animals()
        if "/merge" in operation:
            service.catalogue.merge(other)  # so that there is one to take back
        return {
            "number": first,
            "learn_id": learned() if "/learn" in operation else "",
            "export_id": exported() if "/exports" in operation else "",
            # The newest scan, because old ones are forgotten.
            "scan_id": service.scan_jobs.all()[0].id,
            "folders": [str(kennel)],
            "catalogue": other.read_bytes(),
        }

    return there


def failures(
    operation: Any, cases: Any, known: Callable[[str], dict[str, Any]] | None, reached: set[str]
) -> str:
    """What a fuzzer finds at one operation; empty where it is nothing."""

    @given(case=cases, meant=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="BARKIVE_FUZZ" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(case: Any, meant: bool) -> None:
        if known is not None and (meant or operation.label in MEANT):
            there = known(operation.label)
            for values in (case.path_parameters, case.body):
                if isinstance(values, dict):
                    values |= {name: there[name] for name in values.keys() & there.keys()}
            if operation.label in MEANT and not isinstance(case.body, dict):
                (case.body,) = there["files"]
        answer = case.call()
        # Any text fits the schema of a breed's or a folder's name, and hardly any is one; nor does
        # a schema tell which boxes lie in a photo, or which forms know animals.
        is_real = answer.status_code != 422 or answer.json()["code"] not in NOTHING_REAL
        excluded = [] if is_real else [positive_data_acceptance]
        case.validate_response(answer, excluded_checks=excluded)
        if answer.status_code < 300:
            reached.add(operation.label)

    try:
        fuzz()
    except (Exception, BaseExceptionGroup) as error:
        return f"{operation.label}: {error}\n{getattr(error, 'exceptions', '')}"
    return ""


def test_a_fuzzer_finds_nothing(app: Any, known: Callable[[str], dict[str, Any]]) -> None:
    found: list[str] = []
    reached: set[str] = set()
    labels: set[str] = set()
    for result in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = result.ok()
        labels.add(operation.label)
        cases = st.one_of(operation.as_strategy(), *operation.get_strategies_from_examples())
        found.append(failures(operation, cases, known, reached))
    assert not "".join(found), "\n\n".join(found)
    # An operation that was only ever refused was not tried.
    assert reached == labels
    assert len(labels) > 20


def test_a_fuzzer_that_sends_what_is_wrong_is_refused(app: Any) -> None:
    found: list[str] = []
    tried = 0
    for result in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = result.ok()
        nothing_to_get_wrong = not operation.query and not operation.body
        if operation.label in UPLOADS or (
            nothing_to_get_wrong and not len(operation.path_parameters)
        ):
            continue
        cases = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        found.append(failures(operation, cases, None, set()))
        tried += 1
    assert not "".join(found), "\n\n".join(found)
    assert tried > 15


def test_it_is_openapi_3_1_and_its_examples_fit_their_schemas(app: Any) -> None:
    document = app.openapi()
    assert document["openapi"].startswith("3.1")
    checked = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    if "example" in content and content.get("schema"):
                        whole = content["schema"] | {"components": document["components"]}
                        jsonschema_rs.validate(whole, content["example"])
                        checked += 1
    assert checked > 20
