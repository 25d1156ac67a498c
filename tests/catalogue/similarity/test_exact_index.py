from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barkive.catalogue.similarity import exact_index
from barkive.catalogue.similarity.exact_index import (
    Segment,
    blank,
    kept_and_stale,
    known_basis,
    ranked,
    read_segments,
    unit,
    write_segment,
)

CHANNELS = 200


def packed(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, CHANNELS)).astype(np.int8)


def write(folder: Path, after: int, vectors: np.ndarray) -> None:
    numbers = np.arange(after + 1, after + 1 + len(vectors), dtype=np.int64)
    halves = [slice(0, len(vectors) // 2), slice(len(vectors) // 2, None)]
    batches = ((numbers[half], vectors[half]) for half in halves if len(vectors[half]))
    write_segment(folder, after, after + len(vectors), len(vectors), batches)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60))
def test_no_bound_is_ever_too_low(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int
) -> None:
    folder = tmp_path_factory.mktemp("index")
    vectors = packed(count, seed)
    write(folder, 0, vectors)
    (segment,) = read_segments(folder)
    query = unit(packed(1, seed + 1))[0]
    assert (segment.bounds(query) >= unit(vectors) @ query).all()
    own = unit(vectors[:1])[0]
    assert segment.bounds(own)[0] >= 1


def test_the_best_comes_first_among_what_is_allowed(tmp_path: Path) -> None:
    vectors = packed(600)
    write(tmp_path, 0, vectors[:400])
    write(tmp_path, 400, vectors[400:])
    query = unit(vectors[[500]])[0]
    bounds = [
        (bound, numbers.tolist()) for bound, numbers in ranked(read_segments(tmp_path), query, None)
    ]
    assert 501 in bounds[0][1]
    assert [bound for bound, _ in bounds] == sorted((b for b, _ in bounds), reverse=True)
    assert sorted(n for _, numbers in bounds for n in numbers) == list(range(1, 601))
    allowed = np.array([3, 501, 777])
    (only,) = ranked(read_segments(tmp_path), query, allowed)
    assert sorted(only[1].tolist()) == [3, 501]
    assert list(ranked([], query, None)) == []


def test_vectors_that_are_taken_out_leave_nothing(tmp_path: Path) -> None:
    vectors = packed(30)
    write(tmp_path, 0, vectors[:20])
    write(tmp_path, 20, vectors[20:])
    blank(read_segments(tmp_path), [25, 3, 99])
    first, second = read_segments(tmp_path)
    for segment, number in ((first, 3), (second, 25)):
        gone = segment.rows["number"] == number
        assert not segment.rows["coordinates"][gone].any()
        assert not segment.rows["rest"][gone].any()
        assert segment.rows["rest"][~gone].all()
    query = unit(vectors[[24]])[0]
    assert second.bounds(query)[4] < 1e-4


def test_segments_that_are_damaged_or_leave_a_gap_are_not_used(tmp_path: Path) -> None:
    vectors = packed(30)
    write(tmp_path, 0, vectors[:10])
    write(tmp_path, 10, vectors[10:20])
    write(tmp_path, 20, vectors[20:])
    assert [s.last for s in read_segments(tmp_path)] == [10, 20, 30]
    (tmp_path / "10-20" / "rows.npy").write_bytes(b"damaged")
    assert [s.last for s in read_segments(tmp_path)] == [10]
    assert not (tmp_path / "10-20").exists()
    assert read_segments(tmp_path / "nowhere") == []


def test_a_segment_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    numbers = np.arange(1, 6, dtype=np.int64)
    with pytest.raises(OSError, match="5 vectors were read, and 9 expected"):
        write_segment(tmp_path, 0, 9, 9, [(numbers, packed(5))])
    assert list(tmp_path.iterdir()) == []


def test_small_segments_are_made_anew_so_that_there_are_few() -> None:
    def segment(count: int) -> Segment:
        return Segment(Path(), 0, 0, np.empty(0), np.empty(count, np.void(1).dtype))

    large, small, smaller = segment(1000), segment(100), segment(20)
    kept, stale = kept_and_stale([large, small, smaller], 30)
    assert kept == [large, small]
    assert stale == [smaller]
    assert kept_and_stale([large, small], 900) == ([], [small, large])
    assert kept_and_stale([], 5) == ([], [])


def test_a_vector_of_zeros_is_like_nothing() -> None:
    assert unit(np.zeros((1, 4), np.int8)).tolist() == [[0, 0, 0, 0]]


def test_segments_with_the_same_directions_are_joined_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact_index, "_AT_ONCE", 10)
    vectors = packed(30)
    write(tmp_path / "few", 0, vectors[:5])
    assert known_basis(read_segments(tmp_path / "few")) is None
    write(tmp_path, 0, vectors[:20])
    basis = known_basis(joined := read_segments(tmp_path))
    assert basis is not None
    rest = [(np.arange(21, 31), vectors[20:])]
    write_segment(tmp_path, 0, 30, 30, rest, basis=basis, joined=joined)
    (one,) = read_segments(tmp_path)
    assert one.basis.tolist() == joined[0].basis.tolist()
    assert one.rows["number"].tolist() == list(range(1, 31))
    assert one.rows[:20].tobytes() == joined[0].rows.tobytes()
    # The bounds hold for the others as well, whose directions these are not.
    assert (one.bounds(unit(vectors[25:26])[0]) >= unit(vectors) @ unit(vectors[25:26])[0]).all()


def test_what_another_program_wrote_as_well_is_removed(tmp_path: Path) -> None:
    vectors = packed(30)
    write(tmp_path, 0, vectors[:10])
    write(tmp_path, 10, vectors[10:20])
    write(tmp_path, 0, vectors)
    assert [s.last for s in read_segments(tmp_path)] == [30]
    assert [path.name for path in tmp_path.iterdir()] == ["0-30"]
