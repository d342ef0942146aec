"""Frame files between which optical flow is computed, in colour where that is seen."""

from typing import Any

import numpy as np

from tpn_tsn_plugin.errors import FrameFolderError, require_one_of
from tpn_tsn_plugin.registry import TRANSFORMS

from .checked_raw_frame_decode import CheckedRawFrameDecode, show_size
from .modalities import KEEP_RGB, kept_frames


@TRANSFORMS.register_module()
class GreyRawFrameDecode(CheckedRawFrameDecode):
    """``CheckedRawFrameDecode`` for ``ComputeOpticalFlow``: mostly grey, and so faster.

    Reads RGB frames (H, W, 3) where the spatial stream sees them, and grey ones (H, W)
    where only optical flow is computed from them: a grey JPEG file is read in two
    thirds of the time, and resized and cropped in one. A file's brightness is JPEG's
    own, off by a level from what its colours add up to.

    Required keys are ``frame_dir``, ``filename_tmpl``, ``frame_inds`` and ``clip_len``
    (L + 1); added are ``imgs``, ``original_shape`` and ``img_shape``.

    Args:
        keep_rgb: As in ``ComputeOpticalFlow``.
        **kwargs: Arguments of ``RawFrameDecode``.

    Raises:
        ValueError: ``keep_rgb`` is unknown.
    """

    def __init__(self, keep_rgb: str | None = 'centre', **kwargs: Any) -> None:
        require_one_of('keep_rgb', keep_rgb, [None, *KEEP_RGB])
        super().__init__(**kwargs)
        self.keep_rgb = keep_rgb

    def _decode(self, results: dict[str, Any]) -> dict[str, Any]:
        wanted = np.ravel(results['frame_inds'])
        snippets = wanted.reshape(-1, results['clip_len']).tolist()
        seen = {i for own in snippets for i in kept_frames(own, self.keep_rgb)}
        # One at least is read by MMAction2, which knows where files are.
        rgb = sorted(seen) or [int(wanted[0])]
        results = super()._decode({**results, 'frame_inds': np.array(rgb)})
        frames = dict(zip(rgb, results['imgs'], strict=True))
        results['frame_inds'] = wanted
        for index, path in zip(wanted, self._paths(results), strict=True):
            if index not in frames:
                frames[index] = self._read(path)
                if frames[index].shape != results['img_shape']:
                    raise FrameFolderError(
                        f'{path} has size {show_size(frames[index].shape)}, but others '
                        f'have {show_size(results["img_shape"])}; extract the video '
                        'again'
                    )
        given: set[int] = set()
        results['imgs'] = []
        for index in wanted:
            # What comes next may change a frame in place.
            frame = frames[index].copy() if index in given else frames[index]
            results['imgs'].append(frame)
            given.add(index)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(keep_rgb={self.keep_rgb!r})'
