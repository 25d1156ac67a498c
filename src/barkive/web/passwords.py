"""The server's password: set once, and kept as a hash only.

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

from barkive.atomic import begin, replacing
from barkive.errors import BarkiveError, UsageError, system_reason
from barkive.messages import Message

_SHORTEST, _LONGEST = 8, 1000
_SALT_BYTES = 16
_HASH_BYTES = 32
_MEMORY = 64 << 20
_DAMAGED = Message("reason_damaged")


@dataclass(frozen=True, slots=True)
class _Hashed:
    """A hash, with all that it takes to make it again."""

    salt: str
    digest: str
    n: int = 1 << 15
    r: int = 8
    p: int = 3

    def matches(self, password: str) -> bool:
        made = _scrypt(password, base64.b64decode(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(made, base64.b64decode(self.digest))


class Passwords:
    """The one password of a server, in a file that only its owner reads."""

    def __init__(self, file: Path) -> None:
        """Looks at the file when it is needed.

        Args:
            file: Where the hash is kept.
        """
        self._file = file
        # What was right once is known again without the long way, which programs that send
        # the password with each request would pay each time.
        self._key = secrets.token_bytes(32)
        self._known: tuple[_Hashed, bytes] | None = None
        # Each takes 32 MB; many at once would let strangers fill the memory.
        self._few = threading.BoundedSemaphore(2)

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
        if not _SHORTEST <= len(password) <= _LONGEST:
            raise UsageError("password_length", count=len(password), least=_SHORTEST, most=_LONGEST)
        salt = secrets.token_bytes(_SALT_BYTES)
        defaults = _Hashed("", "")
        digest = _scrypt(password, salt, defaults.n, defaults.r, defaults.p)
        row = _Hashed(base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
        try:
            self._write(json.dumps(asdict(row)))
        except OSError as error:
            raise BarkiveError(
                "password_not_kept", file=self._file, reason=system_reason(error)
            ) from None

    def verify(self, password: str) -> bool:
        """Whether this is the password; takes a tenth of a second unless it was right before.

        Raises:
            BarkiveError: The file can't be read.
        """
        row = self._read()
        if row is None or len(password) > _LONGEST:
            return False
        mark = hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), "sha256")
        known = self._known
        if known is not None and known[0] == row and hmac.compare_digest(known[1], mark):
            return True
        with self._few:
            try:
                right = row.matches(password)
            except (ValueError, TypeError):
                raise self._unreadable(_DAMAGED) from None
        if right:
            self._known = row, mark
        return right

    def _read(self) -> _Hashed | None:
        try:
            return _Hashed(**json.loads(self._file.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else _DAMAGED
            raise self._unreadable(reason) from None

    def _unreadable(self, reason: Message | str | None) -> BarkiveError:
        return BarkiveError("password_file_unreadable", file=self._file, reason=reason)

    def _write(self, text: str) -> None:
        folder = self._file.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Readable by its owner only from the first moment on.
        with replacing(self._file) as part, begin(part, mode=0o600) as file:
            file.write(text.encode())


def default_file() -> Path:
    """Where the hash is kept: in the user's folder for settings."""
    from platformdirs import user_config_path

    return user_config_path("barkive", appauthor=False) / "password.json"


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_HASH_BYTES)
