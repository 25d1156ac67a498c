"""Scans on a real cluster, into real databases."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from barkive.batch.ray_engine import RayEngine
from barkive.batch.worker import Judge
from barkive.catalogue import Catalogue, Filter, Summary
from barkive.catalogue.photos.reading import Reading
from barkive.classifier import Classifier, Judged
from barkive.errors import ClusterError
from barkive.messages import Message
from barkive.verdicts import Status

ray = pytest.importorskip("ray", reason="Ray is not installed")
# Ray's own.
pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

_OWN = ("id", "added_at", "identified_at")
WHY = Message("photo_ended_worker")
ENDED = (
    "It ended the worker that read it, twice; it may need more memory than a worker has. Scan "
    "again when there is more."
)


def photos(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Every photo as its JSON, but for what another catalogue has of its own."""
    found = [entry.to_json() for entry in catalogue.search(Filter(missing=None))]
    assert len({one["file"] for one in found}) == len(found)
    return {one["file"]: {k: v for k, v in one.items() if k not in _OWN} for one in found}


@pytest.fixture
def engine(two_machines: Any, classifier: Classifier) -> Iterator[RayEngine]:
    with RayEngine(classifier, address=two_machines.address) as opened:
        yield opened


@pytest.fixture
def on_postgres(new_database: Callable[..., AbstractContextManager[str]]) -> Iterator[Catalogue]:
    with new_database(migrated=True) as url, Catalogue(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def as_on_one_machine(
    many: Path, classifier: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    with Catalogue(tmp_path_factory.mktemp("one") / "c.sqlite") as catalogue:
        catalogue.scan(many, classifier=classifier)
        return photos(catalogue)


def counts(summary: Summary) -> dict[str, int]:
    return {name: number for name, number in summary.counts().items() if number}


def test_a_machine_that_goes_in_the_middle_loses_and_doubles_nothing(
    engine: RayEngine,
    two_machines: Any,
    many: Path,
    classifier: Classifier,
    on_postgres: Catalogue,
    as_on_one_machine: dict[str, dict[str, Any]],
) -> None:
    assert engine.name == "ray, 2 machines, 2 CPU workers"
    told: list[tuple[int, int | None]] = []

    def remove(done: int, total: int | None) -> None:
        told.append((done, total))
        if done >= 200 and two_machines.worker_nodes:
            two_machines.remove_node(next(iter(two_machines.worker_nodes)))

    summary = on_postgres.scan(many, classifier=classifier, engine=engine, on_progress=remove)
    assert not two_machines.worker_nodes
    assert 0 < next(done for done, _ in told if done >= 200) < 2000
    assert told[-1] == (2000, 2000)
    assert summary.new == 2000
    assert (len(summary.failed), summary.counts()["failed"]) == (100, 100)
    assert photos(on_postgres) == as_on_one_machine
    assert len(as_on_one_machine) == 2000

    # Once more, on the machine that is left: nothing is to be done.
    again = on_postgres.scan(many, classifier=classifier, engine=engine)
    assert (again.unchanged, again.listed, again.missing) == (2000, 2000, 0)
    last, first = on_postgres.runs()
    assert (first.state.value, first.counts["new"]) == ("finished", 2000)
    assert first.engine == "ray, 2 machines, 2 CPU workers"
    assert first.versions.keys() >= {"barkive", "python", "onnxruntime", "pillow", "ray"}
    assert last.counts["unchanged"] == 2000


class Poisoned(Judge):
    """Ends its process at one photo, as the system does where memory runs out."""

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        if any(b"huge" in packed for packed in block["reading"]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(block)


class Broken(Judge):
    """Fails at every photo, as a card does that is broken."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._engine = self.fail

    def fail(self, readings: Iterator[Any]) -> Any:
        raise RuntimeError("no such thing\nin detail")


@pytest.fixture
def with_worker(engine: RayEngine) -> Iterator[Callable[[type[Judge]], RayEngine]]:
    here = sys.modules[__name__]
    ray.cloudpickle.register_pickle_by_value(here)

    def use(worker: type[Judge]) -> RayEngine:
        engine._judge = worker
        return engine

    yield use
    ray.cloudpickle.unregister_pickle_by_value(here)


def test_as_many_photos_as_workers_that_end_them_are_rows_and_cost_no_other(
    with_worker: Callable[[type[Judge]], RayEngine],
    kennel: Path,
    classifier: Classifier,
    on_postgres: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ray.data.DataContext.get_current()
    monkeypatch.setattr(context, "execution_no_progress_timeout_s", 120, raising=False)
    content = (kennel / "rex.png").read_bytes()
    (kennel / "rex.png").rename(kennel / "huge 1.png")
    (kennel / "huge 2.png").write_bytes(content)
    for i in range(5):
        (kennel / f"rex {i}.png").write_bytes(content)
    engine = with_worker(Poisoned)
    summary = on_postgres.scan(kennel, classifier=classifier, engine=engine)
    assert counts(summary) == {
        **{"listed": 11, "new": 11, "dog": 6, "uncertain": 1, "not_dog": 1, "failed": 3}
    }
    for name in ("huge 1.png", "huge 2.png"):
        assert (str(kennel / name), WHY) in summary.failed
        assert on_postgres.photo(kennel / name).error == ENDED

    # Where workers have more memory, they are photos as others.
    engine._judge = Judge
    again = on_postgres.scan(kennel, classifier=classifier, engine=engine)
    found = counts(again)
    # One of which it could not be told may be read once more, and is no change.
    assert found.pop("unchanged") + found.pop("again", 0) == 9
    assert found == {
        **{"listed": 11, "changed": 2},
        **{"dog": 8, "uncertain": 1, "not_dog": 1, "failed": 1},
    }


def test_what_fails_on_a_worker_is_told_of_and_no_failed_photo(
    with_worker: Callable[[type[Judge]], RayEngine],
    kennel: Path,
    classifier: Classifier,
    on_postgres: Catalogue,
) -> None:
    told = r"^The machine .+ of the Ray cluster has failed: RuntimeError: no such thing; mend it"
    with pytest.raises(ClusterError, match=told):
        on_postgres.scan(kennel, classifier=classifier, engine=with_worker(Broken))
    assert on_postgres.count(Filter(missing=None)) == 0
    assert on_postgres.runs()[0].state.value == "failed"


def test_a_cluster_that_makes_no_progress_ends_the_scan_with_a_sentence(
    engine: RayEngine,
    kennel: Path,
    classifier: Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ray.data.DataContext.get_current()
    if not hasattr(context, "execution_no_progress_timeout_s"):
        pytest.skip("This Ray waits for ever")
    # Less than a worker takes to start.
    monkeypatch.setattr(context, "execution_no_progress_timeout_s", 0.01)
    with (
        Catalogue(tmp_path / "c.sqlite") as catalogue,
        pytest.raises(ClusterError, match="has made no progress for too long; other work may"),
    ):
        catalogue.scan(kennel, classifier=classifier, engine=engine)


@pytest.fixture
def unconnected(monkeypatch: pytest.MonkeyPatch) -> RayEngine:
    """An engine whose pipelines give nothing, and whose machines work."""
    engine = object.__new__(RayEngine)
    monkeypatch.setattr(engine, "_piped", lambda readings, *, alone: iter(()), raising=False)
    monkeypatch.setattr(engine, "_check_machines", lambda: None, raising=False)
    return engine


def test_photos_that_all_end_their_workers_are_rows_that_are_asked_again(
    unconnected: RayEngine,
) -> None:
    window = [Reading("/photos/1.png", 10, 20), Reading("/photos/2.png", 30, 40)]
    assert list(unconnected._judged(window)) == [
        Judged(Reading("/photos/1.png", 10, None), Status.FAILED, WHY, None),
        Judged(Reading("/photos/2.png", 30, None), Status.FAILED, WHY, None),
    ]


def test_machines_that_can_not_work_any_more_are_no_failed_photos(
    unconnected: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ClusterError("verbatim", sentence="The machine a can't do the work.")

    monkeypatch.setattr(unconnected, "_check_machines", fail)
    with pytest.raises(ClusterError, match="The machine a can't do the work"):
        list(unconnected._judged([Reading("/photos/1.png", 10, 20)]))


def test_an_error_of_the_cluster_in_the_first_pass_is_tried_again_with_few_photos_too(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*given: Any, **options: Any) -> Any:
        raise ray.exceptions.RayError("It has ended.")

    monkeypatch.setattr(ray.data.Dataset, "iter_batches", end)
    readings = {0: Reading("/photos/1.png")}
    assert list(engine._piped(readings, alone=False)) == []
    with pytest.raises(ClusterError, match=r"has ended the work: It has ended; run the command"):
        list(engine._piped(readings, alone=True))


def test_photos_of_an_object_store(
    engine: RayEngine, s3: str, kennel: Path, classifier: Classifier, on_postgres: Catalogue
) -> None:
    import s3fs

    s3fs.S3FileSystem().put(str(kennel), "kennel/dogs/", recursive=True)
    summary = on_postgres.scan(f"{s3}/dogs", classifier=classifier, engine=engine)
    assert counts(summary) == {
        **{"listed": 5, "new": 5, "dog": 2, "uncertain": 1, "not_dog": 1, "failed": 1}
    }
    on_postgres.scan(kennel, classifier=classifier)
    for name in ("rex.png", "annex/mila.png", "mix.png"):
        there = next(on_postgres.search(Filter(text=f"dogs {name}")))
        assert there.breeds == on_postgres.photo(kennel / name).breeds


def test_an_interrupted_scan_goes_on_where_it_was(
    engine: RayEngine, many: Path, classifier: Classifier, on_postgres: Catalogue
) -> None:
    def interrupt(done: int, total: int | None) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_postgres.scan(many / "00", classifier=classifier, engine=engine, on_progress=interrupt)
    kept = on_postgres.count(Filter(missing=None))
    assert kept >= 100
    summary = on_postgres.scan(many / "00", classifier=classifier, engine=engine)
    assert (summary.listed, summary.unchanged, summary.new) == (200, kept, 200 - kept)


def test_a_window_bounds_what_is_held(
    engine: RayEngine,
    kennel: Path,
    classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("barkive.batch.ray_engine._LARGEST_WINDOW", 3)
    windows: list[int] = []
    judged = engine._judged

    def counted(window: Any) -> Any:
        windows.append(len(window))
        return judged(window)

    monkeypatch.setattr(engine, "_judged", counted)
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        summary = catalogue.scan(kennel, classifier=classifier, engine=engine)
    assert (summary.new, windows) == (5, [3, 2])
