"""The description of the API: a fuzzer that follows it finds nothing, and its examples fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from starlette.testclient import TestClient

from barkive.web import Settings, create_app

# More of them by hand: BARKIVE_FUZZ=500 pytest tests/web/api/test_openapi.py
EXAMPLES = int(os.environ.get("BARKIVE_FUZZ", "15"))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, colour_bundle: Path) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("described")
    made = create_app(
        Settings(
            catalogue=folder / "c.sqlite",
            model=colour_bundle,
            cache=folder / "cache",
            additions=folder / "added",
            hosts=None,
            folders=(str(folder),),
        )
    )
    with TestClient(made, base_url="http://127.0.0.1") as client:
        yield client.app


def test_a_fuzzer_finds_nothing(app: Any) -> None:
    found: list[str] = []
    tried = 0
    for result in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def fuzz(case: Any) -> None:
            case.call_and_validate()

        try:
            fuzz()
        except (Exception, BaseExceptionGroup) as error:
            found.append(f"{operation.label}: {error}\n{getattr(error, 'exceptions', '')}")
        tried += 1
    assert tried > 20
    assert not found, "\n\n".join(found)


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
