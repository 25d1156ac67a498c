"""Leads back whoever asks for the address of a form: to the page that the form stands on.

It is the address of a page only where a form was refused: it can be typed, kept, or asked for in
another language.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from barkive.web.urls import PAGES_OF_FORMS, page_of_form

router = APIRouter(include_in_schema=False)


def lead_back(request: Request) -> Response:
    """Goes to the page of the form."""
    return RedirectResponse(page_of_form(request), 303)


for _form in PAGES_OF_FORMS:
    router.add_api_route(_form, lead_back, methods=["GET"])
