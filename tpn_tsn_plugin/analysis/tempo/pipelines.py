"""The sampling step of a config's pipeline, and the config with another interval."""

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from mmaction.datasets.transforms import PackActionInputs
from mmengine.config import Config

from tpn_tsn_plugin.analysis.trained_model import import_custom, read_config

Step = Mapping[str, Any]
# What tells of which video a prediction is, in the data sets of MMAction2.
NAME_KEYS = ('video_id', 'filename', 'frame_dir')


def read_with_imports(path: Path, options: Sequence[str] = ()) -> Config:
    """Read a config and import the modules that it names, as a runner does.

    Args:
        path: The config.
        options: ``key=value`` each, as ``--cfg-options`` takes them.
    """
    config = read_config(path, options)
    import_custom(config)
    return config


def find_sampler(pipeline: Sequence[Step], name: str) -> tuple[int, Step]:
    """Find the step that chooses frames.

    Args:
        pipeline: Steps as a config has them.
        name: Of the config, for messages.

    Returns:
        Its place and the step.

    Raises:
        ValueError: There is none, or several.
    """
    found = [
        (place, step)
        for place, step in enumerate(pipeline)
        if str(step.get('type')).endswith('SampleFrames')
    ]
    if len(found) != 1:
        raise ValueError(
            f'the pipeline of {name} needs one step that samples frames '
            f'(…SampleFrames), got {[step.get("type") for _, step in found]}'
        )
    return found[0]


def trained_interval(config: Config) -> int:
    """Distance of neighbouring frames that a config's model is tested with.

    Raises:
        ValueError: Its clips have one frame, so there is no distance.
    """
    _, sampler = find_sampler(config.test_dataloader.dataset.pipeline, config.filename)
    if sampler.get('clip_len', 1) < 2:
        raise ValueError(
            f'{config.filename} samples single frames, for which no interval can be '
            'changed; take a model of clips (clip_len above 1)'
        )
    return int(sampler.get('frame_interval', 1))


def usual_intervals(trained: int) -> list[int]:
    """A quarter to twice the trained interval, as 2 to 16 are for the paper's 8."""
    steps = (max(1, round(trained * quarter / 4)) for quarter in range(1, 9))
    return sorted({*steps, trained})


def _keep_names(pipeline: Sequence[dict[str, Any]]) -> None:
    """Have samples carry what their video is called.

    Not all data sets know a ``video_id``, and what they know instead is not among the
    keys that are kept by default.
    """
    for step in pipeline:
        if str(step.get('type')).endswith('PackActionInputs'):
            usual = signature(PackActionInputs).parameters['meta_keys'].default
            keys = tuple(step.get('meta_keys', usual))
            added = (key for key in NAME_KEYS if key not in keys)
            step['meta_keys'] = (*keys, *added)


def resampled_config(path: Path, interval: int, dump: Path) -> Config:
    """A config that tests with another interval and saves its predictions.

    Args:
        path: The config.
        interval: Distance of neighbouring frames.
        dump: Where predictions go.
    """
    config = read_config(path)
    pipeline = config.test_dataloader.dataset.pipeline
    place, _ = find_sampler(pipeline, config.filename)
    pipeline[place]['frame_interval'] = interval
    _keep_names(pipeline)
    evaluators = config.test_evaluator
    if not isinstance(evaluators, list):
        evaluators = [evaluators]
    saved = dict(type='DumpResults', out_file_path=str(dump.resolve()))
    config.test_evaluator = [*evaluators, saved]
    return config
