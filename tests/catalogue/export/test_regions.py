"""Regions in XMP packets: what is added, what is taken away, and what stays."""

import pytest
from lxml import etree

from barkive.boxes import Box
from barkive.catalogue.export.regions import Region, StaleRegionsError
from barkive.catalogue.export.xmp_packet import Packet

PUG = Region(Box(0.1, 0.1, 0.3, 0.7), "Pug", "n02110958")
UNSURE = Region(Box(0.5, 0.5, 0.5, 0.5), "Not sure")
SIZE = (640, 480)
NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
# As digiKam and Lightroom write a face.
FACE = """<rdf:li><rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face">
<mwg-rs:Area stArea:x="0.8" stArea:y="0.2" stArea:w="0.1" stArea:h="0.1" stArea:unit="normalized"/>
</rdf:Description></rdf:li>"""
# As exiftool writes one without a name.
PET = """<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource">
<stArea:h>0.7</stArea:h><stArea:unit>normalized</stArea:unit><stArea:w>0.3</stArea:w>
<stArea:x>0.25</stArea:x><stArea:y>0.45</stArea:y></mwg-rs:Area>
<mwg-rs:Type>Pet</mwg-rs:Type></rdf:li>"""


def packet(*items: str, size: str = 'stDim:w="640" stDim:h="480" stDim:unit="pixel"') -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" {DECLARED}><rdf:RDF><rdf:Description rdf:about="">'
        f'<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions {size}/>'
        f"<mwg-rs:RegionList><rdf:Bag>{''.join(items)}</rdf:Bag></mwg-rs:RegionList>"
        "</mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def replaced(content: bytes, *regions: Region, size: tuple[int, int] = SIZE) -> bytes:
    read = Packet(content)
    read.replace_regions(regions, size)
    return bytes(read)


def seen(content: bytes) -> list[str]:
    """The names of others' regions, and the descriptions of Barkive's."""
    root = etree.fromstring(content)
    told = []
    for item in root.iterfind(".//mwg-rs:RegionList/*/rdf:li", NAMES):
        name = item.xpath("string(.//@mwg-rs:Name)", namespaces=NAMES)
        told.append(name or item.findtext("mwg-rs:Description", "unnamed", NAMES))
    return told


def test_a_new_packet() -> None:
    new = Packet()
    assert new.replace_regions([PUG, UNSURE], SIZE)
    text = bytes(new).decode()
    start, end = text.index("   <mwg-rs:Regions"), text.index("</mwg-rs:Regions>")
    assert text[start:end].splitlines() == [
        '   <mwg-rs:Regions xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
        'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
        'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" rdf:parseType="Resource">',
        '    <mwg-rs:AppliedToDimensions stDim:w="640" stDim:h="480" stDim:unit="pixel"/>',
        "    <mwg-rs:RegionList>",
        "     <rdf:Bag>",
        '      <rdf:li rdf:parseType="Resource">',
        '       <mwg-rs:Area stArea:x="0.250000" stArea:y="0.450000" stArea:w="0.300000" '
        'stArea:h="0.700000" stArea:unit="normalized"/>',
        "       <mwg-rs:Type>Pet</mwg-rs:Type>",
        "       <mwg-rs:Description>Pug</mwg-rs:Description>",
        '       <mwg-rs:Extensions rdf:parseType="Resource">',
        "        <barkive:Breed>n02110958</barkive:Breed>",
        "       </mwg-rs:Extensions>",
        "      </rdf:li>",
        '      <rdf:li rdf:parseType="Resource">',
        '       <mwg-rs:Area stArea:x="0.750000" stArea:y="0.750000" stArea:w="0.500000" '
        'stArea:h="0.500000" stArea:unit="normalized"/>',
        "       <mwg-rs:Type>Pet</mwg-rs:Type>",
        "       <mwg-rs:Description>Not sure</mwg-rs:Description>",
        '       <mwg-rs:Extensions rdf:parseType="Resource">',
        "        <barkive:Breed></barkive:Breed>",
        "       </mwg-rs:Extensions>",
        "      </rdf:li>",
        "     </rdf:Bag>",
        "    </mwg-rs:RegionList>",
        "   ",
    ]


def test_the_same_again_changes_nothing() -> None:
    content = replaced(bytes(Packet()), PUG, UNSURE)
    assert not Packet(content).replace_regions([PUG, UNSURE], SIZE)
    assert Packet(content).replace_regions([UNSURE, PUG], SIZE)
    assert Packet(content).replace_regions([PUG, UNSURE], (480, 640))


def test_barkives_own_are_replaced_and_go() -> None:
    content = replaced(bytes(Packet()), PUG, UNSURE)
    assert seen(replaced(content, UNSURE)) == ["Not sure"]
    empty = replaced(content)
    assert b"Regions" not in empty
    assert not Packet(empty).replace_regions([], SIZE)


@pytest.mark.parametrize("size", [(640, 480), (1280, 960), (641, 480)])
def test_regions_of_others_stay_before_barkives(size: tuple[int, int]) -> None:
    content = replaced(packet(FACE), PUG, size=size)
    assert seen(content) == ["Ada", "Pug"]
    assert content.count(b'stDim:w="640" stDim:h="480"') == 1
    assert not Packet(content).replace_regions([PUG], size)
    assert seen(replaced(content, size=size)) == ["Ada"]


def test_a_region_that_another_program_has_written_already_is_not_added() -> None:
    content = replaced(packet(FACE, PET), PUG, UNSURE)
    assert seen(content) == ["Ada", "unnamed", "Not sure"]


@pytest.mark.parametrize("size", [(480, 640), (640, 360)])
def test_regions_of_a_picture_of_another_shape_are_not_mixed_with(size: tuple[int, int]) -> None:
    read = Packet(packet(FACE))
    before = bytes(read)
    with pytest.raises(StaleRegionsError) as caught:
        read.replace_regions([PUG], size)
    assert caught.value.there == (640.0, 480.0)
    assert bytes(read) == before


@pytest.mark.parametrize("size", ["", 'stDim:w="0" stDim:h="480"', 'stDim:w="wide" stDim:h="1"'])
def test_a_size_that_is_not_told_is_written(size: str) -> None:
    content = replaced(packet(FACE, size=size), PUG)
    assert seen(content) == ["Ada", "Pug"]
    assert content.count(b"<mwg-rs:AppliedToDimensions") == 1
    assert b'stDim:w="640" stDim:h="480" stDim:unit="pixel"' in content


def test_others_regions_without_an_area_or_outside_the_picture_stay() -> None:
    outside = FACE.replace('x="0.8"', 'x="1.8"')
    content = replaced(packet("<rdf:li>face</rdf:li>", outside), PUG)
    assert seen(content) == ["unnamed", "Ada", "Pug"]
