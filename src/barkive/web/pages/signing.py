"""Signing in and out, where the server asks for a password."""

from __future__ import annotations

import math
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from barkive.web.languages import Words, language_of
from barkive.web.pages.rendering import render
from barkive.web.services.sessions import SESSION_COOKIE, Attempts, Sessions

router = APIRouter()

_FIRST_PAGE = "/"
Goal = Annotated[str, Query(alias="next")]


@router.get("/login")
def ask(request: Request, goal: Goal = _FIRST_PAGE) -> Response:
    """The page that asks for the password."""
    if request.app.state.settings.password is None:
        return RedirectResponse(_FIRST_PAGE, 303)
    return render(request, "login.html", goal=_own(goal), fault=None)


@router.post("/login")
async def sign_in(
    request: Request,
    password: Annotated[str, Form(max_length=2000)] = "",
    goal: Annotated[str, Form(alias="next", max_length=4096)] = _FIRST_PAGE,
) -> Response:
    """Opens a session for whoever knows the password."""
    passwords = request.app.state.settings.password
    if passwords is None:
        return RedirectResponse(_FIRST_PAGE, 303)
    attempts: Attempts = request.app.state.attempts
    sessions: Sessions = request.app.state.sessions
    address = request.client.host if request.client else ""
    words = Words(language_of(request))
    async with attempts.turn:
        if wait := attempts.allowed(address):
            fault = words("login.wait", n=math.ceil(wait / 60))
            headers = {"Retry-After": str(math.ceil(wait))}
            return render(
                request, "login.html", status=429, headers=headers, goal=_own(goal), fault=fault
            )
        if not await to_thread.run_sync(passwords.verify, password):
            attempts.failed(address)
            fault = words("login.wrong")
            return render(request, "login.html", status=403, goal=_own(goal), fault=fault)
    sessions.close(request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse(_own(goal), 303)
    response.set_cookie(
        SESSION_COOKIE,
        sessions.open(),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """Closes the session."""
    sessions: Sessions = request.app.state.sessions
    sessions.close(request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
    return response


def _own(address: str) -> str:
    """An address of this server, so that nobody is sent elsewhere by a link."""
    own = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if own and address.isprintable() else _FIRST_PAGE
