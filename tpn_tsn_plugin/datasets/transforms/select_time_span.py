"""Sampling from one part of a video only."""

from typing import Any

from mmcv.transforms import BaseTransform

from tpn_tsn_plugin.errors import AnnotationError, require_one_of
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_rate import frames_per_second, require_rate


@TRANSFORMS.register_module()
class SelectTimeSpan(BaseTransform):
    """Narrow a video to the time span of one action.

    Comes after what opens the video (``DecordInit``, ``FindFrames``) and before what
    samples frames, which then sees the span as if it were the video. A span that
    reaches beyond the video is cut, and holds one frame at least. A sample without
    ``time_span``, or with None, keeps its whole video, so that lists of trimmed and of
    untrimmed videos mix.

    Required keys are ``total_frames``, ``start_index`` and, for seconds without
    ``fps``, ``avg_fps``; the first two are changed.

    Args:
        unit: What ``time_span=(start, end)`` counts: ``'seconds'``, or ``'frames'``
            from 0, the end excluded.
        fps: Frames per second, for folders of frames; None takes the video's own.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    def __init__(self, unit: str = 'seconds', *, fps: float | None = None) -> None:
        require_one_of('unit', unit, ['seconds', 'frames'])
        require_rate('fps', fps)
        self.unit = unit
        self.fps = fps

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Narrow the video.

        Args:
            results: The sample.

        Returns:
            The sample with the span's ``start_index`` and ``total_frames``.

        Raises:
            AnnotationError: The span ends before it starts, or none of it lies in the
                video.
            PluginError: The frame rate is not known.
        """
        span = results.get('time_span')
        if span is None:
            return results
        total, scale = results['total_frames'], 1.0
        if self.unit == 'seconds':
            scale = frames_per_second(results, self.fps)
        start, end = span
        if not start <= end or end < 0 or start * scale >= total:
            name = results.get('frame_dir') or results.get('filename')
            raise AnnotationError(
                f'time_span {start:g} to {end:g} {self.unit} does not lie in {name}, '
                f'which lasts {total / scale:g} {self.unit}; correct the annotation'
            )
        first = min(max(round(start * scale), 0), total - 1)
        stop = min(max(round(end * scale), first + 1), total)
        results['start_index'] += first
        results['total_frames'] = stop - first
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(unit={self.unit!r}, fps={self.fps})'
