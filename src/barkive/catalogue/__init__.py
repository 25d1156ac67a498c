"""The catalogue: an association's photos, searched, labelled and exported.

All that other parts of Barkive, and programs, need of it has its name here.

Examples:
    >>> from barkive.catalogue import Catalogue
"""

import lazy_loader

# The names are in `__init__.pyi`. Each is imported when it is first asked for, because a command
# needs few of them, and the rest take longer to load than most commands to run.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
