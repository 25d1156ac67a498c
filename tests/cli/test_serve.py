"""`barkive serve` as a process, with clients that do as they should and such that do not."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from barkive.cli.commands import app
from barkive.errors import UsageError
from barkive.web import Settings

PASSWORD = "correct horse"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix"),
]


def heed_ctrl_c() -> None:
    """Undoes what a shell does to its background jobs, which inherit a deafness to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Server:
    """A running `barkive serve`."""

    def __init__(self, home: Path, bundle: Path, *words: str, **environment: str) -> None:
        """Starts it, and reads what it says first."""
        self.home = home
        home.mkdir(exist_ok=True)
        (home / "tmp").mkdir(exist_ok=True)
        kept = {name: one for name, one in os.environ.items() if name != "BARKIVE_PASSWORD"}
        places = {"HOME": home, "XDG_CONFIG_HOME": home / "config", "XDG_DATA_HOME": home / "data"}
        places |= {"XDG_CACHE_HOME": home / "cache", "TMPDIR": home / "tmp"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "barkive", "serve", "--model", str(bundle), *words],
            env=kept | {name: str(place) for name, place in places.items()} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_ctrl_c,
        )
        self.said = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if line == "Ctrl-C ends it.\n":
                break

    @property
    def port(self) -> int:
        found = re.search(r"Barkive is at http://.+:(\d+)(?:/\S+)?\n", self.said)
        assert found, self.said
        return int(found[1])

    def end(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """The exit status, and what it said in all."""
        self.process.send_signal(by)
        out, said = self.process.communicate(timeout=60)
        assert out == ""
        return self.process.returncode, self.said + said

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, sent: bytes) -> bytes:
        """All that comes back until the server closes, or says no more for a moment."""
        with self.connect() as client:
            client.sendall(sent)
            client.settimeout(1)
            said = b""
            with suppress(TimeoutError, ConnectionError):
                while piece := client.recv(1 << 16):
                    said += piece
            return said

    def open_files(self) -> list[str]:
        """Files and connections of the process."""
        found = []
        for one in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.append(str(one.readlink()))
        return found

    def temporary_files(self) -> int:
        """How many files in the folder for temporary ones it holds open, named or not."""
        folder = f"{(self.home / 'tmp').resolve()}/"
        return sum(one.startswith(folder) for one in self.open_files())


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true within a minute."""
    deadline = time.monotonic() + 60
    while not (done := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path, colour_bundle: Path) -> Iterator[Start]:
    """Starts servers that share a home, and ends those that still run."""
    started: list[Server] = []

    def begin(*words: str, **environment: str) -> Server:
        started.append(Server(tmp_path / "home", colour_bundle, *words, **environment))
        return started[-1]

    yield begin
    for server in started:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, colour_bundle: Path) -> Iterator[Server]:
    """One for all that only talks to it; it must have made no mistake in the end."""
    running = Server(tmp_path_factory.mktemp("serve") / "home", colour_bundle, "--port", "0")
    yield running
    status, said = running.end()
    assert "Traceback" not in said
    assert status == 0


def test_it_serves_until_ctrl_c(start: Start) -> None:
    server = start("--port", "0")
    assert server.said == f"Barkive is at http://127.0.0.1:{server.port}\nCtrl-C ends it.\n"
    assert server.get("/healthz") == (200, b"ok")
    assert server.get("/readyz") == (200, b"ok")
    status, said = server.end()
    assert status == 0
    assert said == server.said


def test_a_signal_to_end_ends_it_too(start: Start) -> None:
    server = start("--port", "0")
    status, said = server.end(signal.SIGTERM)
    assert status == 0
    assert said == server.said


def test_it_is_served_below_a_root_path(start: Start) -> None:
    server = start("--port", "0", "--root-path", "/dogs/")
    assert server.said.startswith(f"Barkive is at http://127.0.0.1:{server.port}/dogs\n")
    status, page = server.get("/dogs/")
    assert (status, page.count(b'href="/dogs/static/style.css"')) == (200, 1)
    assert server.get("/dogs/static/style.css")[0] == 200
    # So a proxy passes it on that takes the root path off.
    assert server.get("/static/style.css")[0] == 200


def test_a_trusted_proxy_tells_the_root_path(start: Start) -> None:
    prefix = {"X-Forwarded-Prefix": "/dogs"}
    assert b'href="/dogs/photos"' in start("--port", "0").get("/", **prefix)[1]
    wary = start("--port", "0", FORWARDED_ALLOW_IPS="10.0.0.1")
    assert b'href="/photos"' in wary.get("/", **prefix)[1]


def test_clients_that_hang_do_not_keep_it_from_ending(start: Start) -> None:
    server = start("--port", "0")
    with server.connect() as idle, server.connect() as slow:
        slow.sendall(b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: 1000\r\n\r\nhardly")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        status, said = server.end()
    assert status == 0
    assert "Traceback" not in said


def test_a_second_on_the_same_port_says_so(start: Start) -> None:
    first = start("--port", "0")
    second = start("--port", str(first.port))
    assert second.process.wait(60) == 2
    assert second.said == (
        f"Error: Port {first.port} of 127.0.0.1 can't be used: Address already in use; choose "
        "another with --port.\n"
    )
    assert first.get("/healthz") == (200, b"ok")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--host", "nowhere.invalid", "--password"],
            "There is no address nowhere.invalid; give one of this machine's, or 0.0.0.0 for all.",
        ),
        (["--folder", "/no/such/folder"], "There is no folder /no/such/folder; check the name."),
        (
            ["--root-path", "dogs"],
            "The page can't be under the root path dogs; give one such as /dogs, of letters and "
            "digits, that begins like none of its own addresses.",
        ),
    ],
)
def test_what_can_not_be_served_is_told_in_a_sentence(
    start: Start, words: list[str], sentence: str
) -> None:
    server = start("--port", "0", *words, BARKIVE_PASSWORD=PASSWORD)
    assert server.process.wait(60) == 2
    assert server.said.splitlines()[-1] == f"Error: {sentence}"
    assert "Traceback" not in server.said


@pytest.mark.parametrize("words", [("--host", "0.0.0.0"), ("--host", "::"), ("--new-password",)])
def test_others_are_not_let_in_without_a_password(start: Start, words: tuple[str, ...]) -> None:
    server = start("--port", "0", *words)
    assert server.process.wait(60) == 2
    assert server.said == (
        "Error: The server needs a password, because others may reach it; set it once with the "
        "variable BARKIVE_PASSWORD, or start it in a terminal.\n"
    )
    assert not (server.home / "config").exists()


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_a_bad_password_is_refused(start: Start, password: str) -> None:
    server = start("--port", "0", "--host", "0.0.0.0", BARKIVE_PASSWORD=password)
    assert server.process.wait(60) == 2
    assert server.said == (
        f"Error: The password has {len(password)} characters; it must have 8 to 1000.\n"
    )


def test_with_a_password_others_are_asked_for_it(start: Start) -> None:
    server = start("--port", "0", "--host", "0.0.0.0", BARKIVE_PASSWORD=PASSWORD)
    assert "The password is set; it is kept as a hash.\n" in server.said
    assert "It asks for the password.\n" in server.said
    assert "The connection is not encrypted" in server.said
    assert PASSWORD not in server.said
    file = server.home / "config" / "barkive" / "password.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text()
    assert set(json.loads(file.read_text())) == {"salt", "digest", "n", "r", "p"}

    assert server.get("/healthz") == (200, b"ok")
    for path in ("/", "/photos", "/api/v1/photos", "/metrics", "/openapi.json"):
        assert server.get(path)[0] == 401
    assert server.get("/", Accept="text/html")[1].count(b'name="password"') == 1
    assert server.get("/api/v1/photos", Authorization="Bearer wrong password")[0] == 401
    assert server.get("/api/v1/photos", Authorization=f"Bearer {PASSWORD}")[0] == 200
    server.end()

    again = start("--port", "0", "--password")
    assert "The password is set" not in again.said
    assert again.get("/api/v1/photos")[0] == 401
    assert again.get("/api/v1/photos", Authorization=f"Bearer {PASSWORD}")[0] == 200


def test_visitors_from_elsewhere_can_not_look_at_the_disk(start: Start) -> None:
    server = start("--port", "0", "--host", "0.0.0.0", BARKIVE_PASSWORD=PASSWORD)
    status, page = server.get("/scan?folder=/etc", Authorization=f"Bearer {PASSWORD}")
    assert status == 422
    assert b"passwd" not in page


def test_a_damaged_password_lets_nobody_in(start: Start) -> None:
    server = start("--port", "0", "--password", BARKIVE_PASSWORD=PASSWORD)
    file = server.home / "config" / "barkive" / "password.json"
    file.write_text("{}")
    status, said = server.get("/api/v1/photos", Authorization=f"Bearer {PASSWORD}")
    assert status >= 400
    assert b"can't be read" in said or b"Barkive has made a mistake" in said
    server.end()
    second = start("--port", "0", "--password")
    assert second.process.wait(60) in (1, 2)
    assert second.said == (
        f"Error: The password's file {file} can't be read: it is damaged; delete it, and set the "
        "password again.\n"
    )


# Raw bytes


def head(*lines: str, path: str = "/healthz", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")


LOCAL = "Host: 127.0.0.1"


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 5, 5"],
        ["Content-Length: 0x5"],
        ["Content-Length: 99999999999999999999999"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["X: y\rSmuggled: z"],
        [" folded: line"],
    ],
    ids=str,
)
def test_no_request_is_hidden_in_another(server: Server, lines: list[str]) -> None:
    hidden = head(LOCAL, path="/hidden")
    said = server.raw(head(LOCAL, *lines, path="/logout", method="POST") + b"0\r\n\r\n" + hidden)
    assert said.startswith(b"HTTP/1.1 400") or said == b""
    assert said.count(b"HTTP/1.1 ") <= 1
    assert b"/hidden" not in said


@pytest.mark.parametrize("size", ["-1", "zz", "FFFFFFFFFFFFFFFFFF", "0x5", " 5", "5 ;x"])
def test_a_malformed_chunk_ends_the_connection(server: Server, size: str) -> None:
    sent = head(LOCAL, "Transfer-Encoding: chunked", path="/api/v1/identify", method="POST")
    said = server.raw(sent + size.encode() + b"\r\nhello\r\n0\r\n\r\n" + head(LOCAL))
    assert b"HTTP/1.1 200" not in said
    assert said.count(b"HTTP/1.1 ") <= 1


def test_an_endless_chunked_body_is_cut_off(server: Server) -> None:
    sent = 0
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with server.connect() as client:
        client.sendall(
            head(LOCAL, "Transfer-Encoding: chunked", path="/api/v1/scans", method="POST")
        )
        with suppress(ConnectionError):
            while sent < 64 << 20:
                client.sendall(chunk)
                sent += len(chunk)
    assert sent < 32 << 20


def test_a_huge_size_is_refused_at_once(server: Server) -> None:
    said = server.raw(
        head(LOCAL, f"Content-Length: {1 << 50}", path="/api/v1/identify", method="POST")
    )
    assert said.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 400),
        ("[::::]", 421),
        ("[", 400),
        ("a b", 400),
        ("\xff", 400),
    ],
)
def test_rebound_and_malformed_hosts_are_refused(server: Server, host: str, status: int) -> None:
    for path in ("/", "/api/v1/breeds", "/healthz"):
        said = server.raw(head(f"Host: {host}", "Connection: close", path=path))
        assert said.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"content-security-policy" in said


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    assert server.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400")
    said = server.raw(b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/../../../../../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/%2e%2e/errors.py",
        "/static/....//....//etc/passwd",
        "/static/..\\app.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/%ff%fe",
        "/api/v1/photos/../../../../etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_static_files(server: Server, path: str) -> None:
    said = server.raw(head(LOCAL, "Connection: close", path=path))
    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 405", b"HTTP/1.1 400"))
    assert b"root:" not in said
    assert b"import " not in said


def test_the_upgrade_to_a_web_socket_is_refused(server: Server) -> None:
    wish = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    for path in ("/", "/api/v1/photos"):
        said = server.raw(head(LOCAL, *wish, key, path=path))
        assert not said.startswith(b"HTTP/1.1 101")
        assert b"Internal Server Error" not in said


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts by /proc")
def test_a_client_that_goes_away_leaves_no_file(server: Server) -> None:
    part = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="x.jpg"\r\n\r\n'
        + b"x" * (3 << 20)  # more than is kept in memory
        + b"\r\n"
    )
    head_ = head(
        LOCAL,
        "Content-Type: multipart/form-data; boundary=b",
        "Content-Length: 900000000",
        path="/api/v1/identify",
        method="POST",
    )
    assert server.get("/healthz")[0] == 200
    # It may still count the connection just closed, so that files alone tell what has come.
    before = len(server.open_files())
    for _ in range(3):
        with server.connect() as client:
            client.sendall(head_ + part * 3)
            assert eventually(lambda: server.temporary_files() == 3)
            assert list((server.home / "tmp").iterdir()) == []
        assert eventually(lambda: server.temporary_files() == 0)
    assert eventually(lambda: len(server.open_files()) <= before)
    assert server.get("/healthz") == (200, b"ok")


def test_the_device_is_the_one_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(settings: Settings) -> None:
        asked.append(settings.device)
        raise UsageError("verbatim", sentence="That is enough.")

    monkeypatch.setattr("barkive.web.create_app", refuse)

    class Listening:
        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", 8000

    monkeypatch.setattr("barkive.cli.serve._listen", lambda host, port: Listening())
    for words in ((), ("--device", "cuda")):
        result = CliRunner().invoke(app, ["serve", *words])
        assert isinstance(result.exception, UsageError)
    assert asked == ["cpu", "cuda"]


@pytest.mark.parametrize("command", [["serve"], ["scan", "photos"], ["identify", "photos"]])
def test_what_is_no_memory(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--memory", "10M"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("“10M” is no memory to decode photos in;")
