"""Settings are checked once, and all faults told together."""

import json
from pathlib import Path

import pytest

from barkive.errors import UsageError
from barkive.training.recipe import Recipe


def test_defaults(breeds, tmp_path, weights):
    recipe = Recipe(data=breeds, out=tmp_path / "dogs.onnx", backbone_weights=weights)
    assert recipe.run_folder == tmp_path / "dogs-run"
    entry = json.loads(json.dumps(recipe.to_json()))
    assert entry["data"] == str(breeds)
    # The file is named after its network, which has a size of its own.
    assert entry["backbone"] == "test_resnet"
    assert entry["image_size"] == 160
    assert recipe.preprocessing.to_json() == {"size": 160, "square": "crop"}
    assert entry["validation"] == 0.15
    assert entry["not_dogs"] is None


def test_weights_that_name_no_network_are_for_the_default_one(breeds, tmp_path, weights):
    named_otherwise = tmp_path / "mine.safetensors"
    named_otherwise.write_bytes(weights.read_bytes())
    recipe = Recipe(data=breeds, out=tmp_path / "dogs.onnx", backbone_weights=named_otherwise)
    assert recipe.network == "tf_efficientnet_lite2"
    assert recipe.size == 260


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"head": "new"},
            "There is no head “new”; it must be one of auto, centred, anew.",
        ),
        ({"float_first": -1}, "-1 convolutions can't stay in float; it must be 0 or more."),
        ({"also": ("Dalmatiann",)}, "Barkive knows no breed called “Dalmatiann”"),
        ({"elsewhere": Path("none")}, "The folder none does not exist; give a folder of breeds,"),
    ],
)
def test_faults_of_what_the_head_learns_from(settings, fault, breeds, tmp_path, weights):
    with pytest.raises(UsageError) as caught:
        Recipe(data=breeds, out=tmp_path / "m.onnx", backbone_weights=weights, **settings)
    assert fault in str(caught.value)


def test_all_faults_are_told_together(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        Recipe(
            data=tmp_path / "none",
            out=tmp_path / "m.pt",
            not_dogs=tmp_path / "file",
            backbone="mobilenetv2_10",
            backbone_weights=tmp_path / "w.pth",
            image_size=9,
            validation=1,
            seed=-1,
            enhance=("sharpen", "denoise"),
        )
    message = str(caught.value)
    for part in (
        f"The folder {tmp_path / 'none'} does not exist; give",
        f"{tmp_path / 'file'} is not a folder; give",
        "The image size is 9; it must lie between 32 and 1024.",
        "There is no correction called “sharpen”; choose from: stretch, equalize, ",
        "timm has no backbone called “mobilenetv2_10”.",
        "m.pt must end in .onnx.",
        "The validation share is 1; it must be above 0 and below 1.",
        "The seed is -1; it must not be negative.",
        f"The weights file {tmp_path / 'w.pth'} does not exist; check --backbone-weights.",
    ):
        assert part in message


def test_corrections_are_among_the_settings(breeds, tmp_path, weights):
    recipe = Recipe(
        data=breeds,
        out=tmp_path / "dogs.onnx",
        backbone_weights=weights,
        enhance=("equalize", "denoise"),
    )
    assert recipe.preprocessing.enhance == ("equalize", "denoise")
    assert json.loads(json.dumps(recipe.to_json()))["enhance"] == ["equalize", "denoise"]


def test_corrections_that_cannot_be_made_here_are_told_before_training(
    breeds, tmp_path, weights, monkeypatch
):
    monkeypatch.setattr("barkive.images.enhance.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="The correction “clahe” needs the extra “enhance”"):
        Recipe(
            data=breeds,
            out=tmp_path / "dogs.onnx",
            backbone_weights=weights,
            enhance=("stretch", "clahe"),
        )


def test_a_folder_is_no_output(breeds, tmp_path):
    (tmp_path / "m.onnx").mkdir()
    with pytest.raises(UsageError, match=r"m\.onnx is a folder; name a file\.$"):
        Recipe(data=breeds, out=tmp_path / "m.onnx")
