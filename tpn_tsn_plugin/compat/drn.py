"""MMAction2 1.2.0's wheel lacks the DRN localiser that its models import.

Without ``mmaction.models.localizers.drn``, ``import mmaction.models`` fails, and with
it every config. Upstream: open-mmlab/mmaction2 issue 2714.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from mmengine.registry import MODELS

from tpn_tsn_plugin.compat.repair import Repair, host_file
from tpn_tsn_plugin.errors import MissingDependencyError

MODELS_PACKAGE = 'mmaction.models'
PACKAGE = f'{MODELS_PACKAGE}.localizers.drn'
UPSTREAM = 'mmaction2 issue 2714'


class DRN:
    """Stands where MMAction2's DRN localiser should be, and says so when it is built.

    Raises:
        MissingDependencyError: Always, on construction.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise MissingDependencyError(
            f'the DRN localiser is not in the installed mmaction2 wheel ({UPSTREAM}); '
            'install MMAction2 from its repository to use it'
        )


def found() -> bool:
    """Tell whether MMAction2 imports the localiser and does not have it."""
    importer = host_file('mmaction', 'models/localizers/__init__.py')
    if importer is None or 'from .drn' not in importer.read_text(encoding='utf-8'):
        return False
    return host_file('mmaction', 'models/localizers/drn/drn.py') is None


def repair() -> None:
    """Place a stand-in where ``mmaction.models`` will look for the localiser."""
    half_imported = _half_imported()
    package = ModuleType(PACKAGE, __doc__)
    package.__path__ = []
    module = ModuleType(f'{PACKAGE}.drn', __doc__)
    module.__dict__['DRN'] = DRN
    sys.modules[package.__name__] = package
    sys.modules[module.__name__] = module
    # MMAction2's registry asks MMEngine's for names that it does not know itself, so
    # `type='DRN'` in a config meets the explanation above, not an unknown name.
    if 'DRN' not in MODELS.module_dict:
        MODELS.register_module(name='DRN', module=DRN)
    if half_imported:
        _finish_import(half_imported)


def _half_imported() -> list[str]:
    """List the modules that a failed ``import mmaction.models`` left behind."""
    if MODELS_PACKAGE in sys.modules:
        return []
    return [name for name in sys.modules if name.startswith(f'{MODELS_PACKAGE}.')]


def _finish_import(half_imported: list[str]) -> None:
    """Import ``mmaction.models`` again and hand it what it had imported before.

    Python binds a submodule to its package only when it loads the submodule, which it
    does not do a second time.
    """
    import_module(MODELS_PACKAGE)
    for name in half_imported:
        parent, _, child = name.rpartition('.')
        setattr(sys.modules[parent], child, sys.modules[name])


REPAIR = Repair(
    name='DRN missing from the wheel',
    upstream=UPSTREAM,
    effect='a stand-in lets `import mmaction.models` succeed',
    found=found,
    repair=repair,
)
