"""Regions of a picture in RDF/XML, as XMP has them: exchanges Barkive's own for others.

See “Guidelines for Handling Image Metadata” of the Metadata Working Group, 2.0, chapter 5, whose
namespace is `mwg-rs`. An area is given by its centre and size, in shares of the picture as it is
stored, before its orientation turns it. Barkive's own regions are known by what stands in their
`Extensions`. Knows nothing of files and of photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from barkive.boxes import Box
from barkive.catalogue.export.rdf import DESCRIPTION, ITEM, RDF, first_description, lay_out
from barkive.errors import UsageError

_MWG: Final = "http://www.metadataworkinggroup.com/schemas/regions/"
_AREA: Final = "http://ns.adobe.com/xmp/sType/Area#"
_DIMENSIONS: Final = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
_PREFIXES: Final = {"mwg-rs": _MWG, "stArea": _AREA, "stDim": _DIMENSIONS}
_RESOURCE: Final = (f"{RDF}parseType", "Resource")
# Of pictures of one shape the sides differ by rounding alone.
_SAME_SHAPE = 0.01
# Two areas that overlap by so much are of one animal.
_SAME_AREA = 0.9


class StaleRegionsError(ValueError):
    """The regions that are there were drawn on a picture of another shape.

    Attributes:
        there: Width and height of that picture.
    """

    def __init__(self, there: tuple[float, float]) -> None:
        super().__init__(there)
        self.there = there


@dataclass(frozen=True, slots=True)
class Region:
    """An animal in a picture.

    Attributes:
        box: In shares of the picture as it is stored.
        description: What people read, such as its breed.
        breed: The ids of its breeds; empty where the breed is not known.
    """

    box: Box
    description: str
    breed: str = ""


class Regions:
    """The regions of an `rdf:RDF`."""

    def __init__(self, rdf: Any, own: str, prefix: str) -> None:
        """Looks for them.

        Args:
            rdf: The element; changed in place.
            own: The namespace of Barkive's own properties.
            prefix: Its usual prefix.
        """
        self._rdf, self._own, self._prefix = rdf, own, prefix

    def replace(self, regions: Sequence[Region], size: tuple[int, int]) -> bool:
        """Takes away the regions that Barkive added earlier, and adds these behind all others.

        digiKam passes over all regions behind the first one without a name, so that those with
        a name stay before Barkive's, which have none. One that lies where another program's
        does is not added.

        Args:
            regions: Of the picture.
            size: The picture's width and height as it is stored, in pixels.

        Returns:
            Whether anything changed.

        Raises:
            StaleRegionsError: Others' regions were drawn on a picture of another shape; nothing
                was changed.
        """
        items = list(self._items())
        ours = [item for item in items if self._is_own(item)]
        others = [item for item in items if item not in ours]
        there = self._dimensions()
        if others and regions and there is not None and not _is_of_shape(there, size):
            raise StaleRegionsError(there)
        taken = [box for box in map(_box, others) if box is not None]
        wanted = [
            one for one in regions if not any(one.box.iou(box) >= _SAME_AREA for box in taken)
        ]
        keeps = others and there is not None
        if list(map(self._read, ours)) == list(map(_written, wanted)) and (
            keeps or not wanted or there == size
        ):
            return False
        for item in ours:
            item.getparent().remove(item)
        if wanted:
            found = self._found()
            whole = found[0] if found else self._new()
            if not keeps:
                _set_dimensions(whole, size)
            bag = _bag(whole)
            for one in wanted:
                self._add(bag, one)
        self._tidy()
        return True

    def _found(self) -> list[Any]:
        descriptions = self._rdf.iterchildren(DESCRIPTION)
        return [e for d in descriptions for e in d.iterchildren(f"{{{_MWG}}}Regions")]

    def _items(self) -> Iterator[Any]:
        for whole in self._found():
            yield from whole.iterfind(f".//{{{_MWG}}}RegionList/*/{ITEM}")

    def _is_own(self, item: Any) -> bool:
        start = f"{{{self._own}}}"
        return any(
            str(node.tag).startswith(start) or any(key.startswith(start) for key in node.attrib)
            for node in item.iter(etree.Element)
        )

    def _dimensions(self) -> tuple[float, float] | None:
        for whole in self._found():
            for element in whole.iter(f"{{{_MWG}}}AppliedToDimensions"):
                sides = [_number(element, _DIMENSIONS, side) for side in ("w", "h")]
                if sides[0] and sides[1]:
                    return sides[0], sides[1]
        return None

    def _read(self, item: Any) -> tuple[object, ...]:
        numbers = tuple(_number(item, _AREA, side) for side in ("x", "y", "w", "h"))
        breed = _value(item, f"{{{self._own}}}Breed") or ""
        return (*numbers, _value(item, f"{{{_MWG}}}Description") or "", breed)

    def _new(self) -> Any:
        description = first_description(self._rdf)
        whole = etree.SubElement(description, f"{{{_MWG}}}Regions", nsmap=_PREFIXES)
        whole.set(*_RESOURCE)
        return whole

    def _add(self, bag: Any, region: Region) -> None:
        item = etree.SubElement(bag, ITEM)
        item.set(*_RESOURCE)
        area = etree.SubElement(item, f"{{{_MWG}}}Area", nsmap=_PREFIXES)
        for side, share in zip("xywh", _centred(region.box), strict=True):
            area.set(f"{{{_AREA}}}{side}", f"{share:.6f}")
        area.set(f"{{{_AREA}}}unit", "normalized")
        etree.SubElement(item, f"{{{_MWG}}}Type").text = "Pet"
        if region.description:
            etree.SubElement(item, f"{{{_MWG}}}Description").text = region.description
        more = etree.SubElement(item, f"{{{_MWG}}}Extensions")
        more.set(*_RESOURCE)
        names = {self._prefix: self._own}
        etree.SubElement(more, f"{{{self._own}}}Breed", nsmap=names).text = region.breed

    def _tidy(self) -> None:
        """Removes regions that hold nothing any more, and lays the others out."""
        for whole in self._found():
            if whole.find(f".//{ITEM}") is None:
                whole.getparent().remove(whole)
            else:
                lay_out(whole)


def _written(region: Region) -> tuple[object, ...]:
    """What `Regions._read` reads of a region that was added."""
    numbers = tuple(float(f"{share:.6f}") for share in _centred(region.box))
    return (*numbers, region.description, region.breed)


def _centred(box: Box) -> tuple[float, float, float, float]:
    """An area as the regions have it: its centre, its width and its height."""
    inside = Box.between(box.x, box.y, box.right, box.bottom)
    width, height = inside.width, inside.height
    return inside.x + width / 2, inside.y + height / 2, width, height


def _box(item: Any) -> Box | None:
    """Where a region lies; None where that is not told in shares, or outside the picture."""
    numbers = [_number(item, _AREA, side) for side in ("x", "y", "w", "h")]
    if None in numbers:
        return None
    x, y, width, height = (number or 0.0 for number in numbers)
    try:
        return Box.between(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    except UsageError:
        return None


def _is_of_shape(there: tuple[float, float], size: tuple[int, int]) -> bool:
    return abs(there[0] * size[1] / (there[1] * size[0]) - 1) <= _SAME_SHAPE


def _set_dimensions(whole: Any, size: tuple[int, int]) -> None:
    for element in list(whole.iter(f"{{{_MWG}}}AppliedToDimensions")):
        element.getparent().remove(element)
    element = etree.Element(f"{{{_MWG}}}AppliedToDimensions", nsmap=_PREFIXES)
    for side, pixels in zip("wh", size, strict=True):
        element.set(f"{{{_DIMENSIONS}}}{side}", str(pixels))
    element.set(f"{{{_DIMENSIONS}}}unit", "pixel")
    _inside(whole).insert(0, element)


def _bag(whole: Any) -> Any:
    listed = whole.find(f".//{{{_MWG}}}RegionList")
    if listed is None:
        listed = etree.SubElement(_inside(whole), f"{{{_MWG}}}RegionList")
    for container in listed.iterchildren(etree.Element):
        return container
    return etree.SubElement(listed, f"{RDF}Bag")


def _inside(struct: Any) -> Any:
    """The element that holds a structure's fields: a description in it, or itself."""
    inner = struct.find(DESCRIPTION)
    return struct if inner is None else inner


def _number(element: Any, namespace: str, name: str) -> float | None:
    try:
        return float(_value(element, f"{{{namespace}}}{name}") or "")
    except ValueError:
        return None


def _value(element: Any, name: str) -> str | None:
    """The value of a field anywhere in a structure, written as an attribute or as an element."""
    for node in element.iter(etree.Element):
        if node.tag == name:
            return str(node.xpath("string()"))
        if name in node.attrib:
            return str(node.get(name))
    return None
