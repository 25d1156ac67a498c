from .animal_records import (
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
from .animals.animal_cells import DayOrder
from .animals.animal_files import RowProblem
from .animals.animals import Animals, Labelled
from .animals.fields import known_word
from .animals.finding import Order
from .animals.imported import (
    FieldChange,
    Imported,
    ImportedJSON,
    ImportedRow,
    MatchBy,
)
from .animals.patterns import FoundPattern, Named, Pattern
from .annotations.added_breeds import Renamed
from .annotations.labels import Label
from .annotations.review_queue import Done, Progress, ReviewQueue
from .catalogue import Catalogue
from .db.location import default_location
from .db.schema import absolute_path
from .export.animal_words import (
    age_words,
    birth_words,
    breed_words,
    sex_words,
    species_words,
    status_words,
)
from .export.breed_list import BreedList, read_breed_list
from .export.exporter import (
    MARGIN,
    ExportBy,
    Exporter,
    FileExporter,
    FolderExporter,
    TextExporter,
)
from .export.exporting import Export, ExportFormat, options_of
from .export.history import ExportRun
from .export.kennel_card import CARD_SIZES, CardSize, write_cards
from .export.outcome import Failure, Outcome
from .export.registry import exporters, file_exporters
from .export.safe_names import safe_name
from .export.tables import BOM, csv_line, defused
from .learning.judging_again import JudgedAgain
from .learning.teaching import KnownModel, Learning
from .photos.identity import holds_picture
from .photos.reading import Reading, is_gone
from .predictions.breed_names import fold
from .predictions.models import Models
from .query.breeds_overview import BreedOverview
from .query.counting import Folder
from .query.effective_label import standing
from .query.filters import (
    Filter,
    folder_prefix,
    number_of_dogs,
    path_separator,
)
from .query.ordering import PhotoOrder, Sort
from .query.saved_searches import LONGEST_NAME, SavedSearch
from .records import (
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
from .scan.engine import Engine, LocalEngine, own_versions
from .scan.forgetting import Forgotten, ForgottenJSON
from .scan.history import Run, RunState, ScanOrigin, ScanRequest
from .scan.path_lists import LISTS
from .scan.pipeline import Summary
from .scan.plans import ScanPlan, ScanPlans
from .scan.sources import Source, is_system_folder, open_list, open_source
from .scan.watching import folder_changes
from .similarity.duplicates import Group
from .transfer.box_files import LeftOut
from .transfer.box_import import ImportedBoxes
from .transfer.copying import Copied, Step, copy
from .transfer.merging import Conflict, ConflictJSON, Merged, MergedJSON
from .transfer.merging_animals import AnimalConflict, AnimalConflictJSON
from .transfer.rebuild import Rebuilt, rebuild
from .transfer.unmerging import Merge, Unmerged, UnmergedJSON

__all__ = [
    "BOM",
    "CARD_SIZES",
    "IN_CARE",
    "LISTS",
    "LONGEST_NAME",
    "MARGIN",
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
    "ExportRun",
    "Exporter",
    "Failure",
    "FieldChange",
    "FileExporter",
    "Filter",
    "Folder",
    "FolderExporter",
    "Forgotten",
    "ForgottenJSON",
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
    "PhotoOrder",
    "Progress",
    "Reading",
    "Rebuilt",
    "Renamed",
    "ReviewQueue",
    "RowProblem",
    "Run",
    "RunState",
    "SavedSearch",
    "ScanOrigin",
    "ScanPlan",
    "ScanPlans",
    "ScanRequest",
    "Sex",
    "Sort",
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
    "csv_line",
    "default_location",
    "defused",
    "exporters",
    "file_exporters",
    "fold",
    "folder_changes",
    "folder_prefix",
    "holds_picture",
    "is_gone",
    "is_system_folder",
    "known_word",
    "number_of_dogs",
    "open_list",
    "open_source",
    "options_of",
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
