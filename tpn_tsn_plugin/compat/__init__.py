"""Repairs of faults in MMAction2 1.2.0 and MMEngine 0.10.7, one file per fault.

Each repair looks for its fault first and does nothing where there is none, so that it
can be deleted once the host is mended (its test then fails). A repair is logged once
through MMEngine's logger: at level DEBUG where it only makes an import work, since
``import tpn_tsn_plugin`` should be silent, and at level INFO at the moment when it
changes what a run does. ``tpn-tsn doctor`` lists them all.
"""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log

from tpn_tsn_plugin.compat import (
    checkpoint_loading,
    color_jitter,
    cpu_launch,
    drn,
    full_disk,
    importlib_metadata,
)
from tpn_tsn_plugin.compat.repair import Repair, Report

__all__ = ['DATA_REPAIRS', 'REPAIRS', 'Repair', 'Report', 'apply', 'reports']

REPAIRS: tuple[Repair, ...] = (
    importlib_metadata.REPAIR,
    drn.REPAIR,
    checkpoint_loading.REPAIR,
    cpu_launch.REPAIR,
    full_disk.REPAIR,
)
# Of its data sets; importing these takes a second, so it is left to who needs them.
DATA_REPAIRS: tuple[Repair, ...] = (color_jitter.REPAIR,)

_reports: dict[str, Report] = {}


def apply(repairs: Sequence[Repair] = REPAIRS) -> tuple[Report, ...]:
    """Repair what is broken, once a process; further calls only report.

    ``REPAIRS`` have to be made before anything imports ``mmaction.models``.

    Args:
        repairs: ``REPAIRS`` or ``DATA_REPAIRS``.

    Returns:
        One report per fault that was looked for so far.
    """
    for repair in repairs:
        if repair.name not in _reports:
            report = _apply(repair)
            # To look for a fault may import what calls this function for it.
            _reports.setdefault(repair.name, report)
    return reports()


def reports() -> tuple[Report, ...]:
    """Return what :func:`apply` has found and done so far in this process."""
    return tuple(_reports.values())


def _apply(repair: Repair) -> Report:
    found = repair.found()
    if found:
        repair.repair()
        print_log(
            f'Repaired in this process: {repair.name} ({repair.upstream}); '
            f'{repair.effect}.',
            logger='current',
            level=logging.DEBUG,
        )
    return Report(
        name=repair.name,
        upstream=repair.upstream,
        effect=repair.effect,
        found=found,
        repaired=found,
    )
