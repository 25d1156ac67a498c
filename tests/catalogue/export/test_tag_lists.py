"""The lists of tags: each holds all of them, so that no program loses sight of any."""

import pytest
from lxml import etree

from barkive.catalogue.export.tag_lists import Tags
from barkive.catalogue.export.xmp_packet import Packet

PUG = Tags(("Pug",), (("Dog", "Pug"),))
CARLIN = Tags(("Carlin",), (("Chien", "Carlin"),))
NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "barkive": "urn:barkive:xmp:1.0/",
}
# In the order in which digiKam 8 reads them.
DIGIKAM = (
    *(("digiKam:TagsList", "/"), ("MicrosoftPhoto:LastKeywordXMP", "/")),
    *(("lr:hierarchicalSubject", "|"), ("mediapro:CatalogSets", "|")),
)


def packet(**lists: list[str]) -> bytes:
    """A side-car with lists, by the names of their properties with `_` for the colon."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
    inside = "".join(
        f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{one}</rdf:li>' for one in words)}</rdf:Bag></{name}>"
        for name, words in ((key.replace("_", ":"), words) for key, words in lists.items())
    )
    return f"<rdf:RDF {declared}><rdf:Description>{inside}</rdf:Description></rdf:RDF>".encode()


def listed(content: bytes, name: str) -> list[str]:
    items = etree.fromstring(content).iterfind(f".//{name}/*/rdf:li", NAMES)
    return [item.text or "" for item in items]


def digikam(content: bytes) -> list[str]:
    """The tags that digiKam 8 shows: those of the first list that is there."""
    for name, divider in DIGIKAM:
        if words := listed(content, name):
            return [word.replace(divider, "/") for word in words]
    return listed(content, "dc:subject")


def immich(content: bytes) -> list[str]:
    """The tags that Immich 2 takes from a side-car."""
    tags = listed(content, "digiKam:TagsList")
    return tags or [tag.replace("|", "/") for tag in listed(content, "lr:hierarchicalSubject")]


def written(content: bytes, *all_tags: Tags) -> bytes:
    """The side-car after each of the tags in turn was written."""
    for tags in all_tags:
        read = Packet(content)
        read.replace(tags)
        content = bytes(read)
    return content


@pytest.mark.parametrize(
    "content",
    [
        packet(lr_hierarchicalSubject=["Places|Kennel 3"]),
        packet(dc_subject=["Places/Kennel 3"]),
        packet(digiKam_TagsList=["Places/Kennel 3"]),
        packet(MicrosoftPhoto_LastKeywordXMP=["Places/Kennel 3"]),
        packet(mediapro_CatalogSets=["Places|Kennel 3"]),
    ],
    ids=["Lightroom", "words", "digiKam", "Windows", "Media Pro"],
)
def test_a_person_s_tags_stay_in_view(content: bytes) -> None:
    after = written(content, PUG)
    assert set(digikam(after)) == {"Places/Kennel 3", "Dog/Pug"}
    assert set(immich(after)) == {"Places/Kennel 3", "Dog/Pug"}
    for name, divider in DIGIKAM:
        if words := listed(after, name):
            assert {word.replace(divider, "/") for word in words} == {"Places/Kennel 3", "Dog/Pug"}
    assert "Pug" in listed(after, "dc:subject")


def test_all_lists_at_once() -> None:
    content = packet(
        dc_subject=["holiday", "Kennel 3"],
        lr_hierarchicalSubject=["Places|Kennel 3"],
        mediapro_CatalogSets=["Sets|Best"],
    )
    after = written(content, PUG)
    tags = ["Places/Kennel 3", "Sets/Best", "holiday", "Dog/Pug"]
    assert listed(after, "digiKam:TagsList") == tags
    for name in ("lr:hierarchicalSubject", "mediapro:CatalogSets"):
        assert sorted(listed(after, name)) == sorted(tag.replace("/", "|") for tag in tags)
    assert listed(after, "dc:subject") == ["holiday", "Kennel 3", "Best", "Pug"]
    assert listed(after, "MicrosoftPhoto:LastKeywordXMP") == []
    again = Packet(after)
    assert not again.replace(PUG)


def test_a_tag_that_a_person_takes_away_goes_from_the_lists_that_it_was_copied_to() -> None:
    content = packet(lr_hierarchicalSubject=["Places|Kennel 3", "Events|Fair"])
    after = written(content, PUG).replace(b"<rdf:li>Places|Kennel 3</rdf:li>", b"")
    after = written(after, CARLIN)
    assert digikam(after) == ["Events/Fair", "Chien/Carlin"]
    assert listed(after, "lr:hierarchicalSubject") == ["Events|Fair", "Chien|Carlin"]
    assert listed(after, "dc:subject") == ["Fair", "Carlin"]


def test_copies_go_with_barkive_s_tags() -> None:
    content = packet(lr_hierarchicalSubject=["Places|Kennel 3"])
    after = written(content, PUG, Tags())
    assert listed(after, "lr:hierarchicalSubject") == ["Places|Kennel 3"]
    assert listed(after, "digiKam:TagsList") == listed(after, "dc:subject") == []


def test_a_divider_inside_a_name() -> None:
    after = written(packet(lr_hierarchicalSubject=["Cats/Dogs"]), PUG)
    assert listed(after, "digiKam:TagsList") == ["Cats\\Dogs", "Dog/Pug"]
    after = written(packet(digiKam_TagsList=["a|b"]), PUG)
    assert listed(after, "lr:hierarchicalSubject") == ["a-b", "Dog|Pug"]


ACDSEE = (
    '<Categories><Category Assigned="0">Places<Category Assigned="1">Kennel 3</Category>'
    "</Category></Categories>"
)


def acdsee(text: str, attribute: bool = False) -> bytes:
    escaped = text.replace("<", "&lt;").replace('"', "&quot;")
    inside = (
        f' acdsee:categories="{escaped}">'
        if attribute
        else f"><acdsee:categories>{escaped}</acdsee:categories>"
    )
    return packet().replace(b"<rdf:Description>", f"<rdf:Description{inside}".encode())


def categories(content: bytes) -> str:
    (found,) = etree.fromstring(content).xpath(
        "//acdsee:categories/text() | //@acdsee:categories", namespaces=NAMES
    )
    return str(found)


@pytest.mark.parametrize("attribute", [False, True])
def test_categories_of_acdsee(attribute: bool) -> None:
    content = acdsee(ACDSEE, attribute)
    after = written(content, PUG)
    assert digikam(after) == ["Places/Kennel 3", "Dog/Pug"]
    assert categories(after) == (
        '<Categories><Category Assigned="0">Places<Category Assigned="1">Kennel 3</Category>'
        '</Category><Category Assigned="0">Dog<Category Assigned="1">Pug</Category></Category>'
        "</Categories>"
    )
    again = Packet(after)
    assert not again.replace(PUG)
    assert categories(written(after, Tags())) == ACDSEE
    assert listed(written(after, Tags()), "barkive:categories") == []


def test_a_level_of_acdsee_s_that_was_there_stays() -> None:
    content = acdsee('<Categories><Category Assigned="1">Dog</Category></Categories>')
    after = written(content, PUG)
    assert digikam(after) == ["Dog", "Dog/Pug"]
    assert categories(written(after, Tags())) == categories(content)


@pytest.mark.parametrize("text", ["", "Places", "<Categories>", "<Other/>"])
def test_other_text_is_left_alone(text: str) -> None:
    after = written(acdsee(text), PUG)
    assert digikam(after) == ["Dog/Pug"]
    assert text.replace("<", "&lt;").encode() in after.replace(b"&gt;", b">")
