"""What several processes need is seen before any work, and only where they share batches."""

import pytest

from barkive.errors import UsageError
from barkive.images import Preprocessing
from barkive.progress import no_progress
from barkive.training.process_group.group import SINGLE_PROCESS, ProcessGroup, Shard, use_group
from barkive.training.study import network_training
from barkive.training.study.study_recipe import StudyRecipe

FROZEN = {"network": "mobilenetv2_100", "image_size": 32}
SCRATCH = {"network": "simple-cnn", "image_size": 32}


class WorkError(Exception):
    """The work has begun."""


class Body:
    """A frozen one."""

    def rows(self, paths, stage):
        raise WorkError


class DatasetSplit:
    paths = ()


class Five(ProcessGroup):
    shard = Shard(0, 5)

    def set_device(self):
        raise UsageError("verbatim", sentence="There are too few GPUs.")


def task(recipe, base, split):
    return network_training.Task(recipe, None, base, split, no_progress, lambda line: None)


def begin(values):
    recipe = StudyRecipe(about="", **values)
    base = None if recipe.network == "simple-cnn" else Body()
    network_training.train_network(task(recipe, base, DatasetSplit()))


@pytest.mark.parametrize("values", [SCRATCH, {**FROZEN, "augmentation": 1.0, "epochs": 1}])
@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (3, "^5 processes can't share batches of 3 photos; set a larger batch in the recipe"),
        (5, "too few GPUs"),
    ],
)
def test_what_processes_lack_is_told_before_any_work(values, batch, told):
    with use_group(Five()), pytest.raises(UsageError, match=told):
        begin({**values, "batch": batch})


def test_a_frozen_body_asks_for_no_gpu():
    with use_group(Five()), pytest.raises(WorkError):
        begin({**FROZEN, "batch": 3})


@pytest.mark.parametrize(("group", "decoded"), [(SINGLE_PROCESS, 1), (Five(), 0)])
def test_several_processes_decode_when_they_train(tmp_path, photo, group, decoded):
    class One(DatasetSplit):
        paths = (str(photo(tmp_path / "0.png", (210, 60, 60), 0)),)

    recipe = StudyRecipe(about="", **SCRATCH)
    assert recipe.preprocessing == Preprocessing(32)
    with use_group(group):
        photos = network_training._photos(task(recipe, None, One()))
    assert photos._known.sum() == decoded
