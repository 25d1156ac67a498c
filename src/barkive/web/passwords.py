"""Passwords: kept as hashes only. Here is the server's one password, too, where it has one.

Hashed by scrypt with the parameters that the OWASP Password Storage Cheat Sheet names
(N = 2^15, r = 8, p = 3). Knows nothing of HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from barkive.atomic import begin, replacing
from barkive.errors import BarkiveError, UsageError, system_reason
from barkive.messages import Message

LONGEST = 1000
"""How many characters a password may have."""

_SHORTEST = 8
_N, _R, _P = 1 << 15, 8, 3
_SALT_BYTES = 16
_HASH_BYTES = 32
_MEMORY = 64 << 20
_REMEMBERED = 1000
_DAMAGED = Message("reason_damaged")


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password's hash, with all that it takes to make it again.

    Attributes:
        salt: Base64; another for each password that is set, so that it names this one as well.
        digest: Base64.
        n: What it costs; likewise `r` and `p`.
    """

    salt: str
    digest: str
    n: int = _N
    r: int = _R
    p: int = _P

    @classmethod
    def of(cls, password: str) -> Self:
        """The hash of a new password.

        Raises:
            UsageError: It is too short or too long.
        """
        if not _SHORTEST <= len(password) <= LONGEST:
            raise UsageError("password_length", count=len(password), least=_SHORTEST, most=LONGEST)
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = _scrypt(password, salt, _N, _R, _P)
        encode = base64.b64encode
        return cls(encode(salt).decode(), encode(digest).decode(), _N, _R, _P)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """A hash as `to_json` has written it.

        Raises:
            ValueError: It is none.
            TypeError: Likewise.
        """
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """For a file or a table."""
        return json.dumps(asdict(self))

    def matches(self, password: str) -> bool:
        """Whether it is that of a password; takes a tenth of a second."""
        made = _scrypt(password, base64.b64decode(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(made, base64.b64decode(self.digest))


class Verifier:
    """Compares passwords with hashes, few at a time, and what was right before at once."""

    def __init__(self) -> None:
        # What was right once is known again without the long way, which programs that send
        # the password with each request would pay each time.
        self._key = secrets.token_bytes(32)
        self._known: dict[Hashed, bytes] = {}
        # Each takes 32 MB; many at once would let strangers fill the memory.
        self._few = threading.BoundedSemaphore(2)

    def is_right(self, hashed: Hashed, password: str) -> bool:
        """Whether a hash is that of a password.

        Raises:
            ValueError: The hash is damaged.
            TypeError: Likewise.
        """
        if len(password) > LONGEST:
            return False
        mark = hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), "sha256")
        known = self._known.get(hashed)
        if known is not None and hmac.compare_digest(known, mark):
            return True
        with self._few:
            right = hashed.matches(password)
        if right:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[hashed] = mark
        return right


class Passwords:
    """The one password of a server, in a file that only its owner reads."""

    def __init__(self, file: Path) -> None:
        """Looks at the file when it is needed.

        Args:
            file: Where the hash is kept.
        """
        self.file = file
        self._verifier = Verifier()

    @property
    def is_set(self) -> bool:
        """Whether there is a password.

        Raises:
            BarkiveError: The file can't be read.
        """
        return self._read() is not None

    def set(self, password: str) -> None:
        """Keeps the hash of a password in the place of any other; durable when this returns.

        Raises:
            UsageError: It is too short or too long.
            BarkiveError: The file can't be written.
        """
        row = Hashed.of(password)
        try:
            self._write(row.to_json())
        except OSError as error:
            raise BarkiveError(
                "password_not_kept", file=self.file, reason=system_reason(error)
            ) from None

    def verify(self, password: str) -> bool:
        """Whether this is the password; takes a tenth of a second unless it was right before.

        Raises:
            BarkiveError: The file can't be read.
        """
        row = self._read()
        try:
            return row is not None and self._verifier.is_right(row, password)
        except (ValueError, TypeError):
            raise self._unreadable(_DAMAGED) from None

    @property
    def mark(self) -> str:
        """Names the password that is set now: another one has another; empty where there is none.

        Raises:
            BarkiveError: The file can't be read.
        """
        row = self._read()
        return row.salt if row is not None else ""

    def _read(self) -> Hashed | None:
        try:
            return Hashed.of_json(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else _DAMAGED
            raise self._unreadable(reason) from None

    def _unreadable(self, reason: Message | str | None) -> BarkiveError:
        return BarkiveError("password_file_unreadable", file=self.file, reason=reason)

    def _write(self, text: str) -> None:
        folder = self.file.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Readable by its owner only from the first moment on.
        with replacing(self.file) as part, begin(part, mode=0o600) as file:
            file.write(text.encode())


def default_file() -> Path:
    """Where the hash is kept: in the user's folder for settings."""
    from platformdirs import user_config_path

    return user_config_path("barkive", appauthor=False) / "password.json"


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_HASH_BYTES)
