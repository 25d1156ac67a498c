"""Recipes are found, read and checked; all that is wrong with one is told at once."""

import json
from dataclasses import fields, replace
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from barkive.errors import UsageError
from barkive.messages import Message
from barkive.training.study.study_recipe import NAMES, StudyRecipe, find_recipe, parse_recipe

SETTINGS = [field.name for field in fields(StudyRecipe)]


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_says_what_it_shows_and_how_long_it_takes(name):
    found, recipe = find_recipe(name)
    assert found == name
    assert recipe.about[0].isupper()
    assert recipe.about[-1] in ".?"
    assert recipe.minutes > 0


@pytest.mark.parametrize("name", NAMES)
def test_what_to_expect_is_stated_where_it_was_measured(name):
    _, recipe = find_recipe(name)
    not_measured = name.startswith(("vgg16", "xception", "resnet50", "mobilenetv2-own"))
    assert bool(recipe.expected) is not (not_measured or name in ("corrections", "sizes"))


def test_what_to_expect_in_words():
    one = StudyRecipe(about="x", minutes=4, expected=(0.91, 0.975))
    assert one.outlook == "About 4 minutes on two cores; expected 91 to 97.5 % on test."
    assert one.outcome(0.9096) == "The result, 91.0%, lies within the expected 91 to 97.5 %."
    assert one.outcome(0.98) == "The result, 98.0%, lies outside the expected 91 to 97.5 %."
    unknown = replace(one, expected=())
    assert unknown.outlook == "About 4 minutes on two cores; its accuracy was not measured yet."
    assert unknown.outcome(0.9) == ""
    assert replace(unknown, kind="sizes").outlook == "About 4 minutes on two cores."
    assert replace(one, minutes=0).outlook == "Expected 91 to 97.5 % on test."
    assert StudyRecipe(about="x").outlook == ""


# Results that were measured are kept under these.
DIGESTS = {
    "simple-cnn": "b9794989b27f5c63",
    "deep-cnn-augmented": "9888642061e77e32",
    "mobilenetv2-head": "39357598a7e69644",
    "sift-words": "4aafaa06507e09dd",
    "all-breeds": "72e105cbe095c9e3",
    "corrections": "da5772a6afc70952",
    "sizes": "642e3044eb29c4b8",
}


@pytest.mark.parametrize(("name", "digest"), DIGESTS.items())
def test_results_that_were_measured_are_still_those_of_the_recipe(name, digest):
    assert find_recipe(name)[1].digest[:16] == digest


@pytest.mark.parametrize("network", ["lite0", "lite2"])
@pytest.mark.parametrize("breeds", ["", "all-breeds-"])
def test_heads_differ_in_nothing_but_what_they_start_from(network, breeds):
    anew = find_recipe(f"{breeds}{network}-anew")[1]
    for head in ("centred", "own"):
        other = find_recipe(f"{breeds}{network}-{head}")[1]
        assert (other.head, replace(other, head="anew").digest) == (head, anew.digest)


def test_one_file_for_each_figure_of_the_study():
    folder = files("barkive.training.study") / "recipes"
    assert sorted(file.name for file in folder.iterdir()) == sorted(f"{n}.toml" for n in NAMES)
    assert set(NAMES) >= {
        *("simple-cnn", "simple-cnn-augmented", "deep-cnn", "vgg16-head", "vgg16-dense"),
        *("mobilenetv2-head", "mobilenetv2-finetuned", "mobilenetv2-less-augmentation"),
        *("mobilenetv2-less-dropout", "mobilenetv2-dense", "xception-head", "resnet50-head"),
        *("sift-words", "all-breeds"),
    }


