"""What every request shares: catalogue, network, small pictures, jobs. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from barkive import devices
from barkive.boxes import Box
from barkive.catalogue import AnimalFilter, Catalogue, Entry, KnownModel, Label, Match
from barkive.classifier import Classifier, Judged
from barkive.errors import CatalogueError, DeviceError, UnknownBreedError
from barkive.evaluation import HeatMaps, occlusion
from barkive.messages import Message
from barkive.verdicts import Status, Verdict
from barkive.web.services.asked_together import AskedTogether
from barkive.web.services.duplicate_jobs import DuplicateJobs
from barkive.web.services.export_jobs import ExportJobs
from barkive.web.services.forget_jobs import ForgetJobs
from barkive.web.services.inference_queue import InferenceQueue, Job, Place
from barkive.web.services.ingest import Ingest
from barkive.web.services.label_jobs import LabelJobs
from barkive.web.services.learn_jobs import LearnJobs
from barkive.web.services.merge_jobs import MergeJobs
from barkive.web.services.model_in_use import ModelInUse
from barkive.web.services.scan_jobs import ScanJobs
from barkive.web.services.scan_timetable import ScanTimetable
from barkive.web.services.suggestion_job import SuggestionJob
from barkive.web.services.thumbnails import Thumbnails, default_folder
from barkive.web.settings import Settings

# A page waits for another program's writing so long, and then says so.
_PATIENCE_SECONDS = 5.0
_HEAT_SIDE = 1024
# Of the photos in which boxes were drawn one is decoded at a time: large ones take much memory.
_BOXES = threading.Lock()


class SentPhoto(Protocol):
    """A photo that somebody has sent."""

    @property
    def name(self) -> str | None:
        """What its sender calls it; None if it has no name."""

    @property
    def reason(self) -> Message | None:
        """Why it is not looked at; None if it is."""

    async def read(self) -> bytes:
        """The content of its file, every time."""


@dataclass(frozen=True)
class Service:
    """What every request shares.

    Attributes:
        catalogue: Of the photos.
        model_in_use: Opens the model that names the breeds.
        inference: Judges the photos of all requests together.
        thumbnails: Small pictures of catalogued photos.
        scan_jobs: The scans that were asked for.
        scan_timetable: Scans folders by themselves.
        ingest: Takes photos into the catalogue.
        merge_jobs: The catalogues that visitors have sent to be merged.
        learn_jobs: What is learned from labels.
        label_jobs: Labels for many photos at once.
        export_jobs: Files that take long to write, and archives.
        suggestion_job: Looks for photos that seem to show one animal.
        forget_jobs: Take photos out.
        duplicate_jobs: Look for photos that show the same.
    """

    catalogue: Catalogue
    model_in_use: ModelInUse
    inference: InferenceQueue
    thumbnails: Thumbnails
    scan_jobs: ScanJobs
    scan_timetable: ScanTimetable
    ingest: Ingest
    merge_jobs: MergeJobs
    learn_jobs: LearnJobs
    label_jobs: LabelJobs
    export_jobs: ExportJobs
    suggestion_job: SuggestionJob
    forget_jobs: ForgetJobs
    duplicate_jobs: DuplicateJobs

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Opens everything.

        Raises:
            CatalogueError: The catalogue can't be opened.
            BundleError: The model can't be.
            DeviceError: The network can't run on the device.
        """
        devices.require_device(settings.device)
        catalogue = Catalogue(
            settings.catalogue, patience=_PATIENCE_SECONDS, added=settings.ingest_folder
        )
        in_use = ModelInUse(catalogue, settings.model, settings.device)
        cache = settings.cache or default_folder()
        thumbnails = Thumbnails(cache)
        scan_jobs = ScanJobs(catalogue, in_use.classifier)
        return cls(
            catalogue=catalogue,
            model_in_use=in_use,
            inference=InferenceQueue(in_use.classifier(), room=settings.limits.waiting),
            thumbnails=thumbnails,
            scan_jobs=scan_jobs,
            scan_timetable=ScanTimetable(catalogue.scan_plans, settings, scan_jobs),
            ingest=Ingest(catalogue, in_use.classifier),
            merge_jobs=MergeJobs(catalogue),
            learn_jobs=LearnJobs(catalogue, in_use),
            label_jobs=LabelJobs(catalogue),
            export_jobs=ExportJobs(catalogue, cache / "exports"),
            suggestion_job=SuggestionJob(catalogue),
            forget_jobs=ForgetJobs(catalogue, thumbnails),
            duplicate_jobs=DuplicateJobs(catalogue),
        )

    @property
    def classifier(self) -> Classifier:
        """Names the breeds, by the model in use as of now."""
        classifier = self.model_in_use.classifier()
        self.inference.use(classifier)
        return classifier

    @cached_property
    def _classifier_now(self) -> AskedTogether[Classifier]:
        return AskedTogether(lambda: self.classifier)

    def is_in_use(self, model: KnownModel) -> bool:
        """Whether a model of the catalogue names the breeds, with whichever detector."""
        return model.name.startswith(self.classifier.bundle.network)

    async def identify(
        self,
        photos: Sequence[SentPhoto],
        top: int,
        *,
        dogs: bool = True,
        place: Place | None = None,
    ) -> list[Verdict]:
        """The verdicts on photos, in order. Nothing of them is kept.

        Args:
            photos: As they were sent.
            top: How many breeds a verdict lists, at most.
            dogs: Whether each dog is looked for and judged; else photos are judged as wholes.
            place: That was kept for the first.

        Raises:
            BusyError: Too much waits.
        """
        taken = [one for one in photos if one.reason is None]
        judged = iter(await self._judge(taken, dogs=dogs, place=place))
        verdicts: list[Verdict] = []
        for one in photos:
            if one.reason is None:
                answer = next(judged)
                # Another model may have been put to use meanwhile.
                by = answer.item.classifier if dogs else answer.item.classifier.without_dogs()
                verdicts.append(by.verdict(answer, one.name, top=top))
            else:
                refused = Judged(one, Status.FAILED, one.reason, None)
                verdicts.append(self.inference.classifier.verdict(refused, one.name, top=top))
        return verdicts

    async def match(
        self, photo: SentPhoto, query: AnimalFilter, limit: int, place: Place | None = None
    ) -> list[Match]:
        """The animals that a photo may show, the likest first. Nothing of it is kept.

        Args:
            photo: As it was sent.
            query: Which animals.
            limit: How many at most.
            place: That was kept for it.

        Raises:
            BusyError: Too much waits.
            PhotoError: It can't be read.
        """
        (judged,) = await self._judge([photo], place=place)
        name = photo.name or "photo"
        seen = Judged(name, judged.status, judged.reason, judged.scores, judged.dogs)
        by = judged.item.classifier
        find = partial(self.catalogue.animals.match, seen, limit=limit, query=query, classifier=by)
        return await to_thread.run_sync(find)

    async def _judge(
        self, photos: Sequence[SentPhoto], *, dogs: bool = True, place: Place | None = None
    ) -> list[Judged[Job]]:
        """Has photos judged by the model in use.

        The catalogue is asked which that is while they are decoded: it is hardly ever another.

        Raises:
            BusyError: Too much waits.
        """
        last = self.inference.classifier
        current, judged = await asyncio.gather(
            self._classifier_now(),
            self.inference.judge(_contents(photos), dogs=dogs, place=place),
        )
        if current is not last:
            stale = [i for i, one in enumerate(judged) if one.item.classifier is last]
            sent = _contents([photos[i] for i in stale])
            for i, one in zip(stale, await self.inference.judge(sent, dogs=dogs), strict=True):
                judged[i] = one
        return judged

    def label(self, number: int, said: Label) -> Entry:
        """Writes what a person says of a photo, and has the box judged that they drew.

        Args:
            number: The photo's.
            said: By the person.

        Returns:
            The photo as it is now.

        Raises:
            BarkiveError: Nothing is written: see `Catalogue.label`.
        """
        return self._judged(self.catalogue.label(number, said), said)

    def answer(self, session: str, number: int, said: Label) -> Entry:
        """The same for what a session of the review says: see `ReviewQueue.answer`."""
        return self._judged(self.catalogue.review.answer(session, number, said), said)

    def _judged(self, entry: Entry, said: Label) -> Entry:
        if said.box is not None:
            # What they said is written, whatever becomes of the guesses beside it.
            with suppress(CatalogueError, DeviceError), _BOXES:
                return self.catalogue.judge_boxes(entry.id, self.classifier)
        return entry

    async def heat_map(self, photo: bytes | str, breed: str, box: Box | None = None) -> bytes:
        """A photo in grey, as the network saw it, with what spoke for a breed in colour.

        Args:
            photo: Its content or its path.
            breed: The id of a breed that the model knows.
            box: Of the dog that was judged; None where the photo was judged as a whole.

        Returns:
            A PNG file of the photo's shape.

        Raises:
            UnknownBreedError: The model does not know the breed.
            PhotoError: The photo can't be read.
        """
        classifier = self.classifier
        names = self.catalogue.models.names
        ids = [names.meant(label.id) for label in classifier.bundle.info.labels]
        meant = names.meant(breed)
        if meant not in ids:
            raise UnknownBreedError(breed, ())

        maps = HeatMaps(occlusion(classifier.score), classifier.bundle.info.preprocessing)

        def drawn() -> bytes:
            picture = maps.over_whole(photo, ids.index(meant), side=_HEAT_SIDE, box=box)
            file = io.BytesIO()
            picture.save(file, "PNG")
            return file.getvalue()

        return await to_thread.run_sync(drawn, limiter=_one_at_a_time())

    def close(self) -> None:
        """Ends what runs, and closes the catalogue."""
        self.scan_timetable.close()
        self.scan_jobs.close()
        self.learn_jobs.close()
        self.label_jobs.close()
        self.export_jobs.close()
        self.suggestion_job.close()
        self.forget_jobs.close()
        self.duplicate_jobs.close()
        self.inference.close()
        self.thumbnails.close()
        self.merge_jobs.close()
        self.catalogue.close()


async def _contents(photos: Sequence[SentPhoto]) -> AsyncIterator[bytes]:
    for one in photos:
        yield await one.read()


@cache
def _one_at_a_time() -> CapacityLimiter:
    # Each heat map takes all cores for a moment; many at once would stop the identifying.
    return CapacityLimiter(1)
