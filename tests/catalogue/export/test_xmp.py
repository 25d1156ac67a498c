"""Side-cars on disk: where they lie, and what happens to those that are there."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from barkive.boxes import Box
from barkive.catalogue import Catalogue
from barkive.catalogue.export.outcome import Failure, Outcome
from barkive.catalogue.export.regions import Region
from barkive.catalogue.export.tag_lists import Tags
from barkive.catalogue.export.xmp import tags_of, write_sidecars
from barkive.catalogue.export.xmp_packet import Packet
from barkive.catalogue.records import Entry, EntryDog
from barkive.classifier import Classifier
from barkive.messages import Message
from barkive.verdicts import BreedName, Candidate, Status

PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
MakeEntry = Callable[..., Entry]
MWG = "{http://www.metadataworkinggroup.com/schemas/regions/}"
AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
DIM = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def tagged(sidecar: Path) -> list[str]:
    items = etree.parse(sidecar).findall(
        ".//{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject/*/" + f"{RDF}li"
    )
    return [item.text for item in items]


def content(*tags: str) -> bytes:
    packet = Packet()
    packet.replace(Tags((), tuple(tuple(tag.split("|")) for tag in tags)))
    return bytes(packet).replace(b"barkive:", b"other:").replace(b"xmlns:barkive", b"xmlns:other")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "rex.jpg"
    path.parent.mkdir()
    path.write_bytes(b"photo")
    return path


@pytest.fixture
def entry(photo: Path, make_entry: MakeEntry) -> Entry:
    return make_entry(file=str(photo))


@pytest.mark.parametrize(
    ("changes", "tags", "french"),
    [
        ({}, Tags(("Chihuahua",), (("Dog", "Chihuahua"),)), "Chien|Chihuahua"),
        (
            {
                "corrected": True,
                "breeds": (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5)),
            },
            Tags(("Pug", "Maltese"), (("Dog", "Pug"), ("Dog", "Maltese"))),
            "Chien|Carlin, Chien|Bichon maltais",
        ),
        (
            {"status": Status.UNCERTAIN},
            Tags(("Not sure",), (("Dog", "Not sure"),)),
            "Chien|Pas sûr",
        ),
        ({"status": Status.NOT_DOG, "breeds": ()}, Tags(), ""),
        ({"status": Status.FAILED, "breeds": (), "error": "It is empty."}, Tags(), ""),
        (
            {"breeds": (Candidate(BreedName("a", " A|B/C\x01\udce9 ", "|"), 0.9),)},
            Tags(("A-B-C\\u0001\\udce9",), (("Dog", "A-B-C\\u0001\\udce9"),)),
            "Chien|-",
        ),
    ],
)
def test_tags(changes: dict[str, object], tags: Tags, french: str, make_entry: MakeEntry) -> None:
    assert tags_of(make_entry(**changes), "en") == tags
    assert ", ".join(map("|".join, tags_of(make_entry(**changes), "fr").paths)) == french


def test_tags_of_several_dogs(pug: EntryDog, unsure: EntryDog, make_entry: MakeEntry) -> None:
    assert tags_of(make_entry(dogs=(pug, pug, unsure)), "en").subject == ("Chihuahua", "Pug")
    doubt = make_entry(status=Status.UNCERTAIN, dogs=(unsure, pug))
    assert tags_of(doubt, "en").subject == ("Not sure", "Pug")


def test_beside_the_photo(entry: Entry, photo: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    outcome = write_sidecars(
        [entry], None, "en", on_progress=lambda done, total: seen.append((done, total))
    )
    assert outcome == Outcome(written=1)
    assert seen == [(1, None)]
    assert sorted(p.name for p in photo.parent.iterdir()) == ["rex.jpg", "rex.jpg.xmp"]
    assert photo.read_bytes() == b"photo"
    assert tagged(photo.with_name("rex.jpg.xmp")) == ["Dog|Chihuahua"]


# Where the centre of a box lies that is at 0.25, 0.45 upright, and its size.
STORED = {
    1: ("90 60", "0.250000 0.450000 0.300000 0.700000"),
    2: ("90 60", "0.750000 0.450000 0.300000 0.700000"),
    3: ("90 60", "0.750000 0.550000 0.300000 0.700000"),
    4: ("90 60", "0.250000 0.550000 0.300000 0.700000"),
    5: ("60 90", "0.450000 0.250000 0.700000 0.300000"),
    6: ("60 90", "0.450000 0.750000 0.700000 0.300000"),
    7: ("60 90", "0.550000 0.750000 0.700000 0.300000"),
    8: ("60 90", "0.550000 0.250000 0.700000 0.300000"),
}


@pytest.mark.parametrize("orientation", STORED)
def test_regions_lie_in_the_picture_as_it_is_stored(
    orientation: int,
    turned_photo: Callable[..., Path],
    pug: EntryDog,
    make_entry: MakeEntry,
) -> None:
    path = turned_photo(orientation)
    dog = replace(pug, box=Box(0.1, 0.1, 0.3, 0.7))
    entry = make_entry(file=str(path), dogs=(dog,), width=90, height=60)
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    sidecar = etree.parse(path.with_name(f"{path.name}.xmp"))
    (dimensions,) = sidecar.iterfind(f".//{MWG}AppliedToDimensions")
    (area,) = sidecar.iterfind(f".//{MWG}Area")
    size, centre = STORED[orientation]
    assert " ".join(dimensions.get(f"{DIM}{side}") for side in "wh") == size
    assert dimensions.get(f"{DIM}unit") == "pixel"
    assert " ".join(area.get(f"{AREA}{side}") for side in "xywh") == centre
    assert area.get(f"{AREA}unit") == "normalized"
    # The red dog of the picture, as whoever does not turn it sees it.
    with Image.open(path) as image:
        x, y = (float(area.get(f"{AREA}{side}")) for side in "xy")
        red, green, _ = image.getpixel((int(x * image.width), int(y * image.height)))
    assert red > 200 > 60 > green
    assert write_sidecars([entry], None, "en") == Outcome(unchanged=1)


def test_regions_are_described_and_have_no_name(
    turned_photo: Callable[..., Path],
    pug: EntryDog,
    unsure: EntryDog,
    cross: EntryDog,
    make_entry: MakeEntry,
) -> None:
    path = turned_photo(1)
    entry = make_entry(file=str(path), dogs=(cross, pug, unsure))
    write_sidecars([entry], None, "fr")
    sidecar = etree.parse(path.with_name(f"{path.name}.xmp"))
    described = [one.text for one in sidecar.iterfind(f".//{MWG}Description")]
    assert described == ["Carlin x Bichon maltais", "Carlin", "Pas sûr"]
    assert [one.text for one in sidecar.iterfind(f".//{MWG}Type")] == ["Pet"] * 3
    breeds = [one.text for one in sidecar.iterfind(".//{urn:barkive:xmp:1.0/}Breed")]
    assert breeds == ["n02110958 x n02085936", "n02110958", None]
    assert sidecar.find(f".//{MWG}Name") is None


def test_a_turn_that_is_known_is_not_read(
    photo: Path, pug: EntryDog, make_entry: MakeEntry
) -> None:
    entry = make_entry(file=str(photo), dogs=(pug,), orientation=6)
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    sidecar = etree.parse(photo.with_name("rex.jpg.xmp"))
    (dimensions,) = sidecar.iterfind(f".//{MWG}AppliedToDimensions")
    assert [dimensions.get(f"{DIM}{side}") for side in "wh"] == ["480", "640"]


def test_a_photo_that_can_not_be_read_for_its_turn_is_told(
    photo: Path, pug: EntryDog, make_entry: MakeEntry
) -> None:
    outcome = write_sidecars([make_entry(file=str(photo), dogs=(pug,))], None, "en")
    assert outcome.written == 0
    assert [f.reason.code for f in outcome.failures] == ["photo_format_unknown"]


def test_regions_of_another_shape_stay_and_the_tags_are_written(
    turned_photo: Callable[..., Path], pug: EntryDog, make_entry: MakeEntry
) -> None:
    path = turned_photo(1)
    sidecar = path.with_name(f"{path.name}.xmp")
    packet = Packet()
    packet.replace_regions([Region(Box(0.1, 0.1, 0.2, 0.2), "Rex")], (60, 90))
    sidecar.write_bytes(bytes(packet).replace(b"barkive:Breed", b"lr:Breed"))
    entry = make_entry(file=str(path), dogs=(pug,))
    outcome = write_sidecars([entry], None, "en")
    reason = Message("sidecar_regions_stale", {"size": "60 x 90"})
    assert outcome == Outcome(failures=(Failure(str(sidecar), reason),))
    assert tagged(sidecar) == ["Dog|Chihuahua", "Dog|Pug"]
    assert sidecar.read_bytes().count(b"<mwg-rs:Area") == 1


def test_again_it_is_not_written(entry: Entry, photo: Path) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    write_sidecars([entry], None, "en")
    before = sidecar.stat()
    assert write_sidecars([entry], None, "en") == Outcome(unchanged=1)
    assert (sidecar.stat().st_ino, sidecar.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_another_language_and_a_correction(
    entry: Entry, photo: Path, make_entry: MakeEntry
) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(content("holiday"))
    write_sidecars([entry], None, "en")
    assert write_sidecars([entry], None, "fr") == Outcome(written=1)
    assert tagged(sidecar) == ["holiday", "Chien|Chihuahua"]
    pug = make_entry(file=str(photo), corrected=True, breeds=(Candidate(PUG, 1.0),))
    write_sidecars([pug], None, "fr")
    assert tagged(sidecar) == ["holiday", "Chien|Carlin"]


def test_no_dog_makes_no_sidecar_but_loses_its_tags(
    entry: Entry, photo: Path, make_entry: MakeEntry
) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    no_dog = make_entry(file=str(photo), status=Status.NOT_DOG, breeds=())
    assert write_sidecars([no_dog], None, "en") == Outcome()
    assert not sidecar.exists()
    write_sidecars([entry], None, "en")
    assert write_sidecars([no_dog], None, "en") == Outcome(written=1)
    assert tagged(sidecar) == []


@pytest.mark.parametrize("name", ["rex.xmp", "rex.XMP"])
def test_lightrooms_sidecar_is_kept_up_to_date(name: str, entry: Entry, photo: Path) -> None:
    sidecar = photo.with_name(name)
    sidecar.write_bytes(content("holiday"))
    assert write_sidecars([entry], None, "en") == Outcome(written=2)
    assert tagged(sidecar) == ["holiday", "Dog|Chihuahua"]
    assert tagged(photo.with_name("rex.jpg.xmp")) == ["Dog|Chihuahua"]


@pytest.mark.parametrize("other", ["rex.CR2", "rex.png", "rex.Heic", "rex.JPG", "rex"])
def test_lightrooms_sidecar_of_two_photos_is_left(other: str, entry: Entry, photo: Path) -> None:
    photo.with_name(other).write_bytes(b"another")
    sidecar = photo.with_name("rex.xmp")
    sidecar.write_bytes(content("holiday"))
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert tagged(sidecar) == ["holiday"]


def test_lightrooms_sidecar_beside_what_is_no_photo(entry: Entry, photo: Path) -> None:
    photo.with_name("rex.txt").write_bytes(b"text")
    sidecar = photo.with_name("rex.xmp")
    sidecar.write_bytes(content("holiday"))
    assert write_sidecars([entry], None, "en").written == 2


def test_a_folder_that_mirrors_another(
    entry: Entry, photo: Path, tmp_path: Path, make_entry: MakeEntry
) -> None:
    elsewhere = tmp_path / "elsewhere" / "rex.jpg"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(b"photo")
    below = photo.parent / "a" / "b" / "rex.jpg"
    below.parent.mkdir(parents=True)
    below.write_bytes(b"photo")
    entries = [
        entry,
        make_entry(file=str(below), id=2),
        make_entry(file=str(elsewhere), id=3),
    ]
    out = tmp_path / "out"
    assert write_sidecars(entries, out, "en", base=photo.parent) == Outcome(written=3)
    files = sorted(str(p.relative_to(out)) for p in out.rglob("*.xmp"))
    assert files == ["a/b/rex.jpg.xmp", "rex-3.jpg.xmp", "rex.jpg.xmp"]
    assert list(photo.parent.glob("*.xmp")) == []
    assert write_sidecars(entries, out, "en", base=photo.parent) == Outcome(unchanged=3)


def test_a_mirror_can_take_the_place_of_what_lies_beside_the_photos(
    entry: Entry, photo: Path, tmp_path: Path, make_entry: MakeEntry
) -> None:
    """Each new side-car begins with the one beside its photo, which stays as it is."""
    own, lightrooms = photo.with_name("rex.jpg.xmp"), photo.with_name("rex.xmp")
    own.write_bytes(content("holiday"))
    lightrooms.write_bytes(content("kennel"))
    before = own.read_bytes(), lightrooms.read_bytes()
    out = tmp_path / "out"
    assert write_sidecars([entry], out, "en", base=photo.parent) == Outcome(written=2)
    assert tagged(out / "rex.jpg.xmp") == ["holiday", "Dog|Chihuahua"]
    assert tagged(out / "rex.xmp") == ["kennel", "Dog|Chihuahua"]
    assert (own.read_bytes(), lightrooms.read_bytes()) == before
    assert write_sidecars([entry], out, "en", base=photo.parent) == Outcome(unchanged=2)
    assert write_sidecars([entry], tmp_path / "o", "en").written == 1
    assert tagged(tmp_path / "o" / "rex-1.jpg.xmp") == ["holiday", "Dog|Chihuahua"]


def test_a_mirror_holds_what_is_right_beside_the_photo_too(
    entry: Entry, photo: Path, tmp_path: Path, make_entry: MakeEntry
) -> None:
    out, no_dog = tmp_path / "out", make_entry(file=str(photo), status=Status.NOT_DOG, breeds=())
    own = photo.with_name("rex.jpg.xmp")
    own.write_bytes(content("holiday"))
    # Without a dog there is nothing to say, or to take back.
    assert write_sidecars([no_dog], out, "en", base=photo.parent) == Outcome()
    write_sidecars([entry], None, "en")
    assert write_sidecars([entry], out, "en", base=photo.parent) == Outcome(written=1)
    assert (out / "rex.jpg.xmp").read_bytes() == own.read_bytes()
    (out / "rex.jpg.xmp").unlink()
    assert write_sidecars([no_dog], out, "en", base=photo.parent) == Outcome(written=1)
    assert tagged(out / "rex.jpg.xmp") == ["holiday"]


def test_what_can_not_be_read_beside_the_photo_is_not_replaced(
    entry: Entry, photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    photo.with_name("rex.jpg.xmp").symlink_to("nowhere")
    outcome = write_sidecars([entry], out, "en", base=photo.parent)
    assert [one.reason.code for one in outcome.failures] == ["sidecar_link_broken"]
    assert not out.exists()


def test_without_a_base_names_differ(entry: Entry, tmp_path: Path) -> None:
    write_sidecars([entry], tmp_path / "out", "en")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["rex-1.jpg.xmp"]


def test_photos_that_have_gone_are_skipped(tmp_path: Path, make_entry: MakeEntry) -> None:
    entries = [make_entry(file=str(tmp_path / name)) for name in ("gone.jpg", "null\0.jpg")]
    assert write_sidecars(entries, None, "en") == Outcome(skipped=2)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_sidecar_is_left_and_the_run_goes_on(
    entry: Entry, photo: Path, make_entry: MakeEntry
) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(b"<x:xmpmeta")
    other = photo.with_name("max.jpg")
    other.write_bytes(b"photo")
    outcome = write_sidecars([entry, make_entry(file=str(other), id=2)], None, "en")
    failure = Failure(str(sidecar), Message("sidecar_damaged"))
    assert outcome == Outcome(written=1, failures=(failure,))
    assert sidecar.read_bytes() == b"<x:xmpmeta"


def test_what_is_no_file(entry: Entry, photo: Path) -> None:
    os.mkfifo(photo.with_name("rex.jpg.xmp"))
    photo.with_name("rex.xmp").mkdir()
    outcome = write_sidecars([entry], None, "en")
    assert [str(f.reason) for f in outcome.failures] == ["It is no regular file."] * 2


def test_a_link_stays_and_its_target_is_written(entry: Entry, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.xmp"
    target.write_bytes(content("holiday"))
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.symlink_to(target)
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert sidecar.is_symlink()
    assert tagged(target) == ["holiday", "Dog|Chihuahua"]


def test_links_that_lead_astray(entry: Entry, photo: Path, tmp_path: Path) -> None:
    photo.with_name("rex.jpg.xmp").symlink_to(tmp_path / "nowhere")
    photo.with_name("rex.xmp").symlink_to(photo)
    outcome = write_sidecars([entry], None, "en")
    assert [str(f.reason) for f in outcome.failures] == [
        "It is a link that leads nowhere; remove it.",
        "It is damaged: its XML can't be read.",
    ]
    assert photo.read_bytes() == b"photo"
    assert not (tmp_path / "nowhere").exists()


def test_the_mode_stays(entry: Entry, photo: Path) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(content("holiday"))
    sidecar.chmod(0o640)
    write_sidecars([entry], None, "en")
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o640


def test_a_side_car_whose_owner_can_t_be_kept_is_left_and_told(
    entry: Entry, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(content("holiday"))
    sidecar.chmod(0o640)
    before = sidecar.read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    (failure,) = write_sidecars([entry], None, "en").failures
    assert (failure.file, str(failure.reason)) == (
        str(sidecar),
        "It can't be read or written: its owner, group or rights can't be kept, so it is left as "
        "it is; have its owner or an administrator do it.",
    )
    assert sidecar.read_bytes() == before


def test_a_disk_that_is_full(entry: Entry, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(content("holiday"))
    before = sidecar.read_bytes()

    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    outcome = write_sidecars([entry], None, "en")
    assert str(outcome.failures[0].reason) == (
        "It can't be read or written: No space left on device; make room."
    )
    assert sidecar.read_bytes() == before
    assert sorted(p.name for p in photo.parent.iterdir()) == ["rex.jpg", "rex.jpg.xmp"]


def test_a_folder_that_can_not_be_written(entry: Entry, tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_bytes(b"")
    outcome = write_sidecars([entry], out, "en")
    assert [f.file for f in outcome.failures] == [str(out / "rex-1.jpg.xmp")]


def test_a_file_name_that_is_no_text(photo: Path, make_entry: MakeEntry) -> None:
    odd = os.fsdecode(os.fsencode(photo.parent) + b"/r\xe9x.jpg")
    Path(odd).write_bytes(b"photo")
    assert write_sidecars([make_entry(file=odd)], None, "en") == Outcome(written=1)
    assert Path(f"{odd}.xmp").exists()


def test_the_longest_name(photo: Path, make_entry: MakeEntry) -> None:
    long = photo.with_name("é" * 123 + "x.jpg")
    long.write_bytes(b"photo")
    assert write_sidecars([make_entry(file=str(long))], None, "en") == Outcome(written=1)


def test_a_part_that_a_killed_run_left(entry: Entry, photo: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    photo.with_name(".rex.jpg.xmp.part").symlink_to(victim)
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert victim.read_bytes() == b"mine"
    assert sorted(p.name for p in photo.parent.iterdir()) == ["rex.jpg", "rex.jpg.xmp"]


def test_a_scan_remembers_the_turn(
    catalogue: Catalogue, classifier: Classifier, turned_photo: Callable[..., Path]
) -> None:
    paths = [turned_photo(orientation) for orientation in range(1, 9)]
    catalogue.scan(paths[0].parent, classifier=classifier)
    assert [catalogue.photo(path).orientation for path in paths] == [*range(1, 9)]


def embedding(path: Path, word: str) -> None:
    """Makes a photo that says one word of itself."""
    xmp = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:subject="{word}"/></rdf:RDF>'
    )
    Image.new("RGB", (8, 6)).save(path, "JPEG", xmp=xmp.encode())


def test_a_new_one_begins_with_what_the_photo_says(entry: Entry, photo: Path) -> None:
    embedding(photo, "holiday")
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    sidecar = photo.with_name("rex.jpg.xmp")
    assert tagged(sidecar) == ["holiday", "Dog|Chihuahua"]
    assert write_sidecars([entry], None, "en") == Outcome(unchanged=1)
    # From then on it is a person's.
    embedding(photo, "beach")
    assert write_sidecars([entry], None, "en") == Outcome(unchanged=1)
    assert tagged(sidecar) == ["holiday", "Dog|Chihuahua"]


def test_one_of_an_earlier_version_that_holds_barkive_s_tags_alone(
    entry: Entry, photo: Path
) -> None:
    embedding(photo, "holiday")
    sidecar, packet = photo.with_name("rex.jpg.xmp"), Packet()
    packet.replace(Tags(("Pug",), (("Dog", "Pug"),)))
    sidecar.write_bytes(bytes(packet))
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert tagged(sidecar) == ["holiday", "Dog|Chihuahua"]


def test_one_that_is_there_is_a_person_s(entry: Entry, photo: Path) -> None:
    embedding(photo, "holiday")
    sidecar = photo.with_name("rex.jpg.xmp")
    sidecar.write_bytes(content("Beach"))
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert tagged(sidecar) == ["Beach", "Dog|Chihuahua"]


@pytest.mark.parametrize("other", ["rex.mp4", "rex.MOV", "rex.psd", "rex.Nef", "rex.dng"])
def test_a_side_car_of_a_video_or_of_another_picture_is_left_alone(
    other: str, entry: Entry, photo: Path
) -> None:
    photo.with_name(other).touch()
    sidecar = photo.with_name("rex.xmp")
    sidecar.write_bytes(content("Beach"))
    before = sidecar.read_bytes()
    assert write_sidecars([entry], None, "en") == Outcome(written=1)
    assert sidecar.read_bytes() == before
