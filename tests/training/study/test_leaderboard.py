"""The report, to the letter."""

from dataclasses import replace
from pathlib import Path

import pytest

from barkive.training.study.job import Study
from barkive.training.study.leaderboard import study_report
from barkive.training.study.result import Result, Table
from barkive.training.study.study_recipe import StudyRecipe

STUDY = Study(Path("/photos/dogs"), Path("/deep/results"), Path("/deep/nets"), Path("elsewhere"))
HEAD = Result(
    recipe="mobilenetv2-head",
    about="A head.",
    digest="",
    seed=7,
    breeds=20,
    photos=(2100, 450, 451),
    unreadable=0,
    parameters=25_620,
    train_accuracy=0.7,
    validation_accuracy=0.8765,
    accuracy=0.9,
    interval=(0.8694, 0.9244),
    elsewhere=0.75,
    elsewhere_photos=12,
    epochs=12,
    seconds=125.0,
    images_per_second=61.4,
    memory=1536 * 2**20,
    bundle=9 * 2**20 + 2**19,
    diagnosis="It is sound.",
    rate=61.4,
    loader_rate=812.3,
    waited=0.0042,
    machine="2 cores, 8 GiB",
)
WORDS = Result(
    recipe="sift-words",
    about="No network.",
    digest="",
    seed=0,
    breeds=20,
    photos=(2100, 450, 451),
    unreadable=0,
    accuracy=0.25,
    seconds=99.0,
    diagnosis="The loss is lowest there.",
    machine="2 cores, 8 GiB",
)
SIZES = Result(
    recipe="sizes",
    about="Sizes.",
    digest="",
    seed=0,
    breeds=120,
    photos=(1, 2, 3),
    unreadable=0,
    memory=300 * 2**20,
    table=Table(
        ("size", "square", "accuracy", "megabytes", "photos_per_second"),
        ((96, "crop", 0.5, 12.34, 200.4), (224, "crop", 0.875, 60.0, 40.6)),
        "Larger is better.",
    ),
    machine="2 cores, 8 GiB",
)
RECIPES = {
    "mobilenetv2-head": StudyRecipe(
        about="A head.", original="0.92 | more", minutes=4, expected=(0.91, 0.97)
    ),
    "sift-words": StudyRecipe(about="No network.", kind="words"),
    "sizes": StudyRecipe(about="Sizes.", kind="sizes", minutes=8.5),
    "vgg16-head": StudyRecipe(about="Absent.", network="vgg16", original="0.5", minutes=5),
    "my own": StudyRecipe(about="Absent too.", network="simple-cnn"),
}
MISSING = {"vgg16-head": "No weights.", "my own": "No photos."}

EXPECTED = """\
## Leaderboard

| recipe | breeds | test accuracy (95 %) | validation | training | elsewhere | trained parameters \
| training time | photos a second | memory | bundle |
|---|---|---|---|---|---|---|---|---|---|---|
| mobilenetv2-head | 20 | 90.0 % (86.9–92.4) | 87.6 % | 70.0 % | 75.0 % of 12 | 25,620 \
| 2.1 min | 61 | 1.5 GB | 9.5 MB |
| sift-words | 20 | 25.0 % (–) | – | – | – | – | 99 s | – | – | – |

![Accuracies and times of training](leaderboard.png)

## Beside the original

| recipe | the original | here: training / validation / test | in words |
|---|---|---|---|
| mobilenetv2-head | 0.92 \\| more | 70.0 % / 87.6 % / 90.0 % | It is sound. |
| sift-words | – | – / – / 25.0 % | The loss is lowest there. |
| vgg16-head | 0.5 | not measured | – |
| my own | – | not measured | – |

Without a confusion matrix: sizes (they compare ways to prepare photos, in a table and a chart); \
without a heat map: sift-words (no network to look into).

## mobilenetv2-head

A head.

20 breeds, 2100 photos to train on, 450 for validation, 451 for the test; seed 7; 2 cores, 8 GiB; \
2.1 min of training; peak memory 1.5 GB.

```
barkive study dogs --recipe mobilenetv2-head --out results --backbone-weights nets \
--elsewhere elsewhere
```

About 4 minutes on two cores; expected 91 to 97 % on test. The result, 90.0%, lies outside the \
expected 91 to 97 %. The loader gives 812 photos a second and the network takes 61. \
The network limits: it waited for photos 0.4% of the time.

It is sound.

![mobilenetv2-head](mobilenetv2-head/curves.png)

## sift-words

No network.

20 breeds, 2100 photos to train on, 450 for validation, 451 for the test; seed 0; 2 cores, 8 GiB; \
99 s of training.

```
barkive study dogs --recipe sift-words --out results --elsewhere elsewhere
```

The loss is lowest there.

![sift-words](sift-words/regularisation.png)

## sizes

Sizes.

120 breeds, 1 photos to train on, 2 for validation, 3 for the test; seed 0; 2 cores, 8 GiB; \
peak memory 300.0 MB.

```
barkive study dogs --recipe sizes --out results --backbone-weights nets --elsewhere elsewhere
```

About 8.5 minutes on two cores.

| size | square | accuracy | megabytes | photos_per_second |
|---|---|---|---|---|
| 96 | crop | 50.0 % | 12 | 200 |
| 224 | crop | 87.5 % | 60 | 41 |

Larger is better.

![sizes](sizes/sizes.png)

## Not measured

**vgg16-head.** No weights. About 5 minutes on two cores; its accuracy was not measured yet.

```
barkive study dogs --recipe vgg16-head --out results --backbone-weights nets --elsewhere elsewhere
```

**my own.** No photos.

```
barkive study dogs --recipe 'my own.toml' --out results --elsewhere elsewhere
```

"""


