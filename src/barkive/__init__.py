"""Barkive names the breed of the dog in a photo.

What programs need is here, and loaded when it is first asked for:

Examples:
    >>> from barkive import Catalogue, Classifier, Filter
    >>> for verdict in Classifier().predict(["rex.jpg", "photos/mila.heic"]):
    ...     print(verdict.file, verdict.status, verdict.breeds[:1])
    >>> with Catalogue("photos.sqlite") as catalogue:
    ...     catalogue.scan(["/home/ada/Pictures"])
    ...     beagles = list(catalogue.search(Filter(breed="beagle")))
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; `typing` alone would take half of the import

if TYPE_CHECKING:
    from typing import Any

    from barkive import errors
    from barkive.bundle import Bundle
    from barkive.catalogue import Catalogue, Filter
    from barkive.classifier import Classifier
    from barkive.images import Preprocessing
    from barkive.verdicts import Status, Verdict

__version__ = "0.2.0"

__all__ = [
    "Bundle",
    "Catalogue",
    "Classifier",
    "Filter",
    "Preprocessing",
    "Status",
    "Verdict",
    "errors",
]

_MODULES = {
    "Bundle": "bundle",
    "Catalogue": "catalogue",
    "Classifier": "classifier",
    "Filter": "catalogue",
    "Preprocessing": "images",
    "Status": "verdicts",
    "Verdict": "verdicts",
}


if not TYPE_CHECKING:  # or a name that is misspelt would be of any type

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in _MODULES:
            return getattr(import_module(f"barkive.{_MODULES[name]}"), name)
        if name in __all__:
            return import_module(f"barkive.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
