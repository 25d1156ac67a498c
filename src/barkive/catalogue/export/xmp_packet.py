"""One XMP packet: exchanges Barkive's own tags and regions in it for others, and keeps the rest.

XMP is RDF in XML, see ISO 16684-1 and https://developer.adobe.com/xmp/docs/. A photo's tags are
`tag_lists`, the boxes of its dogs are `regions`. Knows nothing of files and of photos.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from lxml import etree

from barkive.catalogue.export.rdf import (
    DESCRIPTION,
    RDF,
    OddListError,
    Property,
    complete,
    first_description,
    remove,
)
from barkive.catalogue.export.regions import Region, Regions
from barkive.catalogue.export.tag_lists import ALWAYS, TagLists, Tags
from barkive.errors import BarkiveError

_ROOTS = ("{adobe:ns:meta/}xmpmeta", "{adobe:ns:meta/}xapmeta", f"{RDF}RDF")
_NOTES = "urn:barkive:xmp:1.0/"
_BEGUN = f"{{{_NOTES}}}begun"

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACES = "\n    ".join(f'xmlns:{one.prefix}="{one.namespace}"' for one in ALWAYS)
_EMPTY = f"""\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF[1:-1]}">
  <rdf:Description rdf:about=""
    {_NAMESPACES}
    xmlns:barkive="{_NOTES}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()


class PacketError(BarkiveError):
    """It is no packet that can be changed safely."""


class Packet:
    """An XMP packet in memory. All that `replace` does not name stays as it was."""

    def __init__(self, content: bytes = _EMPTY) -> None:
        """Reads a packet; without content, makes an empty one.

        Args:
            content: A side-car's, in UTF-8 or in the encoding that its start declares.

        Raises:
            PacketError: It is damaged, or no XMP.
        """
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            strip_cdata=False,
        )
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise PacketError("sidecar_damaged") from None
        if root.getroottree().docinfo.doctype:
            raise PacketError("sidecar_document_type")
        rdf = root if root.tag == f"{RDF}RDF" else root.find(f"{RDF}RDF")
        if root.tag not in _ROOTS or rdf is None:
            raise PacketError("sidecar_not_xmp")
        self._root, self._rdf = root, rdf
        self._declared = _is_declared(content)

    def __bytes__(self) -> bytes:
        """The packet in UTF-8, with an XML declaration if it came with one."""
        before, after = self._root.itersiblings(preceding=True), self._root.itersiblings()
        lines = [
            etree.tostring(node, encoding="UTF-8", xml_declaration=False, with_tail=False)
            for node in (*reversed(list(before)), self._root, *after)
        ]
        return b"\n".join([_DECLARATION] * self._declared + lines) + b"\n"

    def begin(self) -> None:
        """Notes that it begins with what the photo's file says."""
        first_description(self._rdf).set(_BEGUN, "embedded")

    @property
    def is_bare(self) -> bool:
        """Whether all that it holds is Barkive's, and it was never begun with the photo's own."""
        if any(one.get(_BEGUN) for one in self._rdf.iterchildren(DESCRIPTION)):
            return False
        rest = Packet(bytes(self))
        try:
            rest.replace(Tags())
        except PacketError:
            return False
        rest.replace_regions((), (0, 0))
        return all(
            not len(one) and not set(one.attrib) - {f"{RDF}about"}
            for one in rest._rdf.iterchildren(DESCRIPTION)
        )

    def extend(self, other: Packet) -> None:
        """Takes in all that another packet of the same photo says."""
        for description in other._rdf.iterchildren(DESCRIPTION):
            # Adobe's toolkit, and so Exiv2, refuses a packet that names its subject in two ways.
            description.attrib.pop("about", None)
            description.set(f"{RDF}about", "")
            self._rdf.append(description)

    def remove(self, names: Collection[str], beginnings: tuple[str, ...]) -> None:
        """Takes properties away: see `rdf.remove`."""
        remove(self._rdf, names, beginnings)

    def complete(self, wanted: Property, values: Iterable[str]) -> None:
        """Gives a property the values that it lacks: see `rdf.complete`.

        Those that are blank, or that XML can't hold, are passed over, as is a property of an odd
        form.
        """
        with suppress(OddListError, ValueError):
            complete(self._rdf, wanted, [text for one in values if (text := one.strip(" \0"))])

    def replace(self, tags: Tags) -> bool:
        """Takes away the tags that Barkive added earlier, and adds these: see `TagLists`.

        Returns:
            Whether anything changed.

        Raises:
            PacketError: A property is of a form that can't be changed safely; the packet
                must then be thrown away.
        """
        try:
            return TagLists(self._rdf, _NOTES, "barkive").replace(tags)
        except OddListError:
            raise PacketError("sidecar_tags_unchangeable") from None

    def replace_regions(self, regions: Sequence[Region], size: tuple[int, int]) -> bool:
        """Takes away the regions that Barkive added earlier, and adds these: see `Regions`.

        Args:
            regions: Of the picture.
            size: The picture's width and height as it is stored, in pixels.

        Returns:
            Whether anything changed.

        Raises:
            StaleRegionsError: There are regions of a picture of another shape, and none was added.
        """
        return Regions(self._rdf, _NOTES, "barkive").replace(regions, size)


def _is_declared(content: bytes) -> bool:
    """Whether the packet starts with an XML declaration, in whatever encoding."""
    start = content[:64].replace(b"\0", b"")
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
        start = start.removeprefix(mark)
    return start[:5] == b"<?xml" and start[5:6].isspace()
