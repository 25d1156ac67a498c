"""What a run leaves behind is read back as it was; what is not whole counts for nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from barkive.errors import UsageError
from barkive.training.study import result
from barkive.training.study.result import Result, Table, read_result, write_result

# A result holds its version.
pytest.importorskip("timm", reason="timm is not installed")
pytestmark = pytest.mark.torch

TABLE = Table(("size", "accuracy"), ((96, 0.5), (224, 0.75)), "Larger is better.")
RESULT = Result(
    recipe="sizes",
    about="Élan.",
    digest="abc",
    seed=3,
    breeds=20,
    photos=(70, 15, 15),
    unreadable=1,
    accuracy=0.5,
    interval=(0.4, 0.6),
    table=TABLE,
)


@pytest.mark.parametrize("result", [RESULT, Result("a", "b", "c", 0, 2, (1, 1, 1), 0)])
def test_it_comes_back_as_it_was(result, tmp_path):
    write_result(tmp_path, result)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert read_result(tmp_path) == result
    assert json.loads((tmp_path / "result.json").read_text("utf-8"))["about"] == result.about


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"recipe": "a", "table": 3}'])
def test_what_is_not_whole_is_none(content, tmp_path):
    assert read_result(tmp_path) is None
    (tmp_path / "result.json").write_bytes(content)
    assert read_result(tmp_path) is None


def test_a_setting_of_a_later_version_is_passed_over(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps(RESULT.to_json() | {"beauty": 1}))
    assert read_result(tmp_path) == RESULT


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match=r"result\.json can't be written: No such file"):
        write_result(tmp_path / "none", RESULT)


def test_a_result_of_an_earlier_version_lacks_what_was_not_measured_then(tmp_path):
    content = {
        name: value
        for name, value in RESULT.to_json().items()
        if name not in ("rate", "loader_rate", "waited", "versions")
    }
    (tmp_path / "result.json").write_text(json.dumps(content))
    assert read_result(tmp_path) == replace(RESULT, versions={})


def test_the_machine_is_told_in_one_line():
    assert " cores, " in RESULT.machine
    assert "\n" not in RESULT.machine


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_the_peak_of_memory():
    before = result.peak_memory()
    assert before > 2**20
    held = b"1" * (before + 2**27)
    assert result.peak_memory() > before
    del held
