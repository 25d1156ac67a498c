"""A recipe's folder belongs to one run, and holds nothing of another."""

import errno
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from barkive.errors import UsageError
from barkive.training.study.recipe_folder import locked, remove_earlier_run

Usage = namedtuple("Usage", "total used free")


def test_one_run_at_a_time(tmp_path):
    folder = tmp_path / "out" / "tiny"
    with locked(folder):
        (folder / "a.csv").touch()
        with (
            pytest.raises(
                UsageError,
                match=r"Another run is at work in .*out/tiny; wait for its end, or choose another "
                r"place with --out\.",
            ),
            locked(folder),
        ):
            pass
        assert folder.is_dir()
    with locked(folder):
        pass
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


def test_the_lock_of_a_process_that_died_holds_nobody_up(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; "
        "from barkive.training.study.recipe_folder import locked; "
        "locked(Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "tiny")]
    assert subprocess.run(command, check=False).returncode == 9
    with locked(tmp_path / "tiny"):
        pass


def test_a_start_that_fails_leaves_no_folder(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(KeyError), locked(tmp_path / "out" / "deep" / "tiny"):
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list((tmp_path / "out").iterdir()) == []


def test_what_an_earlier_run_left_goes_and_a_users_own_files_stay(tmp_path):
    left = [
        *("result.json", "model.onnx", "evaluation.json", "curves.png", ".model.onnx.part"),
        *("checkpoint-0123.pt", ".checkpoint-0123.pt.part", ".checkpoint-abcd.pt.part"),
    ]
    for name in (*left, "checkpoint-abcd.pt", "notes.txt", "my.csv"):
        (tmp_path / name).touch()
    remove_earlier_run(tmp_path, tmp_path / "checkpoint-abcd.pt", 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("checkpoint-abcd.pt", "my.csv", "notes.txt"),
    ]


def test_too_little_room_is_told_with_what_is_needed_and_costs_no_result(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(9 * 2**30, 8 * 2**30, 2**30))
    (tmp_path / "result.json").touch()
    kept = tmp_path / "checkpoint-abcd.pt"
    with pytest.raises(UsageError) as caught:
        remove_earlier_run(tmp_path, kept, 5 * 2**30)
    assert str(caught.value) == (
        f"The folder {tmp_path} has room for 1.1 GB, and the run needs 5.4 GB; make room, or "
        "choose another place with --out."
    )
    assert (tmp_path / "result.json").exists()
    # A checkpoint that is there already takes no more room.
    with kept.open("wb") as file:
        file.truncate(4 * 2**30)
    remove_earlier_run(tmp_path, kept, 5 * 2**30)
    assert not (tmp_path / "result.json").exists()


def test_a_file_that_cannot_be_removed(tmp_path):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(UsageError, match=r"model\.onnx of an earlier run can't be removed: .*; re"):
        remove_earlier_run(tmp_path, tmp_path / "checkpoint.pt", 0)


def test_where_there_are_no_locks_the_folder_is_used_as_it_is(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unknown(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    with locked(tmp_path / "tiny"):
        pass
