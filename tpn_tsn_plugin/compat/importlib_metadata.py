"""MMAction2 imports ``importlib_metadata`` without declaring it.

``mmaction/utils/dependency.py`` takes two names from the back-port, which Python's own
``importlib.metadata`` has as well. No upstream issue is known.
"""

import importlib.metadata
import importlib.util
import sys

from tpn_tsn_plugin.compat.repair import Repair, host_file

BACKPORT = 'importlib_metadata'


def found() -> bool:
    """Tell whether MMAction2 imports the back-port and it is not installed."""
    importer = host_file('mmaction', 'utils/dependency.py')
    if importer is None or BACKPORT not in importer.read_text(encoding='utf-8'):
        return False
    return importlib.util.find_spec(BACKPORT) is None


def repair() -> None:
    """Let the standard library's module answer to the back-port's name."""
    sys.modules[BACKPORT] = importlib.metadata


REPAIR = Repair(
    name='importlib_metadata undeclared',
    upstream='mmaction2, no issue known',
    effect="Python's own importlib.metadata stands in",
    found=found,
    repair=repair,
)
