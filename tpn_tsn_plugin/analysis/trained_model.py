"""A recogniser with its trained weights, from a config and a checkpoint."""

import argparse
import inspect
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader, Runner
from mmengine.utils import import_modules_from_strings
from torch import Tensor

from tpn_tsn_plugin.errors import CheckpointError, MissingDependencyError, PluginError
from tpn_tsn_plugin.functional.weight_transfer import weights_of
from tpn_tsn_plugin.registry import MODELS

SHOWN_NAMES = 3


def read_config(path: Path, options: Sequence[str] = ()) -> Config:
    """A config with options changed, as MMAction2's tools read them.

    Args:
        path: The config.
        options: ``key=value`` each, as ``--cfg-options`` takes them.

    Raises:
        PluginError: There is no such file, or it is no config.
        ValueError: An option begins with a name that is neither in the config nor known
            to MMEngine's runner, or names a place that the config does not have.
    """
    if not path.is_file():
        raise PluginError(f'config {path} does not exist, or is no file')
    try:
        config = Config.fromfile(path, import_custom_modules=False)
    except Exception as error:
        raise PluginError(
            f'{path} cannot be read as a config ({_describe(error)})'
        ) from error
    for option in options:
        _require_known(option, config)
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
    parsed = parser.parse_args(['--cfg-options', *options])
    try:
        config.merge_from_dict(parsed.cfg_options)
    except Exception as error:
        raise ValueError(
            f'{path} cannot take the options {" ".join(options)} ({_describe(error)})'
        ) from error
    return config


def _require_known(option: str, config: Config) -> None:
    """MMEngine would take any name, and nothing would read it."""
    name = option.partition('=')[0].partition('.')[0]
    known = {*config, *inspect.signature(Runner).parameters}
    if '=' in option and name in known:
        return
    near = ' or '.join(map(repr, get_close_matches(name, known)))
    raise ValueError(
        f'option {option!r} must be KEY=VALUE with a key of {config.filename} or of '
        f"MMEngine's runner" + (f'; is {near} meant?' if near else '')
    )


def require_finite(scores: Tensor) -> Tensor:
    """Pass on what a model predicts, if these are numbers.

    Raises:
        PluginError: NaN or infinity is among them.
    """
    if not scores.isfinite().all():
        raise PluginError(
            'the model predicts NaN or infinity; its weights are damaged, or numbers '
            'overflow on the way'
        )
    return scores


def build_model(config: Config) -> BaseModel:
    """Build a config's model with random weights; nothing is read or downloaded.

    What the config's ``custom_imports`` name is imported before.

    Raises:
        PluginError: The config has no model, or it cannot be built.
        MissingDependencyError: It needs what is not installed.
    """
    name = config.filename
    if 'model' not in config:
        raise PluginError(f'{name} has no model; give the config of a recogniser')
    import_custom(config)
    try:
        init_default_scope(config.get('default_scope') or 'mmaction')
        return MODELS.build(_without_weights(config.model))
    except ImportError as error:
        raise MissingDependencyError(
            f'the model of {name} needs what is not installed: {error}'
        ) from error
    except Exception as error:
        raise PluginError(
            f'the model of {name} cannot be built ({_describe(error)})'
        ) from error


def import_custom(config: Config) -> None:
    """Import the modules that register the config's own parts, as a runner does.

    Raises:
        MissingDependencyError: One cannot be imported.
        PluginError: What stands there is no list of modules, or one fails.
    """
    try:
        import_modules_from_strings(**config.get('custom_imports') or {'imports': []})
    except ImportError as error:
        raise MissingDependencyError(
            f'custom_imports of {config.filename} fail: {error}'
        ) from error
    except Exception as error:
        raise PluginError(
            f'custom_imports of {config.filename} fail ({_describe(error)})'
        ) from error


def load_model(config: Config, checkpoint: Path) -> BaseModel:
    """Build a config's model with a checkpoint's weights, ready to predict.

    Args:
        config: Names the model.
        checkpoint: What training wrote. Classes that no checkpoint needs are refused.

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        PluginError: The model cannot be built.
        CheckpointError: It is no checkpoint, or its weights are not those of the model.
        UnsafeCheckpointError: It asks for a class that loading does not allow.
    """
    model = build_model(config)
    weights = _read_weights(checkpoint)
    try:
        misfits = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        # Its first line is a heading.
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise _misfit(checkpoint, config, 'of another shape', lines) from error
    for kind, names in (
        ('missing in it', misfits.missing_keys),
        ('unknown to the model', misfits.unexpected_keys),
    ):
        if names:
            raise _misfit(checkpoint, config, kind, names)
    return model.eval()


def _describe(error: Exception) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())}'


def _without_weights(model: ConfigDict) -> ConfigDict:
    """The same model, whose backbones read no weights of their own."""
    return ConfigDict(
        {
            key: ConfigDict(entry, pretrained=None)
            if key.endswith('backbone') and entry.get('pretrained')
            else entry
            for key, entry in model.items()
        }
    )


def _read_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    loaded = CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu')
    weights = weights_of(loaded, str(checkpoint))
    if len(weights) != len(loaded.get('state_dict', loaded)):
        raise CheckpointError(f'{checkpoint} holds no weights of a model alone')
    return {name.removeprefix('module.'): w for name, w in weights.items()}


def _misfit(
    checkpoint: Path, config: Config, kind: str, names: Sequence[str]
) -> CheckpointError:
    shown = ', '.join(names[:SHOWN_NAMES])
    more = f' and {len(names) - SHOWN_NAMES} more' if len(names) > SHOWN_NAMES else ''
    return CheckpointError(
        f'{checkpoint} does not fit the model of {config.filename}: '
        f'{len(names)} weights are {kind} ({shown}{more}); give the config that it was '
        'trained with, or bring it over by tpn-tsn convert'
    )
