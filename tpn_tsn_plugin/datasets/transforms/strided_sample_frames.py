"""Sampling of neighbouring snippets at a stride, for temporal pooling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_rate import require_frames


@TRANSFORMS.register_module()
class StridedSampleFrames(BaseTransform):
    """Sample K snippets at a fixed distance from each other.

    Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.4: K snippets
    tau frames apart, where the segments of TSN spread over the whole video. In training
    place and tau are random; in testing tau is the middle of its range, and as many
    views as asked for are spread evenly over the video. Where a video is too short
    tau shrinks, and below one frame a snippet the last frame is repeated.

    Required keys are ``total_frames`` and ``start_index``; added are ``frame_inds``,
    ``clip_len``, ``frame_interval`` and ``num_clips`` (K).

    Args:
        clip_len: Frames of a snippet: 1 for RGB, L + 1 with L fields.
        num_clips: K.
        stride: tau, from the start of a snippet to the start of the next: one number
            or the least and the greatest.
        num_views: Views in testing.
        test_mode: Whether to test.

    Raises:
        ValueError: A number is not a whole one from 1 on, or ``stride`` no range.
    """

    def __init__(
        self,
        clip_len: int = 1,
        num_clips: int = 5,
        *,
        stride: int | Sequence[int] = (5, 15),
        num_views: int = 1,
        test_mode: bool = False,
    ) -> None:
        require_positive_int('clip_len', clip_len)
        require_positive_int('num_clips', num_clips)
        require_positive_int('num_views', num_views)
        bounds = (stride, stride) if isinstance(stride, int) else tuple(stride)
        for bound in bounds:
            require_positive_int('stride', bound)
        if len(bounds) != 2 or bounds[0] > bounds[1]:
            raise ValueError(
                f'stride must be a number, or the least and the greatest, got {stride}'
            )
        self.clip_len = clip_len
        self.num_clips = num_clips
        self.stride = bounds
        self.num_views = num_views
        self.test_mode = test_mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Choose the frames.

        Args:
            results: The sample.

        Returns:
            The sample with ``frame_inds``, view by view and snippet by snippet.

        Raises:
            PluginError: There is no frame.
        """
        require_frames(results)
        total, steps = results['total_frames'], self.num_clips - 1
        least, greatest = self.stride
        tau = (least + greatest) // 2
        if not self.test_mode:
            tau = np.random.randint(least, greatest + 1)
        # Snippets lie within the video while there is room for them.
        tau = max(min(tau, (total - self.clip_len) // max(steps, 1)), 0)
        places = max(total - self.clip_len - steps * tau, 0) + 1
        if self.test_mode:
            centres = (np.arange(self.num_views) + 0.5) * places / self.num_views
            starts = centres.astype(int)
        else:
            starts = np.random.randint(places, size=1)
        snippets = starts[:, None] + tau * np.arange(self.num_clips)
        indices = snippets[..., None] + np.arange(self.clip_len)
        results['frame_inds'] = np.minimum(indices.ravel(), total - 1)
        results['frame_inds'] += results['start_index']
        results['clip_len'] = self.clip_len
        results['frame_interval'] = 1
        results['num_clips'] = self.num_clips
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(clip_len={self.clip_len}, '
            f'num_clips={self.num_clips}, stride={self.stride}, '
            f'num_views={self.num_views}, test_mode={self.test_mode})'
        )
