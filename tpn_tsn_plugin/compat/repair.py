"""What a repair of the host is made of, and what is told about it."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repair:
    """One fault of the host and the way round it.

    Args:
        name: Short name of the fault, as ``tpn-tsn doctor`` lists it.
        upstream: Where the fault stands upstream.
        effect: What the repair does, in one clause.
        found: Tells whether this host has the fault; changes nothing.
        repair: Removes the fault from this process; called at most once.
    """

    name: str
    upstream: str
    effect: str
    found: Callable[[], bool]
    repair: Callable[[], None]


@dataclass(frozen=True)
class Report:
    """What became of one fault in this process.

    Args:
        name: Short name of the fault.
        upstream: Where the fault stands upstream.
        effect: What the repair does, in one clause.
        found: Whether this host has the fault.
        repaired: Whether it was repaired in this process.
    """

    name: str
    upstream: str
    effect: str
    found: bool
    repaired: bool


def host_file(package: str, relative: str) -> Path | None:
    """Find a file of an installed package without importing the package.

    Args:
        package: Name of a top-level package.
        relative: Path of the file inside the package.

    Returns:
        The file, or ``None`` where the package or the file does not exist.
    """
    spec = importlib.util.find_spec(package)
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, relative)
        if path.is_file():
            return path
    return None
