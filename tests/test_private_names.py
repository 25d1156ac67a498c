"""Private names of other libraries: each that the code uses has a test here."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import barkive

SOURCE = Path(barkive.__file__).parent
# Documented, whatever their underscore says: of named tuples, of SQLAlchemy's rows, and of `os`.
PUBLIC = {"_asdict", "_fields", "_replace", "_mapping", "_exit"}


def private_names(module: ast.Module) -> tuple[set[str], set[str]]:
    """The private names that a module makes, and those that it uses."""
    made: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                made.add(node.name)
            case ast.Name(id=name, ctx=ast.Store()):
                made.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                made.add(name)
            case ast.Attribute(attr=name):
                used.add(name)
            case ast.Import():
                used |= {alias.name.rpartition(".")[2] for alias in node.names}
            case ast.ImportFrom():
                used |= {alias.name for alias in node.names}
                used.add((node.module or "").rpartition(".")[2])
    return set(filter(is_private, made)), set(filter(is_private, used))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def foreign(modules: Iterator[str]) -> set[str]:
    """The private names that some module uses, and none makes."""
    made, used = zip(*(private_names(ast.parse(module)) for module in modules), strict=True)
    return set().union(*used) - set().union(*made) - PUBLIC


def test_examples_of_what_is_found() -> None:
    one = (
        "import lib._io\nfrom lib import _make\nclass A:\n  _b = 1\n  def _c(self): self._d = x._e"
    )
    other = "a._b + a._c() + a._d + a._f._asdict() + a.g + a.__doc__\na._h = 1"
    assert foreign(iter([one, other])) == {"_io", "_make", "_e", "_f", "_h"}


def test_every_private_name_of_another_library_has_a_test_here() -> None:
    modules = (file.read_text("utf-8") for file in SOURCE.rglob("*.py"))
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test__")}
    assert foreign(modules) == tests


def test__strip_protocol() -> None:
    fsspec = pytest.importorskip("fsspec")
    s3fs = pytest.importorskip("s3fs")
    assert fsspec.get_filesystem_class("memory")._strip_protocol("memory://a/b.jpg") == "/a/b.jpg"
    assert s3fs.S3FileSystem._strip_protocol("s3://kennel/a/b::c.jpg") == "kennel/a/b::c.jpg"


def test__lsdir() -> None:
    s3fs = pytest.importorskip("s3fs")
    assert inspect.iscoroutinefunction(s3fs.S3FileSystem._lsdir)
    assert {"path", "prefix"} <= set(inspect.signature(s3fs.S3FileSystem._lsdir).parameters)


def test__files_to_close_on_error() -> None:
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartParser

    async def nothing() -> Iterator[bytes]:
        yield b""

    headers = Headers({"content-type": "multipart/form-data; boundary=x"})
    parser = MultiPartParser(headers, nothing())
    parser.on_part_begin()
    parser._current_part.content_disposition = b'form-data; name="files"; filename="rex.jpg"'
    parser.on_headers_finished()
    (file,) = parser._files_to_close_on_error
    assert not file.closed
    file.close()


@pytest.mark.torch
def test__modules() -> None:
    from torch import nn

    part = nn.Identity()
    assert nn.Sequential(part)._modules == {"0": part}


@pytest.mark.torch
def test__BatchNorm() -> None:  # noqa: N802 - torch's name
    from torch import nn

    assert isinstance(nn.BatchNorm2d(3), nn.modules.batchnorm._BatchNorm)
    assert isinstance(nn.SyncBatchNorm(3), nn.modules.batchnorm._BatchNorm)
    assert not isinstance(nn.LayerNorm(3), nn.modules.batchnorm._BatchNorm)


@pytest.mark.torch
def test__is_mkldnn_bf16_supported() -> None:
    import torch

    assert torch.ops.mkldnn._is_mkldnn_bf16_supported() in (True, False)


@pytest.mark.torch
def test__distributed_c10d() -> None:
    from torch._C import _distributed_c10d
    from torch.distributed import TCPStore

    assert issubclass(TCPStore, _distributed_c10d.Store)
