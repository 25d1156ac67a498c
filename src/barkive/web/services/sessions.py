"""Sessions of those who are signed in, and a throttle on wrong passwords. In memory alone.

After the OWASP Session Management Cheat Sheet: tokens of 256 random bits, kept as a digest,
which end after a time and after a pause.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

import anyio

_HOUR = 3600.0


class Sessions:
    """Who is signed in."""

    def __init__(
        self,
        *,
        lifetime: float = 12 * _HOUR,
        idle: float = 2 * _HOUR,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts without sessions.

        Args:
            lifetime: Seconds after which a session ends.
            idle: Seconds without a request after which it ends.
            most: How many there may be; beyond that the one used longest ago ends.
            clock: Seconds from any moment on.
        """
        self._lifetime, self._idle, self._most = lifetime, idle, most
        self._clock = clock
        self._lock = threading.Lock()
        # When it was opened and last used, by digest; the one used last is at the end.
        self._open: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def open(self) -> str:
        """Opens a session, and gives its token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._open[_digest(token)] = now, now
            while len(self._open) > self._most:
                self._open.popitem(last=False)
        return token

    def is_open(self, token: str) -> bool:
        """Whether a token is that of a session; it counts as used then."""
        digest, now = _digest(token), self._clock()
        with self._lock:
            opened, used = self._open.pop(digest, (None, 0.0))
            if opened is None or now - opened > self._lifetime or now - used > self._idle:
                return False
            self._open[digest] = opened, now
        return True

    def close(self, token: str) -> None:
        """Ends a session, if there is one."""
        with self._lock:
            self._open.pop(_digest(token), None)


class LoginThrottle:
    """Counts wrong passwords, and tells who must wait.

    Attributes:
        turn: Held from `seconds_to_wait` to `failed`: of many attempts at once, each would be
            allowed before one of them has failed.
    """

    def __init__(
        self,
        *,
        each: int = 10,
        together: int = 100,
        seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts without wrong passwords.

        Args:
            each: How many an address may have in that time.
            together: How many all addresses may have.
            seconds: How long a wrong one counts.
            clock: Seconds from any moment on.
        """
        self._each, self._together, self._seconds = each, together, seconds
        self._clock = clock
        self.turn = anyio.Lock()
        self._lock = threading.Lock()
        # No longer than `together`, whoever asks.
        self._wrong: deque[tuple[float, str]] = deque(maxlen=together)

    def seconds_to_wait(self, address: str) -> float:
        """For how many seconds an address must wait; 0 if it need not."""
        now = self._clock()
        with self._lock:
            while self._wrong and now - self._wrong[0][0] >= self._seconds:
                self._wrong.popleft()
            own = [when for when, who in self._wrong if who == address]
            first = None
            if len(own) >= self._each:
                first = own[-self._each]
            elif len(self._wrong) >= self._together:
                first = self._wrong[0][0]
        return 0.0 if first is None else max(0.0, first + self._seconds - now)

    def failed(self, address: str) -> None:
        """Counts a wrong password."""
        with self._lock:
            self._wrong.append((self._clock(), address))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
