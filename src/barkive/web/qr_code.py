"""QR codes of addresses, for terminals and for pages."""

from __future__ import annotations


def qr_lines(text: str) -> list[str]:
    """A QR code for a terminal, of half blocks: lines of one width, to be shown dark on light."""
    code = _drawn(text)
    if len(code) % 2:
        code.append([False] * len(code))
    blocks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    pairs = zip(code[::2], code[1::2], strict=True)
    return ["".join(blocks[both] for both in zip(*pair, strict=True)) for pair in pairs]


def qr_path(text: str) -> tuple[int, str]:
    """A QR code for SVG: the side of its square with the margin, and the path of what is dark."""
    code = _drawn(text)
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(code) for x, one in enumerate(row) if one)
    return len(code), "".join(dark)


def _drawn(text: str) -> list[list[bool]]:
    """Row by row, with the light margin: True for dark ones."""
    import segno

    rows = segno.make_qr(text, error="l").matrix_iter(border=4)
    return [[bool(one) for one in row] for row in rows]
