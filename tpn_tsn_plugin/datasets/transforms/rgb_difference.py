"""RGB difference: what changes from frame to frame, as the input of a network."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from tpn_tsn_plugin.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RGBDifference(BaseTransform):
    """Replace every snippet of L + 1 frames by its L differences, one image of them.

    Source: Temporal Segment Networks (ECCV 2016), section 3.2. As in the authors'
    code, a difference is a frame less the one before it, in grey values from -255 to
    255, and ``keep_rgb`` puts the first frame in front.

    Comes after cropping, which OpenCV does for few channels only, and before
    ``FormatShape(input_format='NCHW')``. ``mean`` and ``std`` of the data
    preprocessor then have 3L (or 3 + 3L) values.

    Required keys are ``imgs``, ``clip_len`` and ``modality``; ``imgs`` and
    ``clip_len`` are changed. The order of crops and snippets stays.

    Args:
        keep_rgb: Whether each image starts with the first frame, 3 + 3L channels.
    """

    def __init__(self, keep_rgb: bool = False) -> None:
        self.keep_rgb = keep_rgb

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Take the differences.

        Args:
            results: The sample; each image is (H, W, 3).

        Returns:
            The sample with one image (H, W, 3L) a snippet: int16 where the frames are
            uint8, which takes half the memory of a float, else float32.

        Raises:
            ValueError: Snippets are single frames, or the sample is optical flow.
        """
        if results['modality'] != 'RGB':
            raise ValueError(
                "RGBDifference needs frames of modality 'RGB', got "
                f'{results["modality"]!r}; leave it out of this pipeline'
            )
        frames, length = results['imgs'], results['clip_len']
        if length < 2:
            raise ValueError(
                'RGBDifference needs snippets of 2 frames or more, got '
                f'clip_len={length}; sample clip_len = L + 1 frames for L differences'
            )
        starts = range(0, len(frames), length)
        results['imgs'] = [self._difference(frames[i : i + length]) for i in starts]
        results['clip_len'] = 1
        return results

    def _difference(self, snippet: list[NDArray[Any]]) -> NDArray[Any]:
        frames = np.stack(snippet)
        frames = frames.astype(np.int16 if frames.dtype == np.uint8 else np.float32)
        images = [*frames[: int(self.keep_rgb)], *np.diff(frames, axis=0)]
        return np.concatenate(images, axis=-1)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(keep_rgb={self.keep_rgb})'
