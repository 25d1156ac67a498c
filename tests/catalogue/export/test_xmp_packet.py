"""Tags in XMP packets: what is added, what is taken away, and what stays."""

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from barkive.catalogue.export.tag_lists import Tags
from barkive.catalogue.export.xmp_packet import Packet, PacketError

PUG = Tags(("Pug",), (("Dog", "Pug"),))
CARLIN = Tags(("Carlin",), (("Chien", "Carlin"),))
NONE = Tags()

NAMES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "barkive": "urn:barkive:xmp:1.0/",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())


def packet(inside: str, attributes: str = "") -> bytes:
    return (
        f'<x:xmpmeta {DECLARED}><rdf:RDF><rdf:Description rdf:about="" {attributes}>'
        f"{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def bag(name: str, *items: str, kind: str = "Bag") -> str:
    listed = "".join(f"<rdf:li>{item}</rdf:li>" for item in items)
    return f"<{name}><rdf:{kind}>{listed}</rdf:{kind}></{name}>"


def listed(content: bytes, name: str) -> list[str]:
    return [
        item.xpath("string()")
        for item in etree.fromstring(content).iterfind(f".//{name}/*/rdf:li", NAMES)
    ]


def replaced(content: bytes, *all_tags: Tags) -> bytes:
    """The packet after each of the tags in turn was written, read and written again."""
    for tags in all_tags:
        read = Packet(content)
        read.replace(tags)
        content = bytes(read)
    return content


def test_a_new_packet() -> None:
    new = Packet()
    assert new.replace(PUG)
    content = bytes(new)
    assert content.startswith(
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:'
    )
    assert content.endswith(b'</x:xmpmeta>\n<?xpacket end="w"?>\n')
    assert (
        b"   <dc:subject>\n    <rdf:Bag>\n     <rdf:li>Pug</rdf:li>\n    </rdf:Bag>\n"
        b"   </dc:subject>\n" in content
    )
    assert b"<digiKam:TagsList>\n    <rdf:Seq>\n     <rdf:li>Dog/Pug</rdf:li>" in content
    assert listed(content, "lr:hierarchicalSubject") == ["Dog|Pug"]


def test_the_same_tags_again_change_nothing() -> None:
    content = replaced(packet(bag("dc:subject", "holiday")), PUG)
    again = Packet(content)
    assert not again.replace(PUG)
    assert bytes(again) == content


def test_other_tags_take_the_place_of_the_earlier_ones() -> None:
    content = replaced(packet(bag("dc:subject", "holiday", "beach")), PUG, CARLIN)
    assert listed(content, "dc:subject") == ["holiday", "beach", "Carlin"]
    assert listed(content, "lr:hierarchicalSubject") == ["holiday", "beach", "Chien|Carlin"]
    assert listed(content, "digiKam:TagsList") == ["holiday", "beach", "Chien/Carlin"]
    assert listed(content, "barkive:subject") == ["Carlin"]


def test_what_the_user_had_written_before_is_the_users() -> None:
    content = replaced(packet(bag("dc:subject", "Pug", "holiday")), PUG)
    assert listed(content, "dc:subject") == ["Pug", "holiday"]
    assert listed(content, "barkive:subject") == []
    assert listed(content, "barkive:TagsList") == ["holiday", "Dog/Pug"]
    assert listed(replaced(content, NONE), "dc:subject") == ["Pug", "holiday"]


def test_a_second_equal_tag_of_another_program_stays() -> None:
    content = replaced(packet(""), PUG).replace(
        b"<rdf:li>Pug</rdf:li>", b"<rdf:li>Pug</rdf:li><rdf:li>Pug</rdf:li>", 1
    )
    assert listed(replaced(content, NONE), "dc:subject") == ["Pug"]


def test_a_tag_that_the_user_took_away_comes_back() -> None:
    content = replaced(packet(bag("barkive:subject", "Pug")), PUG)
    assert listed(content, "dc:subject") == ["Pug"]


def test_a_property_without_tags_goes_away() -> None:
    assert b"subject" not in replaced(packet(""), PUG, NONE).replace(b"xmlns", b"")


@pytest.mark.parametrize("kind", ["Bag", "Seq", "Alt"])
def test_the_list_stays_of_its_kind(kind: str) -> None:
    content = replaced(packet(bag("dc:subject", "holiday", kind=kind)), PUG)
    items = etree.fromstring(content).findall(f".//dc:subject/rdf:{kind}/rdf:li", NAMES)
    assert [item.text for item in items] == ["holiday", "Pug"]


@pytest.mark.parametrize(
    "content",
    [
        packet("", 'dc:subject="holiday"'),
        packet("<dc:subject>holiday</dc:subject>"),
        packet("<dc:subject>\n <rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag>\n</dc:subject>"),
        packet("</rdf:Description><rdf:Description>" + bag("dc:subject", "holiday")),
    ],
)
def test_other_ways_to_write_a_list(content: bytes) -> None:
    assert listed(replaced(content, PUG), "dc:subject") == ["holiday", "Pug"]
    assert listed(replaced(content, PUG, NONE), "dc:subject") == ["holiday"]


def test_the_language_of_a_simple_text_stays() -> None:
    content = replaced(packet('<dc:subject xml:lang="fr">vacances</dc:subject>'), PUG)
    assert b'<rdf:li xml:lang="fr">vacances</rdf:li>' in content


def test_lists_in_several_descriptions_are_one() -> None:
    both = bag("dc:subject", "a") + "</rdf:Description><rdf:Description>" + bag("dc:subject", "Pug")
    content = replaced(packet(both), PUG)
    assert listed(content, "dc:subject") == ["a", "Pug"]
    assert listed(content, "barkive:subject") == []


def test_a_qualified_tag_counts_and_stays() -> None:
    inside = "<rdf:value>Pug</rdf:value><x:who>Ann</x:who>"
    qualified = f'<rdf:li rdf:parseType="Resource">{inside}</rdf:li>'
    noted = bag("barkive:subject", "Pug")
    content = packet(f"<dc:subject><rdf:Bag>{qualified}</rdf:Bag></dc:subject>{noted}")
    assert listed(replaced(content, PUG), "dc:subject") == ["PugAnn"]
    assert b"<x:who>Ann</x:who>" in replaced(content, NONE)
    assert listed(replaced(content, NONE), "barkive:subject") == []


FOREIGN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><!-- before -->'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Someone&apos;s Toolkit 7">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="uuid:1" xmlns:d="http://purl.org/dc/elements/1.1/" '
    'xmlns:crs="urn:crs/" crs:Exposure="+0.5" crs:Note="a&#10;b &lt;é&gt;">'
    '<d:title><rdf:Alt><rdf:li xml:lang="x-default">R&amp;D</rdf:li></rdf:Alt></d:title>'
    "<!-- inside --><crs:Mask rdf:parseType='Resource'><crs:A><![CDATA[<raw>]]></crs:A>"
    "</crs:Mask><d:subject><rdf:Bag><!-- mine --><rdf:li>holiday</rdf:li></rdf:Bag></d:subject>"
    "</rdf:Description>"
    '<rdf:Description rdf:about="uuid:1" xmlns:q="urn:q/"><q:url rdf:resource="urn:a"/>'
    "</rdf:Description></rdf:RDF></x:xmpmeta><!-- after --><?xpacket end='r'?>"
)


