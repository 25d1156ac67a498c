"""Runs the application on a socket: uvicorn, with limits on the heads of requests.

Bodies have their limits in `middleware.body_limits`; a head is read before the application is
asked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from barkive.web.middleware.forwarded import ForwardedHeadersMiddleware

_HEAD_SECONDS = 15.0
_HEAD_BYTES = 64 << 10
_KEEP_ALIVE_SECONDS = 10
_SHUTDOWN_SECONDS = 5


class PromptProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not begin in time, or has an endless head."""

    head_seconds = _HEAD_SECONDS
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gives the first request its time."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock of a connection that is gone."""
        self._has_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what comes before a head is whole."""
        if self._deadline is not None:
            self._head_bytes += len(data)
            # What is whole with this piece may have a long body behind it.
            if self._head_bytes > _HEAD_BYTES + len(data):
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Gives the next request on the connection its time."""
        if self._deadline is None:
            self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stops the clock."""
        self._has_head()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _has_head(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _raise_file_limit() -> None:
    """Raises the limit of open files as far as this user may: each upload is one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(app: FastAPI, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serves until Ctrl-C or a signal to end; what is under way is finished first.

    Args:
        app: The application.
        listening: Bound and listening.
        on_ready: Called when signals are heard: from then on one ends the server in order.
    """
    _raise_file_limit()
    # Inherited by each connection. asyncio sets it only on sockets that name their protocol, and
    # without it the end of a request waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # As uvicorn has it, but for the prefix, which uvicorn does not know.
    trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    config = uvicorn.Config(
        ForwardedHeadersMiddleware(app, trusted=trusted),
        proxy_headers=False,
        http=PromptProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_fault)
    server = uvicorn.Server(config)
    # Raised when it has ended in order.
    with suppress(KeyboardInterrupt), server.capture_signals():
        on_ready()
        server.run([listening])


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a message is to be shown: that a request is cut off at the end is no fault."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
