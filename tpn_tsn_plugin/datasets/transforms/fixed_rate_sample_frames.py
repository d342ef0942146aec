"""Sampling at a fixed rate, for untrimmed videos."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_rate import frames_per_second, require_frames, require_rate


@TRANSFORMS.register_module()
class FixedRateSampleFrames(BaseTransform):
    """Sample snippets at a fixed rate over the whole video.

    Source: Temporal Segment Networks (TPAMI 2018), section "Action Recognition in
    Untrimmed Videos": one snippet a second, of which ``TemporalWindowConsensus``
    makes one score. A snippet is centred in its second; at a border it is moved into
    the video. The number of snippets follows the length of the video, so batches hold
    one video each.

    Required keys are ``total_frames``, ``start_index`` and, without ``fps``,
    ``avg_fps``; added are ``frame_inds``, ``clip_len``, ``frame_interval`` and
    ``num_clips``.

    Args:
        rate: Snippets per second.
        clip_len: Frames of a snippet: 1 for RGB, L for optical flow, L + 1 for RGB
            difference.
        frame_interval: Distance of neighbouring frames of a snippet.
        fps: Frames per second, for folders of frames; None takes the video's own.

    Raises:
        ValueError: An option is not above 0.
    """

    def __init__(
        self,
        rate: float = 1.0,
        clip_len: int = 1,
        *,
        frame_interval: int = 1,
        fps: float | None = None,
    ) -> None:
        require_rate('rate', rate)
        require_positive_int('clip_len', clip_len)
        require_positive_int('frame_interval', frame_interval)
        require_rate('fps', fps)
        self.rate = rate
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.fps = fps

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Choose the frames.

        Args:
            results: The sample.

        Returns:
            The sample with ``frame_inds``, snippet by snippet.

        Raises:
            PluginError: The frame rate is not known, or there is no frame.
        """
        require_frames(results)
        total = results['total_frames']
        step = frames_per_second(results, self.fps) / self.rate
        # A last second counts from its half on: its centre then lies in the video.
        count = max(1, int(total / step + 0.5))
        reach = (self.clip_len - 1) * self.frame_interval
        centres = (np.arange(count) + 0.5) * step
        starts = np.clip(np.floor(centres - reach / 2), 0, max(total - 1 - reach, 0))
        inside = np.arange(self.clip_len) * self.frame_interval
        indices = np.minimum(starts[:, None] + inside, total - 1)
        results['frame_inds'] = indices.ravel().astype(np.int32)
        results['frame_inds'] += results['start_index']
        results['clip_len'] = self.clip_len
        results['frame_interval'] = self.frame_interval
        results['num_clips'] = count
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(rate={self.rate}, clip_len={self.clip_len}, '
            f'frame_interval={self.frame_interval}, fps={self.fps})'
        )
