"""Segment-based sampling: one snippet from each of K equal spans."""

from typing import Any

import numpy as np
from mmaction.datasets.transforms import SampleFrames
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_rate import require_frames


@TRANSFORMS.register_module()
class SegmentSampleFrames(SampleFrames):
    """Sample one snippet from each of K segments, whatever its length.

    Source: Temporal Segment Networks (ECCV 2016), section 3.1. Training takes a random
    place in each segment, testing the centre, as tsn-pytorch does. MMAction2's
    ``SampleFrames`` does so for single frames and long videos only: longer clips are
    spread from the first frame to the last in testing, up to K - 1 frames at the end
    are never seen in training, and a short video starts anew where it ends, which
    optical flow and RGB difference would see as a jump. Here a short video repeats
    its last frame.

    Required keys are ``total_frames`` and ``start_index``; added are ``frame_inds``,
    ``clip_len``, ``frame_interval`` and ``num_clips``.

    Args:
        clip_len: Frames of a snippet: 1 for RGB, L for optical flow, L + 1 for RGB
            difference.
        num_clips: K.
        frame_interval: Distance of neighbouring frames of a snippet.
        test_mode: Whether to sample the centres.

    Raises:
        ValueError: A number is not a whole one from 1 on.
    """

    def __init__(
        self,
        clip_len: int = 1,
        num_clips: int = 3,
        *,
        frame_interval: int = 1,
        test_mode: bool = False,
    ) -> None:
        require_positive_int('clip_len', clip_len)
        require_positive_int('num_clips', num_clips)
        require_positive_int('frame_interval', frame_interval)
        super().__init__(
            clip_len=clip_len,
            num_clips=num_clips,
            frame_interval=frame_interval,
            test_mode=test_mode,
            keep_tail_frames=True,
            out_of_bound_opt='repeat_last',
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Choose the frames.

        Args:
            results: The sample.

        Returns:
            The sample with ``frame_inds``, snippet by snippet.

        Raises:
            PluginError: There is no frame.
        """
        require_frames(results)
        return super().transform(results)

    def _get_test_clips(
        self, num_frames: int, ori_clip_len: float
    ) -> NDArray[np.int64]:
        places = max(num_frames - ori_clip_len + 1, 0)
        centres = (np.arange(self.num_clips) + 0.5) * places / self.num_clips
        return centres.astype(np.int64)
