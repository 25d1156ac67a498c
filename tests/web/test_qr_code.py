"""QR codes of addresses, as OpenCV reads them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from barkive.web.qr_code import qr_lines, qr_path

ADDRESS = "http://192.168.178.23:8000/barkive/dogs"


def shown(lines: list[str]) -> list[list[bool]]:
    """What lines of half blocks show: True for dark."""
    pairs = (([c in "▀█" for c in line], [c in "▄█" for c in line]) for line in lines)
    return [row for pair in pairs for row in pair]


def read(code: list[list[bool]]) -> str:
    cv2 = pytest.importorskip("cv2")
    light = np.where(np.array(code), 0, 255).astype(np.uint8)
    text: str = cv2.QRCodeDetector().detectAndDecode(np.kron(light, np.ones((8, 8), np.uint8)))[0]
    return text


@pytest.mark.parametrize("text", ["http://10.0.0.7:80", ADDRESS, "http://[2001:db8::1]:8000/a"])
def test_a_phone_reads_it(text: str) -> None:
    assert read(shown(qr_lines(text))) == text


def test_in_a_terminal_two_rows_are_one_line() -> None:
    lines = qr_lines(ADDRESS)
    assert {len(line) for line in lines} == {2 * len(lines) - 1}
    assert lines[:2] == [" " * len(lines[0])] * 2


def test_for_a_page_it_is_one_path() -> None:
    side, path = qr_path(ADDRESS)
    code = np.zeros((side, side), bool)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path):
        code[int(y), int(x)] = True
    assert code[4, 4:11].all()  # the upper edge of a square
    assert read(code.tolist()) == ADDRESS