def test_what_is_foreign_stays() -> None:
    content = replaced(FOREIGN.encode(), PUG)
    for piece in (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<!-- before -->\n<x:xmpmeta',
        'x:xmptk="Someone\'s Toolkit 7"',
        'crs:Exposure="+0.5" crs:Note="a&#10;b &lt;é&gt;"',
        '<d:title><rdf:Alt><rdf:li xml:lang="x-default">R&amp;D</rdf:li></rdf:Alt></d:title>',
        '<!-- inside --><crs:Mask rdf:parseType="Resource"><crs:A><![CDATA[<raw>]]></crs:A>',
        "<!-- mine -->",
        '<q:url rdf:resource="urn:a"/>',
        "</x:xmpmeta>\n<!-- after -->\n<?xpacket end='r'?>\n",
    ):
        assert piece in content.decode()


def test_what_is_foreign_stays_after_adding_and_taking_away() -> None:
    before = etree.fromstring(FOREIGN.encode())
    after = etree.fromstring(replaced(FOREIGN.encode(), PUG, CARLIN, NONE))
    etree.indent(before)
    etree.indent(after)
    assert etree.tostring(after, method="c14n") == etree.tostring(before, method="c14n")


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + packet("<dc:title>é</dc:title>"),
        packet("<dc:title>é</dc:title>").decode().encode("utf-16"),
        codecs.BOM_UTF16_BE + packet("<dc:title>é</dc:title>").decode().encode("utf-16-be"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>'
        + packet("<dc:title>é</dc:title>").decode().encode("latin-1"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + packet("<dc:title>é</dc:title>").decode())
        .encode("utf-16"),
    ],
)  # fmt: skip
def test_every_encoding_becomes_utf_8(content: bytes) -> None:
    written = replaced(content, PUG)
    assert "<dc:title>é</dc:title>" in written.decode()
    declared = b"<?xml" in content.replace(b"\0", b"")
    assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<x:') == declared