def test_the_report_to_the_letter():
    assert study_report(STUDY, RECIPES, [HEAD, WORDS, SIZES], MISSING) == EXPECTED


def test_where_nothing_was_measured_no_picture_is_named():
    report = study_report(STUDY, RECIPES, [], MISSING)
    assert "![" not in report
    assert report.count("| not measured | – |") == 5


def test_what_was_not_run_has_its_row_and_its_command():
    report = study_report(STUDY, RECIPES, [HEAD, SIZES], MISSING)
    assert "| sift-words | – | not measured | – |\n| vgg16-head | 0.5 |" in report
    command = "barkive study dogs --recipe sift-words --out results --elsewhere elsewhere"
    assert f"**sift-words.** Not run yet.\n\n```\n{command}\n```\n" in report


def test_commands_name_folders_also_where_they_are_given_as_a_dot(tmp_path, monkeypatch):
    (tmp_path / "my dogs").mkdir()
    monkeypatch.chdir(tmp_path / "my dogs")
    report = study_report(Study(Path(), Path("out")), RECIPES, [HEAD], {})
    assert (
        "barkive study 'my dogs' --recipe mobilenetv2-head --out out --backbone-weights weights\n"
        in report
    )


def test_where_nothing_was_trained_the_confusion_is_shown():
    recipe = replace(RECIPES["mobilenetv2-head"], solver="lbfgs", head="own")
    result = replace(HEAD, parameters=0, seconds=0.0, epochs=None, rate=None)
    report = study_report(STUDY, {HEAD.recipe: recipe}, [result], {})
    assert "| 75.0 % of 12 | 0 | 0 s | 61 |" in report
    assert "; seed 7; 2 cores, 8 GiB; peak memory 1.5 GB." in report
    assert "![mobilenetv2-head](mobilenetv2-head/confusion.png)\n" in report


def test_the_precision_is_told_with_the_command_that_sets_it():
    recipes = {"mobilenetv2-head": replace(RECIPES["mobilenetv2-head"], precision="float32")}
    report = study_report(STUDY, recipes, [replace(HEAD, precision="float32")], {})
    assert "; 2 cores, 8 GiB; trained in float32; 2.1 min of training; " in report
    assert "--backbone-weights nets --precision float32 --elsewhere elsewhere\n" in report


@pytest.mark.parametrize(
    ("seconds", "memory", "cells"),
    [
        (None, None, "| – | 61 | – |"),
        (99.4, 2**20, "| 99 s | 61 | 1.0 MB |"),
        (100.0, 2**30, "| 1.7 min | 61 | 1.0 GB |"),
    ],
)
def test_times_and_sizes_in_their_units(seconds, memory, cells):
    result = replace(HEAD, seconds=seconds, memory=memory)
    assert cells in study_report(STUDY, RECIPES, [result], {})
