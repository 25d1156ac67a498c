"""The classifier of a server, which follows when the catalogue puts another model to use."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from barkive.catalogue import Catalogue
from barkive.classifier import Classifier
from barkive.errors import CatalogueError

_log = logging.getLogger(__name__)


class ModelInUse:
    """Opens the model in use, and opens it anew when it is another one."""

    def __init__(self, catalogue: Catalogue, model: Path | None, device: str) -> None:
        """Opens it.

        Args:
            catalogue: Whose model in use is meant.
            model: A bundle that is taken instead, until it has learned: see `follow`; None for
                none.
            device: Where the network runs.

        Raises:
            BundleError: The model can't be opened.
            CatalogueError: The catalogue can't be read, or does not hold its model any more.
            DeviceError: The network can't run on the device.
        """
        self._catalogue, self._device = catalogue, device
        self._lock = threading.Lock()
        self._is_fixed = model is not None
        self._number = None if model is not None else catalogue.model_in_use
        self._classifier = (
            Classifier(model, device=device)
            if model is not None
            else catalogue.classifier(device=device)
        )

    def follow(self) -> None:
        """Takes the catalogue's model from now on, also where a bundle was given instead."""
        with self._lock:
            self._is_fixed = False

    def classifier(self) -> Classifier:
        """The classifier as of now; the same one for as long as no other model is put to use.

        Where another one can't be opened, it goes on with the last.
        """
        with self._lock:
            if self._is_fixed:
                return self._classifier
            try:
                number = self._catalogue.model_in_use
                if number != self._number:
                    self._classifier = self._catalogue.classifier(device=self._device)
                    self._number = number
            except CatalogueError as error:
                _log.warning("The model in use can't be opened: %s", error)
            return self._classifier
