"""The one door to MMAction2's registries: nothing else imports them."""

import sys
from importlib import import_module

from mmaction.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOOPS,
    METRICS,
    MODELS,
    TRANSFORMS,
)
from mmengine.registry import Registry

__all__ = [
    'DATASETS',
    'DATA_SAMPLERS',
    'HOOKS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'TRANSFORMS',
    'import_on_use',
]


def import_on_use(package: str, host_package: str, *registries: Registry) -> None:
    """Import a package of ours when a package of the host would be imported.

    MMAction2's registries import what belongs to them when they are first asked for
    something, and so they do with this package. Its data sets alone take a second,
    which who only needs a model is spared.

    Args:
        package: Where our own parts are.
        host_package: What their import imports.
        registries: What they are registered into.
    """
    if host_package in sys.modules or any(own._imported for own in registries):
        import_module(package)
        return
    for own in registries:
        own._locations.append(package)