def test_what_the_original_trained():
    recipes = {name: find_recipe(name)[1] for name in NAMES}
    networks = {name: recipe.network for name, recipe in recipes.items()}
    assert networks["vgg16-dense"] == networks["vgg16-head"] == "vgg16"
    assert networks["xception-head"] == "legacy_xception"
    assert networks["resnet50-head"] == "resnet50"
    assert networks["mobilenetv2-finetuned"] == "mobilenetv2_100"
    assert recipes["vgg16-dense"].dense == (128,)
    assert recipes["mobilenetv2-less-dropout"].dropout < recipes["mobilenetv2-head"].dropout
    less, head = recipes["mobilenetv2-less-augmentation"], recipes["mobilenetv2-head"]
    assert 0 < less.augmentation < head.augmentation
    of_all = [name for name in NAMES if recipes[name].breeds == 0]
    assert of_all == [*(name for name in NAMES if name.startswith("all-breeds")), "sizes"]
    assert recipes["mobilenetv2-second-draw"] == replace(
        head,
        about=recipes["mobilenetv2-second-draw"].about,
        minutes=recipes["mobilenetv2-second-draw"].minutes,
        expected=recipes["mobilenetv2-second-draw"].expected,
        original=recipes["mobilenetv2-second-draw"].original,
        draw=1,
    )
    # Judged on the same photos: nothing that the split depends on differs.
    assert len({(r.held_out, r.seed) for r in recipes.values()}) == 1


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "my own.toml"
    path.write_text('about = "Élan."\ndense = [64, 32]\nlearning_rate = 1\n', encoding="utf-8")
    name, recipe = find_recipe(str(path))
    assert name == "my own"
    assert recipe == StudyRecipe(about="Élan.", dense=(64, 32), learning_rate=1)


def test_every_fault_is_told_at_once_with_the_valid_keys():
    text = """
        minutes = "soon"
        netwrok = "vgg16"
        breeds = 1
        seed = -1
        dropout = true
        dense = [0]
        expected = [0.9, 0.1]
        augmentation = 2
        square = "round"
        enhance = ["sharpen"]
        image_size = 16
        solver = "sgd"
        network = "vgg61"
        words = 1
        sampling = "rare"
        learning_rate = inf
        penalty = nan
    """
    with pytest.raises(UsageError) as caught:
        parse_recipe(text, Message("recipe_of_file", {"path": "r.toml"}))
    told = str(caught.value)
    assert told.startswith(
        "The recipe file r.toml can't be used. It has no setting called “netwrok”"
    )
    assert f"the settings are {', '.join(SETTINGS)}." in told
    for part in (
        "It lacks “about”, a sentence that says what it shows.",
        "minutes is 'soon'; it must be a number.",
        "dropout is True; it must be a number.",
        "breeds is 1; it must be 2 or more, or 0 for all.",
        "seed is -1; it must be between 0 and 4294967295.",
        "dense is [0]; it must be widths above 0.",
        "expected is [0.9, 0.1]; it must be two shares of 0..1, the lower first.",
        "augmentation is 2; it must be between 0 and 1.",
        "learning_rate is inf; it must be above 0, and finite.",
        "penalty is nan; it must be 0 or more, and finite.",
        "kind “network” makes no use of sampling, words; leave them out.",
        "solver is “sgd”; it must be one of: adam, lbfgs.",
        "timm has no backbone called “vgg61”.",
        "The image size is 16; it must lie between 32 and 1024.",
        *("“round”", "“sharpen”", "“rare”", "The vocabulary has 1 words"),
    ):
        assert told.count(part) == 1, part


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"dense": [1.5]}, "dense is [1.5]; it must be a list of whole numbers."),
        ({"enhance": "stretch"}, "enhance is 'stretch'; it must be a list of texts."),
        ({"epochs": 2.0}, "epochs is 2.0; it must be a whole number."),
        ({"kind": 3}, "kind is 3; it must be a text."),
        ({"expected": [0.9]}, "expected is [0.9]; it must be two shares of 0..1, the lower first."),
        (
            {"kind": "words", "network": "vgg16", "dropout": 0.5, "epochs": 3},
            "kind “words” makes no use of network, dropout, epochs; leave them out.",
        ),
        (
            {"kind": "sizes", "image_size": 96, "batch": 8},
            "kind “sizes” makes no use of batch, image_size; leave them out.",
        ),
        (
            {"kind": "sizes", "solver": "lbfgs", "head": "centred"},
            "kind “sizes” makes no use of head; leave it out.",
        ),
        ({"head": "new"}, "head is “new”; it must be one of: anew, centred, own."),
        (
            {"head": "own"},
            "head is “own”, which takes the backbone's own classifier, a linear layer on pooled "
            "features: take solver “lbfgs”, and leave out neck.",
        ),
        (
            {"solver": "lbfgs", "head": "centred", "neck": "flattened"},
            "head is “centred”, which takes the backbone's own classifier, a linear layer on "
            "pooled features: take solver “lbfgs”, and leave out neck.",
        ),
        (
            {"solver": "lbfgs", "epochs": 3},
            "solver “lbfgs” makes no use of epochs; leave it out.",
        ),
        ({"colour": "grey"}, "colour is “grey”; mobilenetv2_100 was trained on rgb."),
        ({"draw": 1, "breeds": 0}, "draw is 1, but breeds is 0, which takes all at once."),
        (
            {"network": "deep-cnn", "dropout": 0.5},
            "deep-cnn has its own layers and is trained as a whole: leave out neck, dense, "
            "dropout and train_from.",
        ),
        (
            {"solver": "lbfgs", "augmentation": 0.5},
            "solver is “lbfgs”, which fits a prediction layer on frozen features: leave out dense, "
            "dropout, augmentation and train_from, or take “adam”.",
        ),
        (
            {"kind": "sizes", "network": "simple-cnn"},
            "kind is “sizes”, which fits prediction layers on a frozen backbone: take a network of "
            "timm, and leave out dense, dropout, augmentation and train_from.",
        ),
    ],
)
def test_one_fault(settings, fault):
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    with pytest.raises(UsageError) as caught:
        parse_recipe(f'about = "x"\n{text}', Message("recipe_named", {"name": "r"}))
    assert str(caught.value) == f"The recipe r can't be used. {fault}"


