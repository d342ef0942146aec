"""How many snippets a graph takes, where a pipeline leaves it to the video."""

from collections.abc import Sequence
from typing import Any

from mmengine.config import Config, ConfigDict

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.errors import ExportError

# Takes a snippet a second, or at another rate.
FIXED_RATE = 'FixedRateSampleFrames'
# What it shares with the sampler that takes a number.
SHARED = ('clip_len', 'frame_interval')


def find_test_dataset(config: Config) -> ConfigDict:
    """The entry of a config that holds the test pipeline.

    Raises:
        ExportError: There is none.
    """
    dataset = find_dataset(config, 'test')
    if 'pipeline' not in dataset:
        raise ExportError(
            f'{config.filename} has no test_dataloader with a pipeline, which tells '
            'what the model takes'
        )
    return dataset


def fix_segments(pipeline: Sequence[dict[str, Any]], segments: int | None) -> list[Any]:
    """Make a test pipeline sample the same number of snippets of every video.

    Args:
        pipeline: Its steps.
        segments: How many, None for what it says itself.

    Returns:
        The steps; the given ones are left as they are.

    Raises:
        ExportError: It does not say it, or does not sample.
    """
    steps = [dict(step) for step in pipeline]
    for i, step in enumerate(steps):
        if _name(step) == FIXED_RATE:
            if segments is None:
                raise ExportError(
                    f'{FIXED_RATE} of the test pipeline takes as many snippets as a '
                    'video is long, but a graph takes one number; give it (--segments '
                    '25), and it will spread them over the video'
                )
            shared = {key: step[key] for key in SHARED if key in step}
            steps[i] = dict(
                type='SegmentSampleFrames',
                num_clips=segments,
                test_mode=True,
                **shared,
            )
            return steps
        if 'num_clips' in step:
            step['num_clips'] = segments or step['num_clips']
            return steps
    if segments is not None:
        raise ExportError(
            'no step of the test pipeline has num_clips, so that --segments '
            f'{segments} would change nothing; leave it out'
        )
    return steps


def _name(step: dict[str, Any]) -> str:
    kind = step['type']
    return kind.rpartition('.')[2] if isinstance(kind, str) else str(kind.__name__)
