"""Configs that are named on the command line: their files, and what to call them."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import click


def find_config(config: str) -> Path:
    """The file that an argument names.

    Args:
        config: A path, or ``package::path`` of one that came with a package.

    Raises:
        click.BadParameter: There is no such package or file.
    """
    package, separator, name = config.partition('::')
    path = Path(config)
    if separator:
        found = importlib.util.find_spec(package) if package.isidentifier() else None
        if found is None or not found.submodule_search_locations:
            raise click.BadParameter(f'{package} of {config} is no installed package')
        path = Path(found.submodule_search_locations[0], '.mim', 'configs', name)
    if not path.is_file():
        raise click.BadParameter(f'config {path} does not exist')
    return path


def name_configs(paths: Sequence[Path], labels: Sequence[str]) -> list[str]:
    """What to call the configs: as told, or as much of their paths as differs.

    Raises:
        click.UsageError: The names are not as many as configs, or not all different.
    """
    if labels:
        if len(labels) != len(paths) or len(set(labels)) != len(labels):
            raise click.UsageError(
                f'--labels must be {len(paths)} different names, one a config, got '
                f'{len(labels)}: {" ".join(labels)}'
            )
        return list(labels)
    parts = [path.resolve().with_suffix('').parts for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = ['/'.join(own[-count:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    raise click.UsageError('a config is given twice; tell them apart with --labels')


def read_options(
    context: click.Context, _: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Check that every ``--cfg-options`` is a pair."""
    for option in value:
        if '=' not in option:
            raise click.BadParameter(f'must be KEY=VALUE, got {option!r}')
    return value
