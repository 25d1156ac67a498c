"""Text that is compared without regard to case and accents."""

from __future__ import annotations

import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


def fold(text: str) -> str:
    """The text in small letters, its accents set apart from them, ligatures dissolved.

    “Épagneul” becomes `épagneul`, in which the accent is a character of its own: drop what is
    combining, and `epagneul` is left.
    """
    # Case is folded after the decomposition, which can itself bring forth capitals (™ is “TM”),
    # and decomposed again, because folding can bring forth accents.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return folded.translate(_LIGATURES)
