"""Finds the pre-trained weights of a recipe's network, before any work is done."""

from __future__ import annotations

from pathlib import Path

from barkive.errors import UsageError, WeightsError
from barkive.training.backbones import Backbone, load_backbone
from barkive.training.study.study_recipe import StudyRecipe

_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


def load_weights(recipe: StudyRecipe, weights: Path | None) -> Backbone:
    """Loads a recipe's backbone from a file or from timm's hub.

    Args:
        recipe: Its network must be a model of timm.
        weights: A file; or a folder with files named after their networks, such as
            `mobilenetv2_100.tf_in1k.safetensors`, where a network without one there comes
            from the hub; None for the hub.

    Raises:
        WeightsError: The weights can't be had, or don't fit; the message names the file
            that is wanted. Or they hold no classifier, and the recipe's head takes it.
        UsageError: The file or folder does not exist.
    """
    file = find_weights(recipe.network, weights)
    try:
        backbone = load_backbone(recipe.network, file, image_size=recipe.image_size)
    except WeightsError as error:
        if weights is None or file is not None:
            raise
        name = f"{recipe.network.partition('.')[0]}.….safetensors"
        raise WeightsError(
            "weights_not_in_folder", folder=weights, file=name, reason=error
        ) from None
    if recipe.head != "anew" and backbone.classifier is None:
        raise WeightsError(
            "weights_no_classifier",
            head=recipe.head,
            backbone=backbone.name,
            reason=backbone.unclassified,
        )
    return backbone


def find_weights(network: str, weights: Path | None) -> Path | None:
    """The file of a network's weights; None for the hub.

    Raises:
        UsageError: There is no such file or folder.
    """
    if weights is None:
        return None
    if not weights.exists():
        raise UsageError("weights_not_found", path=weights)
    if weights.is_file():
        return weights
    files = sorted(
        file
        for file in weights.glob(f"{network.partition('.')[0]}*")
        if file.suffix in _SUFFIXES
        and (file.name.startswith(f"{network}.") or file.stem == network)
    )
    return files[0] if files else None
