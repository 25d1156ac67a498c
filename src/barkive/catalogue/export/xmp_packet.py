"""One XMP packet: exchanges Barkive's own tags in it for others, and keeps the rest.

XMP is RDF in XML, see ISO 16684-1 and https://developer.adobe.com/xmp/docs/. Three
properties hold a photo's tags: `dc:subject` (single words), `lr:hierarchicalSubject`
(Lightroom; levels divided by `|`) and `digiKam:TagsList` (levels divided by `/`). What
Barkive adds to each is noted in a property of its own namespace, so that it can be taken
away again and a tag that was there before stays. The boxes of dogs are `regions`. Knows nothing
of files and of photos.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from barkive.catalogue.export.rdf import RDF, ListProperty, OddListError, change, words
from barkive.catalogue.export.regions import Region, Regions
from barkive.errors import BarkiveError

_ROOTS = ("{adobe:ns:meta/}xmpmeta", "{adobe:ns:meta/}xapmeta", f"{RDF}RDF")
_SUBJECT = ListProperty("dc", "http://purl.org/dc/elements/1.1/", "subject")
_HIERARCHICAL = ListProperty("lr", "http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject")
_PATH = ListProperty("digiKam", "http://www.digikam.org/ns/1.0/", "TagsList", "Seq")
_NOTES = "urn:barkive:xmp:1.0/"

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY = f"""\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF[1:-1]}">
  <rdf:Description rdf:about=""
    xmlns:dc="{_SUBJECT.namespace}"
    xmlns:lr="{_HIERARCHICAL.namespace}"
    xmlns:digiKam="{_PATH.namespace}"
    xmlns:barkive="{_NOTES}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()


class PacketError(BarkiveError):
    """It is no packet that can be changed safely."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What Barkive says of a photo, as the three properties want it: no tag empty."""

    subject: tuple[str, ...] = ()
    hierarchical: tuple[str, ...] = ()
    path: tuple[str, ...] = ()


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

    def replace(self, tags: Tags) -> bool:
        """Takes away the tags that Barkive added earlier, and adds these.

        A tag that is there already is neither added nor noted as Barkive's. Those that stay
        keep their place.

        Returns:
            Whether anything changed.

        Raises:
            PacketError: A property is of a form that can't be changed safely; the packet
                must then be thrown away.
        """
        try:
            changes = [
                self._exchange(_SUBJECT, tags.subject),
                self._exchange(_HIERARCHICAL, tags.hierarchical),
                self._exchange(_PATH, tags.path),
            ]
        except OddListError:
            raise PacketError("sidecar_tags_unchangeable") from None
        return any(changes)

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

    def _exchange(self, listed: ListProperty, tags: Iterable[str]) -> bool:
        noted = ListProperty("barkive", _NOTES, listed.local)
        wanted = list(dict.fromkeys(tags))
        present, ours = words(self._rdf, listed), words(self._rdf, noted)
        missing = [tag for tag in wanted if tag not in present]
        note = [tag for tag in wanted if tag in ours or tag in missing]
        stale = [tag for tag in ours if tag not in wanted]
        changes = [
            change(self._rdf, listed, [tag for tag in stale if tag in present], missing),
            change(self._rdf, noted, stale, [tag for tag in note if tag not in ours]),
        ]
        return any(changes)


def _is_declared(content: bytes) -> bool:
    """Whether the packet starts with an XML declaration, in whatever encoding."""
    start = content[:64].replace(b"\0", b"")
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
        start = start.removeprefix(mark)
    return start[:5] == b"<?xml" and start[5:6].isspace()
