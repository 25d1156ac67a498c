"""Lists of words in RDF/XML, as XMP writes them: reads, extends and shortens them.

See ISO 16684-1, 7.7, or part 1 of https://developer.adobe.com/xmp/docs/. Other programs'
ways to write a list are read as well: as an attribute, as simple text, spread over several
descriptions. Knows nothing of what the words mean.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_CONTAINERS = tuple(f"{RDF}{name}" for name in ("Bag", "Seq", "Alt"))
ITEM = f"{RDF}li"
DESCRIPTION = f"{RDF}Description"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class Form(StrEnum):
    """How a property holds its values."""

    TEXT = "text"
    BAG = "Bag"
    SEQ = "Seq"
    LANGUAGES = "Alt"


@dataclass(frozen=True, slots=True)
class Property:
    """A property that people read.

    Attributes:
        prefix: The namespace's usual prefix.
        namespace: The namespace.
        local: The name in it.
        form: How it holds its values.
    """

    prefix: str
    namespace: str
    local: str
    form: Form = Form.TEXT


class OddListError(ValueError):
    """A list is written in a form that can't be changed safely."""


@dataclass(frozen=True, slots=True)
class ListProperty:
    """A property that holds words.

    Attributes:
        prefix: The namespace's usual prefix.
        namespace: The namespace.
        local: The name in it.
        container: `Bag` or `Seq`: the kind of list that is made where there is none.
    """

    prefix: str
    namespace: str
    local: str
    container: str = "Bag"

    @property
    def name(self) -> str:
        """The qualified name, as lxml writes it."""
        return f"{{{self.namespace}}}{self.local}"


def words(rdf: Any, listed: ListProperty) -> list[str]:
    """The words of a property, in all descriptions of an `rdf:RDF`, without empty ones."""
    found = [word for d in _descriptions(rdf) if (word := d.get(listed.name))]
    for element in _elements(rdf, listed):
        container = _container_of(element)
        items = [element] if container is None else container.iterchildren(ITEM)
        found += [word for item in items if (word := _word(item))]
    return found


def is_there(rdf: Any, listed: ListProperty) -> bool:
    """Whether a property is there, be it empty."""
    return bool(_elements(rdf, listed)) or any(listed.name in d.attrib for d in _descriptions(rdf))


def change(rdf: Any, listed: ListProperty, stale: Sequence[str], missing: Sequence[str]) -> bool:
    """Removes some words from a property and appends others; the rest keep their place.

    A word with a qualifier is not removed. A property that loses its last word goes away.

    Returns:
        Whether there was anything to do.

    Raises:
        OddListError: The property is no list and can't be made one; the document must then
            be thrown away, for it may be half changed.
    """
    if not stale and not missing:
        return False
    lists = _lists(rdf, listed)
    for word in stale:
        # Of two equal ones the later: whoever added it found the other there.
        items = [item for one in lists for item in one.iterchildren(ITEM)]
        last = next((item for item in reversed(items) if _word(item) == word), None)
        if last is not None and not len(last) and not last.attrib:
            last.getparent().remove(last)
    if missing:
        target = lists[0] if lists else _new_list(first_description(rdf), listed)
        for word in missing:
            etree.SubElement(target, ITEM).text = word
    for element in _elements(rdf, listed):
        _tidy(element)
    return True


def complete(rdf: Any, wanted: Property, values: Sequence[str]) -> None:
    """Gives a property values: a bag those that it lacks, another one if it is not there.

    Args:
        rdf: The `rdf:RDF`; changed in place.
        wanted: The property.
        values: What it is to hold; the first alone, where it holds one.

    Raises:
        OddListError: See `change`.
    """
    listed = ListProperty(wanted.prefix, wanted.namespace, wanted.local, wanted.form)
    if wanted.form is Form.BAG:
        present = words(rdf, listed)
        change(rdf, listed, (), [one for one in dict.fromkeys(values) if one not in present])
    elif not values or is_there(rdf, listed):
        return
    elif wanted.form is Form.TEXT:
        names = {wanted.prefix: wanted.namespace}
        element = etree.SubElement(first_description(rdf), listed.name, nsmap=names)
        element.text = values[0]
        lay_out(element)
    else:
        change(rdf, listed, (), values if wanted.form is Form.SEQ else values[:1])
        if wanted.form is Form.LANGUAGES:
            _elements(rdf, listed)[0][0][0].set(_LANGUAGE, "x-default")


