"""How a run tells what it is doing: see `barkive.progress`."""

from barkive.progress import Log as Say
from barkive.progress import Progress, no_progress

__all__ = ["Progress", "Say", "no_progress"]
