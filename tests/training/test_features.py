"""Every photo goes through the network once; the cache is right or not used."""

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest

from barkive.errors import UsageError
from barkive.images import Preprocessing
from barkive.messages import Message
from barkive.training import features
from barkive.training.features import extract_features

SQUARE = Preprocessing(32)


class Network:
    """Mean colours as features; counts the photos, and may be interrupted."""

    def __init__(self, stop_at=None):
        self.batches = []
        self.stop_at = stop_at

    def __call__(self, pixels):
        if len(self.batches) == self.stop_at:
            raise KeyboardInterrupt
        self.batches.append(len(pixels))
        return pixels.mean(axis=(1, 2)).astype(np.float32)


@pytest.fixture
def paths(tmp_path, photo):
    return [str(photo(tmp_path / f"{i}.png", (100 + 10 * i, 90, 80), i)) for i in range(6)]


@pytest.fixture
def extract():
    def run(paths, key="k", preprocessing=SQUARE, **options):
        network = Network(options.pop("stop_at", None))
        result = extract_features(paths, network, key=key, preprocessing=preprocessing, **options)
        return result, network.batches

    return run


@pytest.fixture
def batches_of_two(monkeypatch):
    monkeypatch.setattr(features, "_BATCH", 2)


def test_rows_are_in_the_order_of_the_photos(extract, paths, tmp_path, batches_of_two):
    (tmp_path / "broken.jpg").write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    asked = [*paths[:3], str(tmp_path / "broken.jpg"), str(tmp_path / "folder.jpg"), *paths[3:]]
    told = []
    found, batches = extract(asked, on_progress=lambda done, total: told.append((done, total)))
    assert found.kept.tolist() == [0, 1, 2, 5, 6, 7]
    assert found.rows[:, 0] == pytest.approx([100, 110, 120, 130, 140, 150], abs=15)
    assert found.hashes.shape == (6, 4)
    assert found.failed == (
        (asked[3], Message("photo_empty")),
        (asked[4], Message("photo_is_folder")),
    )
    assert sum(batches) == 6
    assert told == [(2, 8), (4, 8), (6, 8), (8, 8)]


def test_a_second_run_takes_all_from_the_cache(extract, paths):
    first, _ = extract(paths)
    second, batches = extract(list(reversed(paths)))
    assert batches == []
    assert (second.rows[::-1] == first.rows).all()
    assert (second.hashes[::-1] == first.hashes).all()


def test_another_network_or_preprocessing_shares_nothing(extract, paths):
    extract(paths)
    assert extract(paths, key="other")[1] == [6]
    assert extract(paths, preprocessing=Preprocessing(48))[1] == [6]
    assert extract(paths, preprocessing=Preprocessing(32, "pad"))[1] == [6]


def test_a_changed_photo_is_computed_again(extract, paths, tmp_path, photo):
    before, _ = extract(paths)
    photo(tmp_path / "2.png", (10, 200, 10), 99)
    after, batches = extract(paths)
    assert batches == [1]
    assert (after.rows != before.rows).any(axis=1).tolist() == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_copies_are_computed_once(extract, paths, tmp_path, batches_of_two):
    for name in ("copy.png", "again.png"):
        (tmp_path / name).write_bytes((tmp_path / "0.png").read_bytes())
    asked = [paths[0], str(tmp_path / "copy.png"), paths[1], str(tmp_path / "again.png")]
    found, batches = extract(asked)
    assert batches == [1, 1]
    assert (found.rows[0] == found.rows[1]).all()
    assert (found.rows[0] == found.rows[3]).all()


def test_an_interrupted_run_keeps_what_it_had(extract, paths, batches_of_two):
    with pytest.raises(KeyboardInterrupt):
        extract(paths, stop_at=2)
    found, batches = extract(paths)
    assert batches == [2]
    assert len(found.rows) == 6


def test_shards_are_written_along_the_way(extract, paths, cache, batches_of_two, monkeypatch):
    monkeypatch.setattr(features, "_SHARD", 4)
    extract(paths)
    assert [path.suffix for path in cache.rglob("*") if path.is_file()] == [".npz", ".npz"]


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"PK no"]
)
def test_a_damaged_shard_is_computed_again(extract, paths, cache, damage):
    first, _ = extract(paths)
    (shard,) = cache.rglob("*.npz")
    shard.write_bytes(damage(shard.read_bytes()))
    second, batches = extract(paths)
    assert batches == [6]
    assert (second.rows == first.rows).all()
    assert extract(paths)[1] == []


def test_of_a_shard_only_what_is_asked_for_is_held(extract, paths, cache):
    whole, _ = extract(paths)
    (folder,) = {shard.parent for shard in cache.rglob("*.npz")}
    opened = features._Cache(folder)
    entry = hashlib.sha256(Path(paths[2]).read_bytes()).digest()
    assert entry in opened
    ((found, (row, _)),) = opened.rows({entry}).items()
    assert found == entry
    assert row.tolist() == whole.rows[2].tolist()
    assert row.base.nbytes == row.nbytes


def test_damage_within_a_shard_is_told(extract, paths, cache):
    whole, _ = extract(paths)
    (shard,) = cache.rglob("*.npz")
    content = shard.read_bytes()
    assert content.count(whole.rows.tobytes()) == 1
    shard.write_bytes(content.replace(whole.rows.tobytes(), bytes(whole.rows.nbytes)))
    with pytest.raises(UsageError, match=f"The cache's file {shard} is damaged; remove it"):
        extract(paths)


def test_runs_at_the_same_time_do_not_meet(extract, paths, cache):
    together = threading.Barrier(3)
    results = []

    def run():
        together.wait()
        results.append(extract(paths)[0])

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert all((result.rows == results[0].rows).all() for result in results)
    assert extract(paths)[1] == []
    assert all(path.suffix == ".npz" for path in cache.rglob("*") if path.is_file())


def test_no_photos_are_no_features(extract):
    found, batches = extract([])
    assert (len(found.rows), len(found.kept), found.failed, batches) == (0, 0, (), [])


def test_a_cache_that_cannot_be_made_is_told_before_any_work(extract, paths, tmp_path, monkeypatch):
    monkeypatch.setenv("BARKIVE_CACHE", str(tmp_path / "0.png"))
    with pytest.raises(UsageError, match=r"The cache folder .* can't be written .*BARKIVE_CACHE"):
        extract(paths)


def test_a_full_disk_is_told_and_leaves_nothing_behind(extract, paths, cache, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(UsageError, match="No space left on device"):
        extract(paths)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_the_cache_lies_in_the_users_folder_by_default(monkeypatch):
    monkeypatch.delenv("BARKIVE_CACHE")
    assert "barkive" in str(features.cache_folder())
