"""Things by name that enter themselves: a folder each below one package, or a file, and a list of them
nowhere."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from crossgap.errors import CrossgapError, find

Thing = TypeVar("Thing")


class Registry(Mapping[str, Thing], Generic[Thing]):
    """What the folders below a package enter when they are imported, which the first look at it sees to.

    Args:
        kind: what one is called in errors, such as "Method".
        package: whose folders with an `__init__.py` are imported. One that joins the package's `__path__`
            later is found, too.
        files: whether its modules are imported as well, not only its folders.
    """

    def __init__(self, kind: str, package: str, files: bool = False):
        self.kind, self.package, self.files = kind, package, files
        self._things: dict[str, tuple[float, Thing]] = {}
        self._searched: tuple[str, ...] = ()

    def enter(self, name: str, thing: Thing, rank: float = 0) -> Thing:
        """Add a thing; they are listed by rank, and of one rank as they were entered. `CrossgapError` where
        another one has that name; the same may come again, of a module that is run again."""
        both = (repr(one) for one in (thing, self._things.get(name, (0, thing))[1]))
        if len({re.sub(r" at 0x\w+", "", one) for one in both}) > 1:
            raise CrossgapError(f"{self.kind} '{name}' of {self.package} is taken. Expected another name.")
        self._things[name] = rank, thing
        return thing

    def find(self, name: str) -> Thing:
        """The thing of that name.

        Raises:
            CrossgapError: there is none; the message lists those that exist.
        """
        return find(self.kind, name, self)

    def _filled(self) -> dict[str, tuple[float, Thing]]:
        path = tuple(importlib.import_module(self.package).__path__)
        if path != self._searched:
            self._searched = path  # before the folders are imported, which may look at what is here
            try:
                for module in pkgutil.iter_modules(path, f"{self.package}."):
                    if module.ispkg or self.files:
                        importlib.import_module(module.name)
            except BaseException:  # the next look finds out again, and is no registry of some
                self._searched = ()
                raise
        return self._things

    def __getitem__(self, name: str) -> Thing:
        return self._filled()[name][1]

    def __iter__(self) -> Iterator[str]:
        things = self._filled()
        return iter(sorted(things, key=lambda name: things[name][0]))

    def __len__(self) -> int:
        return len(self._filled())
