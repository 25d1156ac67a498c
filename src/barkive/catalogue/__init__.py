"""The catalogue: an association's photos, searched, labelled and exported.

All that other parts of Barkive, and programs, need of it has its name here.

Examples:
    >>> from barkive.catalogue import Catalogue
"""

from barkive.catalogue.animal_records import (
    IN_CARE,
    SPECIES,
    STATUSES,
    Accepted,
    AcceptedJSON,
    Act,
    ActJSON,
    ActKind,
    Animal,
    AnimalChange,
    AnimalFields,
    AnimalFilter,
    AnimalJSON,
    AnimalVerdict,
    Match,
    MatchJSON,
    Origin,
    Sex,
    Suggestion,
    SuggestionJSON,
    SuggestionKind,
    View,
    ViewJSON,
)
from barkive.catalogue.animals.animal_cells import DayOrder
from barkive.catalogue.animals.animal_files import RowProblem
from barkive.catalogue.animals.animals import Animals, Labelled
from barkive.catalogue.animals.fields import known_word
from barkive.catalogue.animals.finding import Order
from barkive.catalogue.animals.imported import (
    FieldChange,
    Imported,
    ImportedJSON,
    ImportedRow,
    MatchBy,
)
from barkive.catalogue.animals.patterns import Found as FoundPattern
from barkive.catalogue.animals.patterns import Named, Pattern
from barkive.catalogue.annotations.added_breeds import Renamed
from barkive.catalogue.annotations.labels import Label
from barkive.catalogue.annotations.review_queue import Done, Progress, ReviewQueue
from barkive.catalogue.catalogue import Catalogue
from barkive.catalogue.db.database import default_location
from barkive.catalogue.db.schema import absolute_path
from barkive.catalogue.export.animal_words import (
    age_words,
    birth_words,
    breed_words,
    sex_words,
    species_words,
    status_words,
)
from barkive.catalogue.export.breed_list import BreedList, read_breed_list
from barkive.catalogue.export.exporter import ExportBy, FileExporter, TextExporter
from barkive.catalogue.export.exporting import Export, ExportFormat
from barkive.catalogue.export.kennel_card import CARD_SIZES, CardSize, write_cards
from barkive.catalogue.export.outcome import Failure, Outcome
from barkive.catalogue.export.registry import file_exporters
from barkive.catalogue.export.safe_names import safe_name
from barkive.catalogue.export.tables import defused
from barkive.catalogue.learning.judging_again import JudgedAgain
from barkive.catalogue.learning.teaching import KnownModel, Learning
from barkive.catalogue.photos.identity import holds_picture
from barkive.catalogue.photos.reading import Reading, is_gone
from barkive.catalogue.predictions.breed_names import fold
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.breeds_overview import BreedOverview
from barkive.catalogue.query.counting import Folder
from barkive.catalogue.query.effective_label import standing
from barkive.catalogue.query.filters import (
    Filter,
    folder_prefix,
    number_of_dogs,
    path_separator,
)
from barkive.catalogue.records import (
    Change,
    ChangeJSON,
    Entry,
    EntryDog,
    EntryDogJSON,
    EntryJSON,
    Found,
    FoundJSON,
    Kind,
    utc,
)
from barkive.catalogue.scan.engine import Engine, LocalEngine, own_versions
from barkive.catalogue.scan.history import Run, RunState
from barkive.catalogue.scan.pipeline import Summary
from barkive.catalogue.scan.sources import Source, open_source
from barkive.catalogue.similarity.duplicates import Group
from barkive.catalogue.transfer.box_files import LeftOut
from barkive.catalogue.transfer.box_import import ImportedBoxes
from barkive.catalogue.transfer.copying import Copied, Step, copy
from barkive.catalogue.transfer.merging import Conflict, ConflictJSON, Merged, MergedJSON
from barkive.catalogue.transfer.merging_animals import AnimalConflict, AnimalConflictJSON
from barkive.catalogue.transfer.rebuild import Rebuilt, rebuild
from barkive.catalogue.transfer.unmerging import Merge, Unmerged, UnmergedJSON
from barkive.clock import now

__all__ = [
    "CARD_SIZES",
    "IN_CARE",
    "SPECIES",
    "STATUSES",
    "Accepted",
    "AcceptedJSON",
    "Act",
    "ActJSON",
    "ActKind",
    "Animal",
    "AnimalChange",
    "AnimalConflict",
    "AnimalConflictJSON",
    "AnimalFields",
    "AnimalFilter",
    "AnimalJSON",
    "AnimalVerdict",
    "Animals",
    "BreedList",
    "BreedOverview",
    "CardSize",
    "Catalogue",
    "Change",
    "ChangeJSON",
    "Conflict",
    "ConflictJSON",
    "Copied",
    "DayOrder",
    "Done",
    "Engine",
    "Entry",
    "EntryDog",
    "EntryDogJSON",
    "EntryJSON",
    "Export",
    "ExportBy",
    "ExportFormat",
    "Failure",
    "FieldChange",
    "FileExporter",
    "Filter",
    "Folder",
    "Found",
    "FoundJSON",
    "FoundPattern",
    "Group",
    "Imported",
    "ImportedBoxes",
    "ImportedJSON",
    "ImportedRow",
    "JudgedAgain",
    "Kind",
    "KnownModel",
    "Label",
    "Labelled",
    "Learning",
    "LeftOut",
    "LocalEngine",
    "Match",
    "MatchBy",
    "MatchJSON",
    "Merge",
    "Merged",
    "MergedJSON",
    "Models",
    "Named",
    "Order",
    "Origin",
    "Outcome",
    "Pattern",
    "Progress",
    "Reading",
    "Rebuilt",
    "Renamed",
    "ReviewQueue",
    "RowProblem",
    "Run",
    "RunState",
    "Sex",
    "Source",
    "Step",
    "Suggestion",
    "SuggestionJSON",
    "SuggestionKind",
    "Summary",
    "TextExporter",
    "Unmerged",
    "UnmergedJSON",
    "View",
    "ViewJSON",
    "absolute_path",
    "age_words",
    "birth_words",
    "breed_words",
    "copy",
    "default_location",
    "defused",
    "file_exporters",
    "fold",
    "folder_prefix",
    "holds_picture",
    "is_gone",
    "known_word",
    "now",
    "number_of_dogs",
    "open_source",
    "own_versions",
    "path_separator",
    "read_breed_list",
    "rebuild",
    "safe_name",
    "sex_words",
    "species_words",
    "standing",
    "status_words",
    "utc",
    "write_cards",
]
