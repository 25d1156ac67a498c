"""How verdicts and entries show themselves in a notebook."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PIL import Image

from barkive.catalogue import Entry
from barkive.messages import Message
from barkive.notebook import card
from barkive.verdicts import BreedName, Candidate, Status, Verdict

PUG, BEAGLE = BreedName("n02110958", "Pug", "Carlin"), BreedName("n02088364", "Beagle", "Beagle")
BREEDS = (Candidate(PUG, 0.875), Candidate(BEAGLE, 0.0625))


def text(html: str) -> str:
    """What a reader sees: without tags, their attributes and the picture."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def widths(html: str) -> list[str]:
    return re.findall(r"width:([\d.]+%)", html)


def picture(html: str) -> Image.Image:
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def test_a_verdict_has_its_photo_its_breed_and_bars(make_photo: Callable[..., Path]) -> None:
    file = str(make_photo("rex.jpg", (400, 200)))
    shown = Verdict(file, Status.DOG, BREEDS, None, "m@0")._repr_html_()
    assert text(shown) == f"Pug Pug 88% Beagle 6% {file}"
    assert widths(shown) == ["87.5%", "6.2%"]
    assert picture(shown).size == (160, 80)


def test_without_a_file_there_is_no_picture(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.jpg")
    verdicts = {
        "Not sure Pug 88% Beagle 6%": Verdict(None, Status.UNCERTAIN, BREEDS, None, "m@0"),
        f"No dog here {gone}": Verdict(gone, Status.NOT_DOG, (), None, "m@0"),
        f"Can&#x27;t be read The file is empty. {gone}": Verdict(
            gone, Status.FAILED, (), Message("photo_empty"), "m@0"
        ),
    }
    for expected, verdict in verdicts.items():
        shown = verdict._repr_html_()
        assert text(shown) == expected
        assert "<img" not in shown


def test_a_store_is_not_asked_for_a_picture() -> None:
    assert "<img" not in card("s3://kennel/rex.jpg", "Pug")


def test_everything_is_escaped() -> None:
    shown = card("<b>.jpg\udce9", "<script>", [('"&', 0.5)], ["<i>\udce9"])
    assert "<script>" not in shown
    assert "<i>" not in shown
    assert text(shown) == "&lt;script&gt; &quot;&amp; 50% &lt;i&gt;\\udce9"


def test_an_entry_says_who_says_so(make_photo: Callable[..., Path]) -> None:
    file = str(make_photo("rex.jpg"))
    shown = entry(file, corrected=True, note="chip says so")._repr_html_()
    assert text(shown) == f"Pug ✓ chip says so {file} Photo 7"
    assert picture(shown).width == 64
    assert text(entry(file)._repr_html_()) == f"Pug Pug 88% Beagle 6% {file} Photo 7"


def test_an_entry_whose_file_is_missing_has_no_picture(make_photo: Callable[..., Path]) -> None:
    shown = entry(str(make_photo()), missing_since=datetime(2026, 5, 1))._repr_html_()
    assert "<img" not in shown


def entry(
    file: str,
    *,
    corrected: bool = False,
    note: str | None = None,
    missing_since: datetime | None = None,
) -> Entry:
    return Entry(
        id=7,
        picture=7,
        file=file,
        status=Status.DOG,
        breeds=BREEDS[:1] if corrected else BREEDS,
        reason=None,
        corrected=corrected,
        label_id=None,
        note=note,
        prediction=None,
        guesses=BREEDS,
        model="m@0",
        width=64,
        height=48,
        format="JPEG",
        taken_at=None,
        camera=None,
        bytes=100,
        mtime_ns=None,
        ctime_ns=None,
        sha256="00" * 32,
        coded=None,
        added_at=datetime(2026, 5, 1),
        identified_at=None,
        unreadable_since=None,
        missing_since=missing_since,
    )