def test_rdf_alone_and_without_a_description() -> None:
    content = f'<rdf:RDF xmlns:rdf="{NAMES["rdf"]}"/>'.encode()
    assert listed(replaced(content, PUG), "dc:subject") == ["Pug"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "It is damaged: its XML can't be read."),
        (b"\xff\xd8\xff\xe0 JFIF", "It is damaged: its XML can't be read."),
        (packet("")[:-9], "It is damaged: its XML can't be read."),
        (packet("&unknown;"), "It is damaged: its XML can't be read."),
        (b"<html/>", "It is XML, but not XMP."),
        (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', "It is XML, but not XMP."),
        (
            b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + packet("&e;"),
            "It declares a document type, which XMP does not have.",
        ),
    ],
)
def test_what_is_no_packet(content: bytes, reason: str) -> None:
    with pytest.raises(PacketError) as caught:
        Packet(content)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "inside",
    [
        '<dc:subject rdf:resource="urn:a"/>',
        "<dc:subject><rdf:Bag><rdf:_1>a</rdf:_1></rdf:Bag></dc:subject>",
        '<dc:subject rdf:parseType="Resource"><x:a>1</x:a></dc:subject>',
        "<dc:subject><rdf:Bag/><rdf:Bag/></dc:subject>",
    ],
)
def test_odd_lists_are_left_alone(inside: str) -> None:
    assert not Packet(packet(inside)).replace(NONE)
    with pytest.raises(PacketError, match="Its tags are written in a form"):
        Packet(packet(inside)).replace(PUG)


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
).filter(str.strip)
word_lists = st.lists(words | st.sampled_from(["Pug", "Dog|Pug", "Dog/Pug", "Carlin"]), max_size=5)
tags = st.builds(
    lambda names: Tags(tuple(names), tuple(("Dog", name) for name in names)),
    st.lists(words.filter(lambda word: not {*word} & {*"/|"}) | st.just("Pug"), max_size=2),
)


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """Packets of other programs, their lists in every form and place."""
    rdf = etree.Element(f"{{{NAMES['rdf']}}}RDF", nsmap={"rdf": NAMES["rdf"]})
    descriptions = [
        etree.SubElement(rdf, f"{{{NAMES['rdf']}}}Description")
        for _ in range(draw(st.integers(0, 3)))
    ]
    for prefix, name in (
        ("dc", "subject"),
        ("lr", "hierarchicalSubject"),
        ("digiKam", "TagsList"),
        ("dc", "title"),
    ):
        if not descriptions or draw(st.booleans()):
            continue
        key, where = f"{{{NAMES[prefix]}}}{name}", draw(st.sampled_from(descriptions))
        match draw(st.sampled_from(["attribute", "text", "Bag", "Seq", "Alt"])):
            case "attribute":
                where.set(key, draw(words))
            case "text":
                etree.SubElement(where, key).text = draw(words)
            case kind:
                within = etree.SubElement(etree.SubElement(where, key), f"{{{NAMES['rdf']}}}{kind}")
                for word in draw(word_lists):
                    etree.SubElement(within, f"{{{NAMES['rdf']}}}li").text = word
                    if draw(st.booleans()):
                        within.append(etree.Comment("mine"))
    for description in descriptions:
        etree.SubElement(description, "{urn:other/}thing", a=draw(words)).text = draw(words)
    content: bytes = etree.tostring(rdf, encoding=draw(st.sampled_from(["UTF-8", "UTF-16"])))
    return content


def meaning(content: bytes) -> list[str]:
    """All statements of a packet, in whatever form they are written."""
    statements: list[object] = []
    for description in etree.fromstring(content):
        for name, value in description.attrib.items():
            if not name.endswith("}about"):
                statements.append((name, [value]))
        for element in description.iterchildren(etree.Element):
            items = element.findall("*/rdf:li", NAMES) or [element]
            values = [item.xpath("string()") for item in items]
            if values != [""]:
                statements.append((element.tag, dict(element.attrib), values))
    return sorted(map(repr, (s if len(s) == 3 else (s[0], {}, s[1]) for s in statements)))


def foreign(content: bytes) -> Iterator[str]:
    return (s for s in meaning(content) if "urn:other/" in s or "title" in s)


@given(packets(), st.lists(tags, max_size=3))
def test_taking_away_gives_back_what_was_there(content: bytes, written: list[Tags]) -> None:
    after = replaced(content, *written, NONE)
    assert meaning(after) == meaning(content)


@given(packets(), tags, tags)
def test_once_is_enough(content: bytes, first: Tags, second: Tags) -> None:
    read = Packet(replaced(content, first, second))
    assert not read.replace(second)
    assert list(foreign(bytes(read))) == list(foreign(content))


@given(packets(), tags)
def test_all_wanted_tags_are_there(content: bytes, wanted: Tags) -> None:
    before, after = (" ".join(meaning(c)) for c in (content, replaced(content, wanted)))
    for tag in wanted.subject:
        assert repr(tag) in after
    for path in wanted.paths:
        assert repr("|".join(path)) in after
        assert repr("/".join(path)) in after
    assert len(after) >= len(before)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_garbage_is_refused(content: bytes) -> None:
    with pytest.raises(PacketError):
        Packet(content)
