"""Samples that hold both modalities in one list.

Between decoding and formatting a two-stream sample has RGB frames (H, W, 3) and, after
them, fields (H, W, 2) in ``imgs``, so that whatever crops or resizes a list of images
treats both alike. Both come from snippets of L + 1 frames, with L fields between them.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from numpy.typing import NDArray

# Value of the key ``modality`` of such samples.
TWO_STREAMS = 'RGB+Flow'
# Which frames of a snippet the spatial stream sees: frame L // 2, or the first L.
KEEP_RGB = ('centre', 'all')

Frame = TypeVar('Frame')


def is_field(image: NDArray[Any]) -> bool:
    """Whether an image of a two-stream sample is a field; x and y make two channels."""
    return image.shape[-1] == 2


def kept_frames(snippet: Sequence[Frame], keep_rgb: str | None) -> Sequence[Frame]:
    """The frames of a snippet that are kept as RGB.

    Args:
        snippet: L + 1 frames.
        keep_rgb: One of ``KEEP_RGB``, or None for no frame.
    """
    if keep_rgb is None:
        return []
    centre = (len(snippet) - 1) // 2
    return snippet[:-1] if keep_rgb == 'all' else snippet[centre : centre + 1]
