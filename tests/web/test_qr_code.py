"""QR codes of addresses, as OpenCV reads them."""

from __future__ import annotations

import numpy as np
import pytest

from barkive.web.qr_code import LONGEST, qr_code, qr_lines, qr_path


def read(code: list[list[bool]]) -> str:
    cv2 = pytest.importorskip("cv2")
    light = np.where(np.pad(np.array(code), 4), 0, 255).astype(np.uint8)
    text: str = cv2.QRCodeDetector().detectAndDecode(np.kron(light, np.ones((8, 8), np.uint8)))[0]
    return text


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("http://10.0.0.7:80", 25),
        ("a", 21),
        ("http://192.168.178.23:8000", 25),
        ("http://192.168.178.23:8000/barkive/dogs", 29),
        ("http://[2001:db8:85a3:8d3:1319:8a2e:370:7348]:8000/a-long-root-path", 33),
        ("x" * LONGEST, 37),
    ],
)
def test_a_phone_reads_it(text: str, side: int) -> None:
    code = qr_code(text)
    assert {len(code), *map(len, code)} == {side}
    assert read(code) == text


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="107 bytes do not fit"):
        qr_code("x" * (LONGEST + 1))


def test_in_a_terminal_two_rows_are_one_line() -> None:
    code, lines = qr_code("http://10.0.0.7:8000"), qr_lines("http://10.0.0.7:8000")
    assert {len(line) for line in lines} == {33}
    assert lines[:2] == [" " * 33] * 2
    rows = (
        [[c in "▀█" for c in line] for line in lines],
        [[c in "▄█" for c in line] for line in lines],
    )
    shown = [row for pair in zip(*rows, strict=True) for row in pair]
    assert [row[4:-4] for row in shown[4:29]] == code


def test_for_a_page_it_is_one_path() -> None:
    side, path = qr_path("http://10.0.0.7:8000")
    assert side == 33
    assert path.startswith("M4 4h1v1h-1zM5 4h1v1h-1z")
    assert path.count("M") == sum(map(sum, qr_code("http://10.0.0.7:8000")))
