"""Frame files between which optical flow is computed, in colour where that is seen."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

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
        length = results['clip_len']
        kept = kept_frames(range(length), self.keep_rgb)
        seen = {int(wanted[i]) for i in range(len(wanted)) if i % length in kept}
        # One at least is read by MMAction2, which knows where files are.
        rgb = sorted(seen) or [int(wanted[0])]
        results = super()._decode({**results, 'frame_inds': np.array(rgb)})
        colours = dict(zip(rgb, results['imgs'], strict=True))
        results['frame_inds'] = wanted
        greys = self._greys(results, colours)
        given: set[int] = set()
        results['imgs'] = []
        for i, index in enumerate(wanted.tolist()):
            frame = (colours if i % length in kept else greys)[index]
            # What comes next may change a frame in place.
            results['imgs'].append(frame.copy() if id(frame) in given else frame)
            given.add(id(frame))
        return results

    def _greys(
        self, results: dict[str, Any], colours: dict[int, NDArray[np.uint8]]
    ) -> dict[int, NDArray[np.uint8]]:
        """All frames in grey, by number; what was read in colour is not read again."""
        greys: dict[int, NDArray[np.uint8]] = {}
        for index, path in zip(
            results['frame_inds'].tolist(), self._paths(results), strict=True
        ):
            if index in greys:
                continue
            if index in colours:
                grey = cv2.cvtColor(colours[index], cv2.COLOR_RGB2GRAY)
                greys[index] = np.asarray(grey, np.uint8)
                continue
            greys[index] = self._read(path)
            if greys[index].shape != results['img_shape']:
                raise FrameFolderError(
                    f'{path} has size {show_size(greys[index].shape)}, but others '
                    f'have {show_size(results["img_shape"])}; extract the video again'
                )
        return greys

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(keep_rgb={self.keep_rgb!r})'
