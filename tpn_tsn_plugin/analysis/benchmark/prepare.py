"""Configs made ready to be measured, as far as they can be."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tpn_tsn_plugin.analysis.trained_model import read_config
from tpn_tsn_plugin.errors import PluginError

from .candidate import Candidate
from .made_video import MadeVideo
from .measure import Advance
from .settings import Settings


def prepare(
    paths: Mapping[str, Path],
    options: Sequence[str],
    settings: Settings,
    video: MadeVideo,
    advance: Advance,
) -> tuple[list[Candidate], dict[str, str]]:
    """Build the models of configs, and run their pipelines once.

    Args:
        paths: The configs by the names that the reader knows them by.
        options: ``key=value`` each, for all of them.
        settings: What is measured.
        video: What the pipelines read.
        advance: Told what is being done, before each config.

    Returns:
        Those that can be measured, and of the others why not, by their names.

    Raises:
        PluginError: None can be measured.
        ValueError: An option cannot be used.
    """
    candidates: list[Candidate] = []
    refused: dict[str, str] = {}
    for name, path in paths.items():
        advance(f'preparing {name}')
        try:
            config = read_config(path, options)
            candidates.append(Candidate(name, config, settings, video))
        except PluginError as error:
            if len(paths) == 1:
                raise
            refused[name] = ' '.join(str(error).split())
    if not candidates:
        reasons = '; '.join(f'{name}: {why}' for name, why in refused.items())
        raise PluginError(f'no config can be measured: {reasons}')
    return candidates, refused
