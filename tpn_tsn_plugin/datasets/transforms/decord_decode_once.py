"""decord's reading of a video, each frame once."""

import numpy as np
from decord import VideoReader
from mmaction.datasets.transforms import DecordDecode
from numpy.typing import NDArray

from tpn_tsn_plugin.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecordDecodeOnce(DecordDecode):
    """``DecordDecode`` that decodes a frame once, however often it is asked for.

    Snippets of L + 1 frames overlap in short videos, and repeat the last frame where a
    video ends. Frames are read in their order, so that nothing is decoded twice on the
    way either. Takes all arguments of ``DecordDecode``.
    """

    def _decord_load_frames(
        self, container: VideoReader, frame_inds: NDArray[np.integer]
    ) -> list[NDArray[np.uint8]]:
        needed, places = np.unique(frame_inds, return_inverse=True)
        frames = super()._decord_load_frames(container, needed)
        return [frames[place] for place in places]
