"""Temporal Pyramid Networks and Temporal Segment Networks for MMAction2."""

import sys
import warnings
from pathlib import Path

__version__ = '0.1.0'

# Why the host cannot be imported. Set only in the command `tpn-tsn`, which has to
# start all the same, so that `tpn-tsn doctor` can find out more.
host_error: Exception | None = None

try:
    from tpn_tsn_plugin import compat

    # Before anything of MMAction2 is imported: without its repairs, nothing is.
    compat.apply()

    with warnings.catch_warnings():
        # mmcv-lite has no compiled operators, and no model here needs them.
        warnings.filterwarnings('ignore', message='Fail to import ``MultiScale')
        from tpn_tsn_plugin import datasets, engine, evaluation, models
except Exception as error:
    if Path(sys.argv[0]).stem != 'tpn-tsn':
        raise
    host_error = error

__all__ = ['compat', 'datasets', 'engine', 'evaluation', 'models']