def test_what_is_no_recipe(tmp_path):
    with pytest.raises(
        UsageError, match=r"no recipe “vgg”; the recipes are simple-cnn, .*, or all"
    ):
        find_recipe("vgg")
    with pytest.raises(UsageError, match=r"none\.toml does not exist; check --recipe"):
        find_recipe(str(tmp_path / "none.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match=r"folder\.toml can't be read: Is a directory"):
        find_recipe(str(tmp_path / "folder.toml"))
    (tmp_path / "latin.toml").write_bytes('about = "Élan"'.encode("latin-1"))
    with pytest.raises(UsageError, match=r"latin\.toml can't be read: it is not UTF-8 text"):
        find_recipe(str(tmp_path / "latin.toml"))
    (tmp_path / "text.toml").write_text("about: yes")
    with pytest.raises(UsageError, match=r"text\.toml is no TOML: .*line 1"):
        find_recipe(str(tmp_path / "text.toml"))


# An alphabet of its own, because the table of all of Unicode takes seconds to make.
TEXTS = st.text('aé“"\\\n0.-', max_size=6) | st.sampled_from(["simple-cnn", "pad", "grey", "words"])
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*SETTINGS, "other"]), VALUES, max_size=6))
@example({"about": "x", "seed": 2**70})
@example({"about": "x", "encoding": "none", "words": 3})
def test_whatever_a_file_holds_it_is_a_recipe_or_one_sentence(settings):
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    try:
        recipe = parse_recipe(text, Message("recipe_named", {"name": "r"}))
    except UsageError:
        return
    assert recipe.seed < 2**32
    assert {key: getattr(recipe, key) for key in settings} == {
        key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
    }


def test_the_digest_changes_with_what_the_result_depends_on():
    one = StudyRecipe(about="x")
    told = replace(one, about="y", minutes=3, expected=(0.1, 0.2), original="z")
    assert told.digest == one.digest
    others = [
        *({"seed": 1}, {"draw": 1}, {"enhance": ("stretch",)}, {"square": "pad"}, {"dense": (3,)}),
        *({"dropout": 0.1}, {"image_size": 96}, {"network": "resnet50"}, {"kind": "words"}),
        *({"solver": "lbfgs"} | {"head": head} for head in ("anew", "centred", "own")),
        *({"precision": "float32"}, {"precision": "bfloat16"}),
    ]
    assert len({one.digest, *(replace(one, **other).digest for other in others)}) == 15


def test_a_precision_is_one_of_three_and_of_a_training_in_epochs():
    wanted = "precision is “half”; it must be one of: auto, float32, bfloat16."
    with pytest.raises(UsageError, match=wanted):
        StudyRecipe(about="x", precision="half")
    unused = "solver “lbfgs” makes no use of precision; leave it out."
    with pytest.raises(UsageError, match=unused):
        StudyRecipe(about="x", solver="lbfgs", precision="float32")


def test_what_is_frozen_and_what_needs_weights():
    head = StudyRecipe(about="x")
    assert (head.frozen, head.solvable, head.pretrained) == (True, True, True)
    augmented = replace(head, augmentation=0.5)
    assert (augmented.frozen, augmented.solvable) == (True, False)
    tuned = replace(head, train_from="all")
    assert (tuned.frozen, tuned.pretrained) == (False, True)
    scratch = replace(head, network="simple-cnn")
    assert (scratch.frozen, scratch.pretrained) == (False, False)
    assert not replace(head, kind="words").pretrained
