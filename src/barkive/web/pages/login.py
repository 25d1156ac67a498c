"""Signing in and out, where the server asks for a password."""

from __future__ import annotations

import math
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from barkive.messages import Messages
from barkive.web import cookies
from barkive.web.dependencies import Addresses
from barkive.web.languages import language_of
from barkive.web.rendering import render
from barkive.web.services.sessions import LoginThrottle, Sessions
from barkive.web.urls import Route

router = APIRouter()

Goal = Annotated[str, Query(alias="next")]


@router.get(Route.LOGIN)
def ask(request: Request, urls: Addresses, goal: Goal = "") -> Response:
    """The page that asks for the password."""
    if request.app.state.settings.password is None:
        return RedirectResponse(urls.home(), 303)
    return render(request, "login.html", goal=urls.own(goal) or urls.home(), fault=None)


@router.post(Route.LOGIN)
async def sign_in(
    request: Request,
    urls: Addresses,
    password: Annotated[str, Form(max_length=2000)] = "",
    goal: Annotated[str, Form(alias="next", max_length=4096)] = "",
) -> Response:
    """Opens a session for whoever knows the password."""
    passwords = request.app.state.settings.password
    if passwords is None:
        return RedirectResponse(urls.home(), 303)
    goal = urls.own(goal) or urls.home()
    throttle: LoginThrottle = request.app.state.throttle
    sessions: Sessions = request.app.state.sessions
    address = request.client.host if request.client else ""
    words = Messages(language_of(request))
    async with throttle.turn:
        if wait := throttle.seconds_to_wait(address):
            fault = words("login.wait", n=math.ceil(wait / 60))
            headers = {"Retry-After": str(math.ceil(wait))}
            return render(
                request, "login.html", status=429, headers=headers, goal=goal, fault=fault
            )
        if not await to_thread.run_sync(passwords.verify, password):
            throttle.failed(address)
            fault = words("login.wrong")
            return render(request, "login.html", status=403, goal=goal, fault=fault)
    sessions.close(request.cookies.get(cookies.SESSION, ""))
    response = RedirectResponse(goal, 303)
    secure = request.url.scheme == "https"
    cookies.keep(request, response, cookies.SESSION, sessions.open(), secure=secure)
    return response


@router.post(Route.LOGOUT)
def sign_out(request: Request, urls: Addresses) -> Response:
    """Closes the session."""
    sessions: Sessions = request.app.state.sessions
    sessions.close(request.cookies.get(cookies.SESSION, ""))
    response = RedirectResponse(urls.login(), 303)
    cookies.forget(request, response, cookies.SESSION)
    return response
