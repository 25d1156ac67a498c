"""Signing in and out, where the server asks for a password, or who it is.

Somebody whose form was refused, because they are not signed in any more, signs in on the page that
answers it. What they typed travels in that page, goes nowhere else, and is sent again once they
say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from barkive.messages import Messages
from barkive.web import cookies
from barkive.web.dependencies import Addresses
from barkive.web.languages import language_of
from barkive.web.rendering import render
from barkive.web.services.sign_in import SignIn, Visitor
from barkive.web.sessions import IDLE, LIFETIME, LoginThrottle
from barkive.web.signed_in import answering
from barkive.web.urls import Route, Urls

router = APIRouter(include_in_schema=False)

Goal = Annotated[str, Query(alias="next")]
# Forms with passwords are typed again, and nobody signs in to sign out.
_NOT_KEPT = (Route.ACCOUNT, Route.USERS, Route.LOGIN, Route.LOGOUT)
_DAY = 24 * 3600


@router.get(Route.LOGIN)
def ask(request: Request, urls: Addresses, goal: Goal = "") -> Response:
    """The page that asks who it is."""
    if request.app.state.sign_in is None:
        return RedirectResponse(urls.home(), 303)
    return _page(request, urls.own(goal) or urls.home())


def ask_again(scope: Scope, fields: str | None, headers: Mapping[str, str]) -> Response:
    """The page that asks who it is, in the place of what a form would have led to.

    Args:
        scope: Of the request.
        fields: What the form holds; None where it can't be kept.
        headers: More headers.
    """
    request, urls = Request(scope), Urls.of(scope)
    address = scope["path"] + (f"?{request.url.query}" if request.url.query else "")
    path = urls.route_path(scope)
    is_kept = fields is not None and not path.startswith(_NOT_KEPT)
    return _page(
        request,
        # Where a form's address is asked for, it leads to the form.
        _came_from(request, urls) or (urls.home() if path == Route.LOGOUT else urls.own(address)),
        status=401,
        headers=headers,
        lost=not is_kept and path != Route.LOGOUT,
        to=urls.own(address) if is_kept else "",
        sent=fields if is_kept else "",
    )


@router.post(Route.LOGIN)
async def sign_in(
    request: Request,
    urls: Addresses,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    goal: Annotated[str, Form(alias="next", max_length=4096)] = "",
    to: Annotated[str, Form(max_length=4096)] = "",
    sent: Annotated[str, Form(max_length=1 << 18)] = "",
) -> Response:
    """Opens a session for whoever knows the password."""
    door: SignIn | None = request.app.state.sign_in
    if door is None:
        return RedirectResponse(urls.home(), 303)
    goal, to = urls.own(goal) or urls.home(), urls.own(to)
    kept: dict[str, Any] = {"name": name, "to": to, "sent": sent if to else ""}
    throttle: LoginThrottle = request.app.state.throttle
    address = request.client.host if request.client else ""
    words = Messages(language_of(request))
    async with throttle.turn:
        if wait := throttle.seconds_to_wait(address):
            fault = words("login.wait", n=math.ceil(wait / 60))
            headers = {"Retry-After": str(math.ceil(wait))}
            return _page(request, goal, status=429, headers=headers, fault=fault, **kept)
        visitor = await to_thread.run_sync(door.by_password, name, password)
        if visitor is None:
            throttle.failed(address)
            fault = words("login.wrong" if door.users is None else "login.wrong_user")
            return _page(request, goal, status=403, fault=fault, **kept)
    token = await to_thread.run_sync(_opened, door, visitor, request)
    response: Response = RedirectResponse(goal, 303)
    if to:
        with answering(visitor.user):
            fields = parse_qsl(sent, keep_blank_values=True)
            response = render(request, "sent_again.html", goal=goal, to=to, fields=fields)
    keep_session(request, response, token)
    return response


@router.post(Route.LOGOUT)
def sign_out(request: Request, urls: Addresses) -> Response:
    """Closes the session."""
    door: SignIn | None = request.app.state.sign_in
    if door is not None:
        door.end(request.cookies.get(cookies.SESSION, ""))
    response = RedirectResponse(urls.login(), 303)
    cookies.forget(request, response, cookies.SESSION)
    return response


def keep_session(request: Request, response: Response, token: str) -> None:
    """Has the browser keep a session, also when it is closed meanwhile."""
    secure = request.url.scheme == "https"
    seconds = round(LIFETIME)
    cookies.keep(request, response, cookies.SESSION, token, seconds=seconds, secure=secure)


def _opened(door: SignIn, visitor: Visitor, request: Request) -> str:
    """A session in the place of the one before."""
    door.end(request.cookies.get(cookies.SESSION, ""))
    return door.open(visitor)


def _page(
    request: Request,
    goal: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    door: SignIn = request.app.state.sign_in
    context = {"fault": None, "name": "", "to": "", "sent": "", "lost": False} | more
    return render(
        request,
        "login.html",
        status=status,
        headers=headers,
        goal=goal,
        address=Urls.of(request.scope).login(next=goal),
        by_name=door.users is not None,
        days=round(LIFETIME / _DAY),
        idle_days=round(IDLE / _DAY),
        **context,
    )


def _came_from(request: Request, urls: Urls) -> str:
    """The page that a form was on, if it is one of the server's; else nothing."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if page.netloc.lower() != request.headers.get("host", "").lower():
        return ""
    return urls.own(page.path + (f"?{page.query}" if page.query else ""))