def remove(rdf: Any, names: Collection[str], beginnings: tuple[str, ...]) -> None:
    """Takes properties away, wherever and however they are written.

    Args:
        rdf: The `rdf:RDF`; changed in place.
        names: Qualified names, as lxml writes them.
        beginnings: What qualified names may begin with, such as a namespace in braces.
    """
    for description in _descriptions(rdf):
        for name in list(description.attrib):
            if name in names or name.startswith(beginnings):
                del description.attrib[name]
        for element in list(description.iterchildren(etree.Element)):
            if element.tag in names or element.tag.startswith(beginnings):
                description.remove(element)
        is_empty = not len(description) and set(description.attrib) <= {f"{RDF}about"}
        if is_empty and description is not first_description(rdf):
            rdf.remove(description)


def _descriptions(rdf: Any) -> list[Any]:
    return list(rdf.iterchildren(DESCRIPTION))


def _elements(rdf: Any, listed: ListProperty) -> list[Any]:
    return [e for d in _descriptions(rdf) for e in d.iterchildren(listed.name)]


def _lists(rdf: Any, listed: ListProperty) -> list[Any]:
    """The property's lists; attributes and simple texts are turned into lists first."""
    for description in _descriptions(rdf):
        if word := description.attrib.pop(listed.name, None):
            etree.SubElement(_new_list(description, listed), ITEM).text = word
    lists = []
    for element in _elements(rdf, listed):
        container = _container_of(element)
        if container is None:
            container = _into_list(element, listed)
        elif any(item.tag != ITEM for item in container.iterchildren(etree.Element)):
            raise OddListError
        lists.append(container)
    return lists


def first_description(rdf: Any) -> Any:
    """The first description of an `rdf:RDF`, made where there is none."""
    for description in _descriptions(rdf):
        return description
    description = etree.SubElement(rdf, DESCRIPTION)
    description.set(f"{RDF}about", "")
    return description


def _new_list(description: Any, listed: ListProperty) -> Any:
    names = {listed.prefix: listed.namespace}
    element = etree.SubElement(description, listed.name, nsmap=names)
    return etree.SubElement(element, f"{RDF}{listed.container}")


def _container_of(element: Any) -> Any | None:
    """The list inside a property; None where it has none, or is more than a list."""
    children = list(element.iterchildren(etree.Element))
    if len(children) == 1 and children[0].tag in _CONTAINERS and not element.attrib:
        return children[0]
    return None


def _into_list(element: Any, listed: ListProperty) -> Any:
    """Turns a property of simple text into a list of one item."""
    language = element.attrib.pop(_LANGUAGE, None)
    if len(element) or element.attrib:
        raise OddListError
    word, element.text = element.text, None
    container = etree.SubElement(element, f"{RDF}{listed.container}")
    if word and word.strip():
        item = etree.SubElement(container, ITEM)
        item.text = word
        if language:
            item.set(_LANGUAGE, language)
    return container


def _word(item: Any) -> str:
    """An item's value, without its qualifiers."""
    value = item.get(f"{RDF}value")
    if value is None:
        inner = item.find(f".//{RDF}value")
        value = (item if inner is None else inner).xpath("string()")
    return str(value)


def _tidy(element: Any) -> None:
    """Removes a property that has become empty, else lays it out."""
    parent, container = element.getparent(), element[0]
    if len(element) == 1 and not len(container) and not container.attrib:
        parent.remove(element)
    else:
        lay_out(element)


def lay_out(element: Any) -> None:
    """Lays a property out as Adobe's toolkit does."""
    parent = element.getparent()
    level = sum(1 for _ in element.iterancestors())
    etree.indent(element, space=" ", level=level)
    if not (element.tail or "").strip():
        element.tail = "\n" + " " * (level - (element.getnext() is None))
    before = element.getprevious()
    gap = parent.text if before is None else before.tail
    if not (gap or "").strip():
        gap = "\n" + " " * level
        if before is None:
            parent.text = gap
        else:
            before.tail = gap
