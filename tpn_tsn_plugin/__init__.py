"""Temporal Pyramid Networks and Temporal Segment Networks for MMAction2.

Importing the package registers all that is in it, and so imports the host, which takes
seconds. In the command ``tpn-tsn`` it does not: the command answers ``--help`` at once,
starts where the host is broken, and calls :func:`register` itself for what needs it.
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path

from tpn_tsn_plugin.import_hook import after_import

__version__ = '0.1.0'

COMMAND = 'tpn-tsn'
COMMAND_MODULE = 'tpn_tsn_plugin.cli.main'


def register() -> None:
    """Repair MMAction2 and register all that is here; a second call does nothing.

    Raises:
        Exception: Whatever the import of a broken host raises.
    """
    from tpn_tsn_plugin import compat

    # Before anything of MMAction2 is imported: without its repairs, nothing is.
    compat.apply()

    with warnings.catch_warnings():
        # mmcv-lite has no compiled operators, and no model here needs them.
        warnings.filterwarnings('ignore', message='Fail to import ``MultiScale')
        from tpn_tsn_plugin import engine, evaluation, models  # noqa: F401

    # MMAction2's registries import its data sets when they are first asked for one.
    # These take a second, which who only needs a model is spared.
    after_import('mmaction.datasets', lambda: import_module(f'{__name__}.datasets'))


def _is_command() -> bool:
    """Tell whether this process was started as the command.

    Worker processes are handed the command's ``sys.argv``, but have an ``orig_argv`` of
    their own: they take jobs, not commands, and need everything registered.
    """
    (program,) = sys.argv[:1] or ['']
    if program == '-m':
        # what Python has here while it looks for the module to run
        return COMMAND_MODULE in sys.orig_argv
    return Path(program).stem == COMMAND and program in sys.orig_argv


if not _is_command():
    register()
