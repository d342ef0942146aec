"""Both modalities from folders that hold RGB frames and extracted optical flow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import FrameFolderError, require_one_of
from tpn_tsn_plugin.functional.optical_flow import quantise
from tpn_tsn_plugin.registry import TRANSFORMS

from .checked_raw_frame_decode import CheckedRawFrameDecode
from .find_frames import FindFrames, require_folder
from .modalities import KEEP_RGB, TWO_STREAMS, kept_frames


@TRANSFORMS.register_module()
class FindPairedFrames(BaseTransform):
    """Find how a folder's RGB frames and its fields are called and numbered.

    Comes first in the pipeline. Field i leads from frame i to the next one, so a video
    of n frames has n - 1 fields; where one kind has more, the rest is left.

    Required key is ``frame_dir``; added are ``filename_tmpl``, ``start_index``,
    ``total_frames`` (frames that can be sampled), ``flow_filename_tmpl`` and
    ``flow_start_index``; ``modality`` becomes ``'RGB+Flow'``.

    Args:
        filename_tmpl: Which RGB files are meant, where there are several kinds.
        flow_filename_tmpl: Which fields are meant, where there are several kinds.
    """

    def __init__(
        self, filename_tmpl: str | None = None, flow_filename_tmpl: str | None = None
    ) -> None:
        self.find_rgb = FindFrames(filename_tmpl)
        self.find_fields = FindFrames(flow_filename_tmpl)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Find the frames of one sample.

        Args:
            results: The sample.

        Returns:
            The sample, ready for ``SegmentSampleFrames``.

        Raises:
            FrameFolderError: The folder cannot be used; the message says why.
            AnnotationError: The annotation speaks of more frames than there are.
        """
        require_folder(results, 'FindPairedFrames')
        results = self._without_count_of_fields(results)
        fields = self.find_fields.transform({**results, 'modality': 'Flow'})
        results = self.find_rgb.transform({**results, 'modality': 'RGB'})
        results['modality'] = TWO_STREAMS
        results['total_frames'] = min(
            results['total_frames'], fields['total_frames'] + 1
        )
        results['flow_filename_tmpl'] = fields['filename_tmpl']
        results['flow_start_index'] = fields['start_index']
        return results

    def _without_count_of_fields(self, results: dict[str, Any]) -> dict[str, Any]:
        """Leave out an annotated length that counts a video's fields.

        Lists of optical flow do, and the video has one frame more.
        """
        folder = {'frame_dir': results['frame_dir'], 'modality': 'Flow'}
        fields = self.find_fields.transform(folder)['total_frames']
        if results.get('total_frames') == fields and not results.get('offset'):
            return {**results, 'total_frames': None}
        return results


@TRANSFORMS.register_module()
class PairedRawFrameDecode(BaseTransform):
    """Read snippets of L + 1 frames as RGB frames and the L fields between them.

    Gives what ``ComputeOpticalFlow`` gives with ``keep_rgb``, from folders: reads no
    more RGB frames than are kept, and each file once.

    Required keys are those of ``FindPairedFrames``, ``frame_inds`` and ``clip_len``
    (L + 1); changed is ``clip_len`` (L), added are ``imgs``, ``original_shape`` and
    ``img_shape``.

    Args:
        keep_rgb: ``'centre'`` (frame L // 2 of each snippet) or ``'all'`` (its first
            L).
        **kwargs: Arguments of ``RawFrameDecode``.

    Raises:
        ValueError: ``keep_rgb`` is neither.
    """

    def __init__(self, keep_rgb: str = 'centre', **kwargs: Any) -> None:
        require_one_of('keep_rgb', keep_rgb, KEEP_RGB)
        self.keep_rgb = keep_rgb
        self.decode = CheckedRawFrameDecode(**kwargs)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read one sample.

        Args:
            results: The sample.

        Returns:
            The sample with its RGB frames and fields in ``imgs``.

        Raises:
            ValueError: Snippets are single frames, or leave frames out.
            FrameFolderError: A file cannot be used; the message names it.
        """
        snippets = self._snippets(results)
        rgb = [
            frame
            for snippet in snippets
            for frame in kept_frames(snippet, self.keep_rgb)
        ]
        pairs = snippets[:, :-1].ravel(), snippets[:, 1:].ravel()
        still = pairs[0] == pairs[1]
        shift = results['flow_start_index'] - results['start_index']
        frames = self._read(results, 'RGB', rgb)
        fields = self._read(results, 'Flow', pairs[0][~still] + shift)
        _require_one_size(frames[0], fields, results['frame_dir'])
        # A snippet that repeats a video's last frame sees no motion there.
        nothing = quantise(np.zeros((*frames[0].shape[:2], 2)))
        remaining = iter(fields)
        results['imgs'] = [
            *frames,
            *(nothing.copy() if stands else next(remaining) for stands in still),
        ]
        results['clip_len'] -= 1
        results['original_shape'] = results['img_shape'] = frames[0].shape[:2]
        return results

    def _snippets(self, results: dict[str, Any]) -> NDArray[np.integer]:
        """Numbers of the frames, a snippet a row."""
        length, interval = results['clip_len'], results.get('frame_interval', 1)
        if length < 2 or interval != 1:
            raise ValueError(
                'PairedRawFrameDecode needs snippets of L + 1 neighbouring frames '
                f'for L fields, got clip_len={length} and frame_interval={interval}'
            )
        return results['frame_inds'].reshape(-1, length)

    def _read(
        self, results: dict[str, Any], modality: str, indices: Sequence[int]
    ) -> list[NDArray[np.uint8]]:
        if not len(indices):
            return []
        sample = {**results, 'modality': modality, 'frame_inds': np.asarray(indices)}
        if modality == 'Flow':
            sample['filename_tmpl'] = results['flow_filename_tmpl']
        return list(self.decode.transform(sample)['imgs'])

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(keep_rgb={self.keep_rgb!r})'


def _require_one_size(
    frame: NDArray[np.uint8], fields: list[NDArray[np.uint8]], folder: str
) -> None:
    for field in fields[:1]:
        if field.shape[:2] != frame.shape[:2]:
            (height, width), (high, wide) = frame.shape[:2], field.shape[:2]
            raise FrameFolderError(
                f'{folder} has RGB frames of {width}x{height} and fields of '
                f'{wide}x{high}; extract both at one size'
            )
