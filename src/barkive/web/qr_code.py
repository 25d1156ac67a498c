"""QR codes of short texts such as addresses: ISO/IEC 18004, bytes at error correction level L.

Versions 1 to 5 alone, whose data is one block: up to 106 bytes, in pictures of 21 to 37 modules.
"""

from __future__ import annotations

from collections.abc import Iterator

# Of each version: how many codewords hold data, and how many correct errors.
_CODEWORDS = ((19, 7), (34, 10), (55, 15), (80, 20), (108, 26))
_FORMAT = 0b111011111000100  # level L and mask 0, with their error correction, masked
_PADDING = (0xEC, 0x11)
_QUIET = 4  # modules around the picture that must be light

_POWERS = [1]
while len(_POWERS) < 255:
    _POWERS.append(_POWERS[-1] << 1 ^ (0x11D if _POWERS[-1] & 0x80 else 0))
_LOGARITHMS = {power: i for i, power in enumerate(_POWERS)}

LONGEST = _CODEWORDS[-1][0] - 2
"""How many bytes a text may have in UTF-8."""


def qr_code(text: str) -> list[list[bool]]:
    """The modules of a QR code, row by row: True for dark ones; without the light margin.

    Raises:
        ValueError: The text has more than `LONGEST` bytes.
    """
    data = text.encode()
    fitting = (i for i, (room, _) in enumerate(_CODEWORDS) if len(data) + 2 <= room)
    version = next(fitting, None)
    if version is None:
        raise ValueError(f"{len(data)} bytes do not fit into a QR code of {LONGEST}")
    room, correcting = _CODEWORDS[version]
    words = _data_words(data, room)
    words += _error_correction(words, correcting)
    side = 21 + 4 * version
    modules = _patterns(side, has_alignment=version > 0)
    bits = (bool(word >> i & 1) for word in words for i in range(7, -1, -1))
    for y, x in _zigzag(side):
        if modules[y][x] is None:  # a few bits remain where the data has ended
            modules[y][x] = next(bits, False) ^ ((x + y) % 2 == 0)
    return [[bool(module) for module in row] for row in modules]


def qr_lines(text: str) -> list[str]:
    """A QR code for a terminal, of half blocks: lines of one width, to be shown dark on light.

    Raises:
        ValueError: The text is too long.
    """
    code = _with_margin(qr_code(text))
    if len(code) % 2:
        code.append([False] * len(code))
    blocks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    pairs = zip(code[::2], code[1::2], strict=True)
    return ["".join(blocks[both] for both in zip(*pair, strict=True)) for pair in pairs]


def qr_path(text: str) -> tuple[int, str]:
    """A QR code for SVG: the side of its square with the margin, and the path of what is dark.

    Raises:
        ValueError: The text is too long.
    """
    code = _with_margin(qr_code(text))
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(code) for x, one in enumerate(row) if one)
    return len(code), "".join(dark)


def _with_margin(code: list[list[bool]]) -> list[list[bool]]:
    side = len(code) + 2 * _QUIET
    sides = [False] * _QUIET
    margin = [[False] * side for _ in range(_QUIET)]
    rows = [[*sides, *row, *sides] for row in code]
    return [*margin, *rows, *(list(row) for row in margin)]


def _data_words(data: bytes, room: int) -> list[int]:
    """Mode (bytes, 0100) and length stand four bits before the data; four zeros end it."""
    number = int.from_bytes(bytes([0x40 | len(data) >> 4, (len(data) << 4) & 0xF0]))
    shifted = (number << 8 * len(data)) | (int.from_bytes(data) << 4)
    words = list(shifted.to_bytes(len(data) + 2))
    return words + [_PADDING[i % 2] for i in range(room - len(words))]


def _error_correction(words: list[int], number: int) -> list[int]:
    """The remainder by the generator of Reed and Solomon's code."""
    generator = [1]
    for i in range(number):
        raised = [_times(one, _POWERS[i]) for one in generator]
        generator = [a ^ b for a, b in zip([*generator, 0], [0, *raised], strict=True)]
    rest = [*words, *([0] * number)]
    for i in range(len(words)):
        factor = rest[i]
        for k, one in enumerate(generator):
            rest[i + k] ^= _times(one, factor)
    return rest[len(words) :]


def _times(a: int, b: int) -> int:
    """The product in the field of 256 elements."""
    return _POWERS[(_LOGARITHMS[a] + _LOGARITHMS[b]) % 255] if a and b else 0


def _patterns(side: int, *, has_alignment: bool) -> list[list[bool | None]]:
    """What is the same whatever the data; None where that goes."""
    modules: list[list[bool | None]] = [[None] * side for _ in range(side)]

    def draw_square(x: int, y: int, radius: int) -> None:
        for v in range(max(0, y - radius), min(side, y + radius + 1)):
            for u in range(max(0, x - radius), min(side, x + radius + 1)):
                distance = max(abs(u - x), abs(v - y))
                modules[v][u] = distance in ((0, 1, 3) if radius == 4 else (0, 2))

    for i in range(8, side - 8):
        modules[6][i] = modules[i][6] = i % 2 == 0
    for x, y in ((3, 3), (side - 4, 3), (3, side - 4)):
        draw_square(x, y, 4)  # with the light line around it
    if has_alignment:
        draw_square(side - 7, side - 7, 2)
    modules[side - 8][8] = True
    # The format twice, beside the squares, its highest bit first.
    around = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(y, 8) for y in range(side - 1, side - 8, -1)]
    apart += [(8, x) for x in range(side - 8, side)]
    for places in (around, apart):
        for i, (y, x) in enumerate(places):
            modules[y][x] = bool(_FORMAT >> 14 - i & 1)
    return modules


def _zigzag(side: int) -> Iterator[tuple[int, int]]:
    """Rows and columns in the order of the data: two columns up, two down, from the right."""
    for turn, right in enumerate([*range(side - 1, 6, -2), 5, 3, 1]):
        for y in range(side) if turn % 2 else range(side - 1, -1, -1):
            yield y, right
            yield y, right - 1
