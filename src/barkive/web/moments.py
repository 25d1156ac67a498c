"""Moments on pages: in UTC as they are kept; `local-times.js` shows them in the reader's zone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from barkive.messages import Messages


def moment(at: datetime, words: Messages) -> Markup:
    """A day and hour, as HTML.

    Args:
        at: The moment, UTC.
        words: Of the visitor's language.
    """
    return _time(at, f"{words.moment(at)} UTC", "moment")


def day(at: datetime, words: Messages) -> Markup:
    """A day, as HTML; likewise."""
    return _time(at, words.day(at), "day")


def told(words: Messages, key: str, **values: Any) -> Markup:
    """A sentence with moments in it, as HTML.

    Args:
        words: Of the visitor's language.
        key: Of the sentence.
        values: What stands in its braces; texts are escaped, but for what `moment` and `day` give.
    """
    shown = {name: escape(one) if isinstance(one, str) else one for name, one in values.items()}
    return Markup(words(key, **shown))


def _time(at: datetime, shown: str, form: str) -> Markup:
    utc = f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(utc, form, shown)
