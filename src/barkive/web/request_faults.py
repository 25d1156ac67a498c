"""What is wrong with the parts of a request, in sentences: which value, and what may stand there.

FastAPI has requests checked by Pydantic, whose faults have a kind and what it was compared with
(https://docs.pydantic.dev/latest/errors/validation_errors/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from barkive.messages import Message

_SHOWN = 60
# Sentences by the kind of fault; None of those that say the kind of value that is wanted.
_KINDS = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "greater_than_equal": "field_below",
    "greater_than": "field_not_above",
    "less_than_equal": "field_above",
    "less_than": "field_not_below",
    "string_too_long": "field_too_long",
    "string_too_short": "field_too_short",
    "too_long": "field_too_many",
    "too_short": "field_too_few",
    "literal_error": "field_choice",
    "enum": "field_choice",
    "union_tag_invalid": "field_choice",
    "json_invalid": "field_no_json",
    "union_tag_not_found": "field_missing",
}
# What must stand there, by the beginning of the kind of fault.
_WANTED = {
    "int": "field_integer",
    "float": "field_number",
    "finite_number": "field_number",
    "bool": "field_boolean",
    "date": "field_day",
    "value_error": "field_day",  # of `parameters`, which refuses numbers for days
    "string": "field_text",
    "list": "field_list",
    "dict": "field_object",
    "model": "field_object",
}
# What fits the pattern of a text, by its name.
_FITTING = {
    "folders": "field_path",
    "arrived": "field_day",
    "left": "field_day",
    "birth": "field_birth",
    "dogs": "field_dogs",
    "box": "field_box",
}


def in_words(fault: Mapping[str, Any]) -> Message:
    """A fault as Pydantic tells it, as a sentence."""
    kind, context = fault["type"], fault.get("ctx", {})
    params = {"name": _name(fault["loc"]), "value": _shown(fault.get("input"))}
    if kind == "union_tag_not_found":
        params["name"] = context["discriminator"].strip("'")
    elif kind == "union_tag_invalid":
        params |= {"name": context["discriminator"].strip("'"), "value": context["tag"]}
    if kind in _KINDS:
        return Message(_KINDS[kind], {**params, **_limits(context)})
    if kind == "string_pattern_mismatch":
        code = _FITTING.get(params["name"].partition("[")[0])
        if code is None:
            code = "field_blank" if not str(fault["input"]).strip() else "field_odd_character"
        return Message(code, params)
    wanted = (code for beginning, code in _WANTED.items() if kind.startswith(beginning))
    return Message(next(wanted, "field_wrong"), params)


def _name(place: tuple[str | int, ...]) -> str:
    """What people call a part of a request: `breeds[0]` for the first of a list."""
    name = str(place[0])
    for part in place[1:]:
        name = f"{name}[{part}]" if isinstance(part, int) and name != "body" else str(part)
    return name


def _limits(context: Mapping[str, Any]) -> dict[str, Any]:
    """What a value was compared with, by the name in the sentences."""
    found: dict[str, Any] = {}
    for name in ("ge", "gt", "le", "lt", "max_length", "min_length"):
        if name in context:
            found["limit"] = context[name]
    for name in ("expected", "expected_tags"):
        if name in context:
            found["choices"] = re.findall(r"'([^']*)'", context[name])
    return found


def _shown(value: Any) -> str:
    """A value that was sent, as far as it is short."""
    shown = value if isinstance(value, str) else repr(value)
    shown = "".join(c if c.isprintable() else "\ufffd" for c in shown)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
