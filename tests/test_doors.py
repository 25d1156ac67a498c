"""What `import barkive` gives to programs, and what it costs."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import barkive


def run(code: str, home: Path) -> str:
    """What a fresh interpreter prints."""
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "COLUMNS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_package_alone_loads_next_to_nothing(tmp_path: Path) -> None:
    code = (
        "import json, sys; before = {*sys.modules}; import barkive; "
        "print(json.dumps(sorted({*sys.modules} - before)))"
    )
    assert set(json.loads(run(code, tmp_path))) <= {"__future__", "barkive"}


def test_a_door_is_opened_when_it_is_used(tmp_path: Path) -> None:
    code = (
        "import sys; from barkive import errors; print('numpy' in sys.modules); "
        "from barkive import Status; print('onnxruntime' in sys.modules); "
        "from barkive import Classifier; print('onnxruntime' in sys.modules)"
    )
    assert run(code, tmp_path).split() == ["False", "False", "True"]


def test_the_network_runs_without_telemetry_and_leaves_the_environment_alone(
    tmp_path: Path,
) -> None:
    code = "import os; from barkive import Classifier; print('ORT_DISABLE_TELEMETRY' in os.environ)"
    assert run(code, tmp_path).strip() == "False"
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "name", ["barkive", "barkive.catalogue", "barkive.evaluation", "barkive.images"]
)
def test_everything_exported_is_there_and_described(name: str) -> None:
    module = import_module(name)
    assert set(module.__all__) <= set(dir(module))
    for one in module.__all__:
        member = getattr(module, one)
        if inspect.isclass(member) or inspect.isfunction(member) or inspect.ismodule(member):
            assert inspect.getdoc(member), f"{name}.{one} has no docstring"


@pytest.mark.parametrize("name", ["catalogue", "images"])
def test_a_stub_exports_what_it_imports(name: str) -> None:
    package = Path(barkive.__file__).parent / name
    tree = ast.parse((package / "__init__.pyi").read_text("utf-8"))
    (exported,) = (ast.literal_eval(one.value) for one in tree.body if isinstance(one, ast.Assign))
    # Constants, classes, and all else, as the linter has them.
    assert exported == sorted(
        exported, key=lambda one: (not one.isupper(), not one[0].isupper(), one)
    )
    assert set(exported) == set(import_module(f"barkive.{name}").__all__)


def test_the_doors() -> None:
    from barkive import bundle, catalogue, classifier, errors, images, verdicts

    doors = {name: getattr(barkive, name) for name in barkive.__all__}
    assert doors == {
        "Bundle": bundle.Bundle,
        "Catalogue": catalogue.Catalogue,
        "Classifier": classifier.Classifier,
        "Filter": catalogue.Filter,
        "Preprocessing": images.Preprocessing,
        "Status": verdicts.Status,
        "Verdict": verdicts.Verdict,
        "errors": errors,
    }


def test_there_is_no_other_door() -> None:
    with pytest.raises(AttributeError, match="module 'barkive' has no attribute 'Kennel'"):
        _ = barkive.Kennel
