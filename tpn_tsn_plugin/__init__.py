"""Temporal Pyramid Networks and Temporal Segment Networks for MMAction2."""

from tpn_tsn_plugin import compat

__version__ = '0.1.0'

# Before anything of MMAction2 is imported: without its repairs, nothing is.
compat.apply()

from tpn_tsn_plugin import datasets, models

__all__ = ['compat', 'datasets', 'models']
