"""The one place where samples tell how many segments a view has.

Shape letters: K segments.
"""

from collections.abc import Sequence

from mmaction.structures import ActionDataSample


def told_segments(data_samples: Sequence[ActionDataSample]) -> int | None:
    """Read K from what the sampler left in the metainfo, ``num_clips``.

    Args:
        data_samples: One sample a video.

    Returns:
        K, or None where no sample tells it.

    Raises:
        ValueError: The videos of the batch have different numbers of segments.
    """
    told = {sample.metainfo.get('num_clips') for sample in data_samples} - {None}
    if len(told) > 1:
        raise ValueError(
            f'videos of a batch have {sorted(told)} snippets; test with batch_size=1'
        )
    return int(told.pop()) if told else None
