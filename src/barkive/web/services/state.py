"""What every request shares: catalogue, network, small pictures, jobs. Knows nothing of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from barkive.catalogue import Catalogue
from barkive.classifier import Classifier
from barkive.evaluation import HeatMaps, occlusion
from barkive.web.services.inference_queue import Engine
from barkive.web.services.ingest import Additions
from barkive.web.services.merge_jobs import Merges
from barkive.web.services.scan_jobs import Scans
from barkive.web.services.thumbnails import Previews
from barkive.web.settings import Settings

# A page waits for another program's writing so long, and then says so.
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """What every request shares.

    Attributes:
        catalogue: Of the photos.
        classifier: Names the breeds.
        engine: Judges the photos of all requests together.
        previews: Small pictures of catalogued photos.
        scans: The scans that were asked for.
        additions: Takes photos into the catalogue.
        merges: The catalogues that visitors have sent to be merged.
        heat_maps: Shows what the network looked at.
    """

    catalogue: Catalogue
    classifier: Classifier
    engine: Engine
    previews: Previews
    scans: Scans
    additions: Additions
    merges: Merges
    heat_maps: HeatMaps

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Opens everything.

        Raises:
            CatalogueError: The catalogue can't be opened.
            BundleError: The model can't be.
            DeviceError: The network can't run on the device.
        """
        classifier = Classifier(settings.model, device=settings.device)
        catalogue = Catalogue(settings.catalogue, patience=_PATIENCE_SECONDS)
        return cls(
            catalogue=catalogue,
            classifier=classifier,
            engine=Engine(classifier, room=settings.limits.waiting),
            previews=Previews(settings.cache or _cache()),
            scans=Scans(catalogue, classifier),
            additions=Additions(catalogue, classifier, settings.additions or _kept(catalogue)),
            merges=Merges(catalogue),
            heat_maps=HeatMaps(occlusion(classifier.score), classifier.bundle.info.preprocessing),
        )

    def close(self) -> None:
        """Ends what runs, and closes the catalogue."""
        self.scans.close()
        self.engine.close()
        self.previews.close()
        self.merges.close()
        self.catalogue.close()


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("barkive", appauthor=False) / "previews"


def _kept(catalogue: Catalogue) -> Path:
    """A folder beside the catalogue's file, or in the user's data folder."""
    if catalogue.file is not None:
        return catalogue.file.with_name(f"{catalogue.file.stem}-photos")
    from platformdirs import user_data_path

    return user_data_path("barkive", appauthor=False) / "photos"
