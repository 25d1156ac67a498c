"""What is done is not run again; what was interrupted goes on, and never looks whole."""

import errno
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from barkive import __version__
from barkive.errors import DataError, UsageError, WeightsError
from barkive.training import loop
from barkive.training.study import network_recipe as network_module
from barkive.training.study import run_recipes as module
from barkive.training.study.recipe_folder import locked
from barkive.training.study.result import read_result, write_result
from barkive.training.study.run_recipes import run_recipe
from barkive.training.study.study_recipe import StudyRecipe

SCRATCH = {"network": "simple-cnn", "epochs": 3, "learning_rate": 0.003}


@pytest.fixture
def done(job, solved, tiny, tmp_path):
    """A job that was run before, in a folder that may be changed."""
    shutil.copytree(solved.folder, tmp_path / "out" / "solved")
    return job(tiny(), name="solved")


def test_what_is_done_is_not_run_again(done, solved, monkeypatch):
    one, said = done
    monkeypatch.setattr(module, "_RUN", {})
    assert run_recipe(one) == solved.result
    assert said == [f"solved is done already; to run it again, remove {one.folder}."]


def test_it_is_run_again_where_recipe_photos_or_weights_changed(
    done, solved, dogs, weights, tmp_path
):
    one, _ = done
    digests = {one.digest(), replace(one, recipe=replace(one.recipe, seed=1)).digest()}
    shutil.copytree(dogs, tmp_path / "data")
    # The same photos elsewhere are the same photos.
    moved = replace(one, study=replace(one.study, data=tmp_path / "data"))
    assert moved.digest() == solved.result.digest
    (tmp_path / "data" / "green" / "7.png").write_bytes(b"1")
    digests.add(moved.digest())
    (tmp_path / "data" / "green" / "7.png").write_bytes(b"12")
    digests.add(moved.digest())
    (tmp_path / "data" / "green" / "7.png").unlink()
    (tmp_path / "data" / "green" / "7.png").symlink_to("nowhere")
    digests.add(moved.digest())
    renamed = tmp_path / "other.safetensors"
    shutil.copy(weights, renamed)
    digests.add(replace(one, study=replace(one.study, weights=renamed)).digest())
    digests.add(replace(one, study=replace(one.study, elsewhere=dogs)).digest())
    assert len(digests) == 7
    words = replace(one, recipe=StudyRecipe(about="x", kind="words"))
    assert words.digest() == replace(words, study=replace(one.study, weights=renamed)).digest()


def test_missing_weights_cost_no_earlier_result(done, tf_weights, solved):
    one, _ = done
    with pytest.raises(WeightsError, match="don't fit test_resnet"):
        run_recipe(replace(one, study=replace(one.study, weights=tf_weights)))
    assert read_result(one.folder) == solved.result
    other = replace(one, name="new", study=replace(one.study, weights=tf_weights))
    with pytest.raises(WeightsError):
        run_recipe(other)
    assert not other.folder.exists()


def test_a_result_of_another_version_is_named_so(done, solved):
    one, said = done
    versions = solved.result.versions | {"barkive": "0.0.9"}
    write_result(one.folder, replace(solved.result, versions=versions))
    run_recipe(one)
    assert said == [
        f"solved is done already by version 0.0.9, and this is {__version__}; to run it again, "
        f"remove {one.folder}."
    ]


@pytest.mark.parametrize(
    ("changed", "data"),
    [({"solver": "adam", "train_from": "layer9"}, None), ({"draw": 3}, None), ({}, "empty")],
)
def test_a_start_that_fails_costs_no_earlier_result(done, solved, tmp_path, changed, data):
    one, _ = done
    one = replace(one, recipe=replace(one.recipe, **changed))
    if data:
        (tmp_path / data / "beagle").mkdir(parents=True)
        (tmp_path / data / "beagle" / "1.jpg").write_bytes(b"")
        one = replace(one, study=replace(one.study, data=tmp_path / data))
    before = sorted(path.name for path in one.folder.iterdir())
    with pytest.raises((UsageError, DataError)):
        run_recipe(one)
    assert read_result(one.folder) == solved.result
    assert sorted(path.name for path in one.folder.iterdir()) == before
    new = replace(one, name="new")
    with pytest.raises((UsageError, DataError)):
        run_recipe(new)
    assert not new.folder.exists()


def test_two_runs_in_one_folder_are_refused(done):
    one, _ = done
    one = replace(one, recipe=replace(one.recipe, seed=1))
    with locked(one.folder), pytest.raises(UsageError, match="Another run is at work in"):
        run_recipe(one)


def test_checkpoints_that_do_not_fit_are_told_before_the_first_epoch(job, tiny, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 0))
    monkeypatch.setattr(loop, "fit", None)
    one, _ = job(tiny(**SCRATCH))
    # Two checkpoints of 16 bytes for each of 32 * 3 * 9 + 32 + 128 * 32**3 + 128 + 387 weights.
    with pytest.raises(UsageError, match=r"has room for 0 MB, and the run needs 135 MB; make"):
        run_recipe(one)


def test_an_interrupted_run_leaves_nothing_that_looks_whole(done, monkeypatch):
    one, _ = done

    def interrupt(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(network_module.evaluation, "write_report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_recipe(replace(one, recipe=replace(one.recipe, seed=1)))
    assert read_result(one.folder) is None
    # Not of the run before, either.
    assert [path.name for path in one.folder.iterdir()] == ["model.onnx"]


def test_an_interrupted_training_goes_on_and_ends_as_one_that_was_not(
    job, run_once, tiny, monkeypatch
):
    recipe = tiny(**SCRATCH, augmentation=1.0)
    one, _ = job(recipe)
    real, trained = loop.score, []

    def score(*arguments):
        trained.append(1)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "score", score)
    with pytest.raises(KeyboardInterrupt):
        run_recipe(one)
    assert [path.suffix for path in one.folder.iterdir()] == [".pt"]
    resumed = run_recipe(one)
    assert len(trained) == 2 + 2  # only the second and the third epoch are trained anew
    assert not list(one.folder.glob("*.pt"))
    whole = run_once(recipe)
    assert resumed.accuracy == whole.result.accuracy
    assert (one.folder / "predictions.csv").read_text() == (
        whole.folder / "predictions.csv"
    ).read_text()


def test_a_full_disk_is_one_sentence(done, monkeypatch):
    one, _ = done
    real = Path.write_bytes

    def write(self, content):
        if self.name.endswith(".part"):
            real(self, content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(UsageError, match=r"model\.onnx can't be written: No space left on device"):
        run_recipe(replace(one, recipe=replace(one.recipe, seed=1)))
    assert not (one.folder / "result.json").exists()
    assert not list(one.folder.glob("*.part"))


def test_a_folder_that_cannot_be_made(job, tiny, tmp_path):
    (tmp_path / "file").touch()
    one, _ = job(tiny(), out=tmp_path / "file")
    with pytest.raises(UsageError, match=r"file/tiny can't be made: .*file is a file; choose an"):
        run_recipe(one)
