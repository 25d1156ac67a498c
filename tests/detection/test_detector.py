from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from barkive.boxes import Box
from barkive.detection.detector import METADATA_KEY, Detector, DetectorInfo, Glance
from barkive.detection.proposal import Proposal
from barkive.errors import BundleError

INFO = DetectorInfo("cells", ("person", "dog", "cat"), ("dog", "cat"), 64, 0.25, 0.5, {})
# A photo of 64 x 64 has 64 + 16 + 4 cells.
CELLS = 84


def cell(row: int, *values: float) -> tuple[int, tuple[float, ...]]:
    return row, values


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a detector that says the same of every photo of 64 x 64 pixels."""

    def make(*cells: tuple[int, tuple[float, ...]], metadata: str = INFO.to_metadata()) -> Path:
        values = np.zeros((1, CELLS, 8), np.float32)
        for row, one in cells:
            values[0, row] = one
        nodes = [
            helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMax", ["float"], ["most"], keepdims=0),
            helper.make_node("Mul", ["most", "none"], ["zero"]),
            helper.make_node("Add", ["values", "zero"], ["cells"]),
        ]
        graph = helper.make_graph(
            nodes,
            "cells",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, "h", "w", 3])],
            [helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, CELLS, 8])],
            [
                numpy_helper.from_array(values, "values"),
                numpy_helper.from_array(np.array(0, np.float32), "none"),
            ],
        )
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
        if metadata:
            helper.set_model_props(model, {METADATA_KEY: metadata})
        path = tmp_path / "detector.onnx"
        onnx.save(model, path)
        return path

    return make


def photo(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def test_cells_become_boxes_in_shares_of_the_photo(write: Callable[..., Path]) -> None:
    # The last grid: 2 x 2 cells of 32 pixels. This one is of the second row, first column.
    path = write(cell(82, 0.5, 0.25, math.log(0.5), math.log(0.25), 0.8, 0.1, 0.5, 0.9))
    (found,) = Detector(path).propose(photo(64, 64))
    # Centre 16, 40; 16 wide, 8 high.
    assert found.box == Box(0.125, 0.5625, 0.25, 0.125)
    assert found.score == pytest.approx(0.72)
    assert found.dog == pytest.approx(0.4)


def test_a_photo_that_is_not_square_is_filled_up_at_its_end(write: Callable[..., Path]) -> None:
    path = write(cell(83, 0.0, 0.0, math.log(1), math.log(1), 1, 0, 0.5, 0))
    (found,) = Detector(path).propose(photo(320, 200))
    # Scaled to 64 x 40, filled up to 64 x 64. Centre 32, 32; 32 wide, 32 high: 8 of them outside.
    assert found.box.to_json() == {"x": 0.25, "y": 0.4, "width": 0.5, "height": 0.6}


def test_people_and_weak_scores_are_no_proposals(write: Callable[..., Path]) -> None:
    path = write(
        cell(80, 0.5, 0.5, 0, 0, 1, 0.9, 0.1, 0.1), cell(81, 0.5, 0.5, 0, 0, 0.4, 0, 0.6, 0)
    )
    assert Detector(path).propose(photo(64, 64)) == ()


def test_of_boxes_on_one_animal_the_surest_stays(write: Callable[..., Path]) -> None:
    path = write(
        cell(80, 0.5, 0.5, 0, 0, 1, 0, 0.5, 0),
        cell(81, -0.4, 0.5, 0, 0, 1, 0, 0.75, 0),
        cell(83, 0.5, 0.5, 0, 0, 1, 0, 0.3, 0),
    )
    found = Detector(path).propose(photo(64, 64))
    assert [round(one.score, 3) for one in found] == [0.75, 0.3]


def test_a_box_outside_the_photo_is_left_out(write: Callable[..., Path]) -> None:
    path = write(cell(83, 4.0, 4.0, 0, 0, 1, 0, 1, 0), cell(0, 0, 0, 300, 300, 1, 0, 1, 0))
    (found,) = Detector(path).propose(photo(64, 64))
    assert found.box == Box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("seen", "settled"),
    [
        ([], 0),
        ([(Box(0.2, 0.2, 0.5, 0.5), 0.9)], 1),
        ([(Box(0.2, 0.2, 0.5, 0.5), 0.4)], 1),
        ([(Box(0.2, 0.2, 0.5, 0.5), 0.39)], None),
        ([(Box(0.2, 0.2, 0.25, 0.25), 0.9)], 1),
        ([(Box(0.2, 0.2, 0.24, 0.25), 0.9)], None),
        ([(Box(0, 0, 0.5, 1), 0.9), (Box(0.5, 0, 0.5, 1), 0.2)], None),
        ([(Box(0, 0, 0.5, 1), 0.9), (Box(0.5, 0, 0.5, 1), 0.1)], 1),
        ([(Box(0, 0, 0.5, 1), 0.1)], None),
    ],
)
def test_a_glance_settles_photos_of_one_large_animal_and_of_none(
    seen: list[tuple[Box, float]], settled: int | None
) -> None:
    glance = Glance(side=192, threshold=0.15, nothing=0.05, sure=0.4, area=1 / 16)
    proposals = tuple(Proposal(box, score, score) for box, score in seen)
    assert glance.settles(proposals) == (None if settled is None else proposals[:settled])


@pytest.mark.parametrize(("score", "looks"), [(0.5, [32]), (0.3, [32, 64])])
def test_a_second_look_is_taken_where_a_glance_is_not_enough(
    score: float, looks: list[int]
) -> None:
    taken = []

    class Watched(Detector):
        def __init__(self) -> None:
            self.info = replace(INFO, glance=Glance(32, 0.25, 0.05, 0.4, 0.1))
            self._animals, self._dog = [6, 7], 6
            self._session = self  # type: ignore[assignment]

        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            side = inputs["pixels"].shape[1]
            taken.append(side)
            values = np.zeros((1, CELLS * side**2 // 64**2, 8), np.float32)
            values[0, -1] = 0.5, 0.5, 0, 0, 1, 0, score, 0
            return [values]

    assert len(Watched().propose(photo(64, 64))) == 1
    assert taken == looks


def test_metadata_is_read_as_it_was_written() -> None:
    for info in (INFO, replace(INFO, glance=Glance(192, 0.15, 0.05, 0.4, 0.0625))):
        assert DetectorInfo.from_metadata(info.to_metadata()) == info


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("", "is an ONNX model but not one of Barkive's detectors"),
        ("{", "metadata"),
        ('{"format": 9}', "format"),
        ('{"format": 1, "name": "x"}', "metadata"),
    ],
)
def test_what_is_no_detector_is_refused(
    write: Callable[..., Path], metadata: str, said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        Detector(write(metadata=metadata))


def test_files_that_can_not_be_opened_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        Detector(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("dog")
    with pytest.raises(BundleError, match=r"text\.onnx"):
        Detector(tmp_path / "text.onnx")
    with pytest.raises(BundleError):
        Detector(tmp_path)


@given(
    cells=st.lists(
        st.tuples(
            st.integers(0, CELLS - 1),
            st.lists(st.floats(-100, 100, width=32), min_size=8, max_size=8),
        ),
        max_size=20,
    )
)
def test_whatever_a_network_says_the_boxes_lie_in_the_photo(
    cells: list[tuple[int, list[float]]],
) -> None:
    class Said(Detector):
        def __init__(self) -> None:
            self.info = replace(INFO)
            self._animals, self._dog = [6, 7], 6
            self._session = self  # type: ignore[assignment]

        def run(self, names: list[str], inputs: dict[str, object]) -> list[np.ndarray]:
            values = np.zeros((1, CELLS, 8), np.float32)
            for row, one in cells:
                values[0, row] = one
            return [values]

    for found in Said().propose(photo(64, 64)):
        assert found.box.area > 0
