"""Sessions of those who are signed in, and a throttle on wrong passwords.

After the OWASP Session Management Cheat Sheet: tokens of 256 random bits, kept as a digest,
which end after a time and after a pause. Sessions outlive the server; the throttle is in memory.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

import anyio
from sqlalchemy import delete, insert, or_, select, update

from barkive.web.sign_in_database import SignInDatabase, session

_DAY = 24 * 3600.0
LIFETIME = 30 * _DAY
"""After so many seconds whoever is signed in must sign in again."""
IDLE = 7 * _DAY
"""After so many seconds without a request likewise."""
# A page asks for a hundred pictures: not each of them is written down.
_NOTED_SECONDS = 60.0


class Sessions:
    """Who is signed in. Ends by itself: after a time, after a pause, with another password."""

    def __init__(
        self,
        database: SignInDatabase,
        *,
        lifetime: float = LIFETIME,
        idle: float = IDLE,
        most: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Goes on with the sessions that are open.

        Args:
            database: Where they are kept.
            lifetime: Seconds after which a session ends.
            idle: Seconds without a request after which it ends.
            most: How many there may be; beyond that the one used longest ago ends.
            clock: Seconds from any moment on, the same for all who use the database.
        """
        self._database = database
        self._lifetime, self._idle, self._most = lifetime, idle, most
        self._clock = clock

    def open(self, mark: str) -> str:
        """Opens a session, and gives its token.

        Args:
            mark: Of the password that opens it.
        """
        token, now, c = secrets.token_urlsafe(32), self._clock(), session.c
        row = {"digest": digest(token), "mark": mark, "opened_at": now, "used_at": now}
        last = select(c.digest).order_by(c.used_at.desc()).limit(self._most)
        with self._database.write() as connection:
            ended = or_(c.opened_at < now - self._lifetime, c.used_at < now - self._idle)
            connection.execute(delete(session).where(ended))
            connection.execute(insert(session).values(row))
            kept = connection.execute(last).scalars().all()
            if len(kept) == self._most:
                connection.execute(delete(session).where(c.digest.not_in(kept)))
        return token

    def mark_of(self, token: str) -> str | None:
        """The mark of the password that opened a session; it counts as used then.

        None where no session with this token is open.
        """
        now, c = self._clock(), session.c
        asked = c.digest == digest(token)
        with self._database.read() as connection:
            row = connection.execute(select(session).where(asked)).one_or_none()
        if row is None or now - row.opened_at > self._lifetime or now - row.used_at > self._idle:
            return None
        if now - row.used_at >= _NOTED_SECONDS:
            with self._database.write() as connection:
                connection.execute(update(session).where(asked).values(used_at=now))
        mark: str = row.mark
        return mark

    def end(self, token: str) -> None:
        """Ends a session, if there is one."""
        with self._database.write() as connection:
            connection.execute(delete(session).where(session.c.digest == digest(token)))

    def close(self) -> None:
        """Closes all connections."""
        self._database.close()


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


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
