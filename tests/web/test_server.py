"""A real server on a real socket, with clients that do not do as they should."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest
import uvicorn
from fastapi import FastAPI

from barkive.web.server import PromptProtocol

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    app = FastAPI()
    app.get("/")(lambda: "ok")
    monkeypatch.setattr(PromptProtocol, "head_seconds", 0.3)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=PromptProtocol, log_level="critical"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join()


def test_a_request_whose_head_never_ends_is_given_up(address: tuple[str, int]) -> None:
    for beginning in (b"", HEAD):
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(beginning)
            assert client.recv(100) == b""


def test_a_dribbled_head_is_given_up_though_bytes_arrive(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=60) as client:
        for byte in HEAD * 10:
            try:
                client.sendall(bytes([byte]))
            except ConnectionError:
                return
            time.sleep(0.02)
    pytest.fail("it was listened to to the end")


def test_an_endless_head_is_given_up(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(HEAD)
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                client.sendall(b"X-Y: " + b"z" * 1000 + b"\r\n")
            assert client.recv(100) == b""
            return
    # Closed before all was sent.


def test_several_requests_on_one_connection_are_answered(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=60) as client:
        for _ in range(3):
            client.sendall(HEAD + b"\r\n")
            answer = HTTPResponse(client)
            answer.begin()
            assert (answer.status, answer.read()) == (200, b'"ok"')
            time.sleep(0.2)
