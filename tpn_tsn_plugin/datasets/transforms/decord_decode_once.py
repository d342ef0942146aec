"""decord's reading of a video, each frame once."""

import numpy as np
from decord import VideoReader
from mmaction.datasets.transforms import DecordDecode
from numpy.typing import NDArray

from tpn_tsn_plugin.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecordDecodeOnce(DecordDecode):
    """``DecordDecode`` that decodes a frame once, however often it is asked for.

    The clips of a test overlap, and start before the one before them ends; snippets
    repeat the last frame where a video ends. Frames are read in their order, so that
    nothing is decoded twice on the way either: decord starts anew at the last key frame
    whenever it is sent back. Takes all arguments of ``DecordDecode``.
    """

    def _decord_load_frames(
        self, container: VideoReader, frame_inds: NDArray[np.integer]
    ) -> list[NDArray[np.uint8]]:
        needed, firsts, places = np.unique(
            frame_inds, return_index=True, return_inverse=True
        )
        frames = super()._decord_load_frames(container, needed)
        # Steps like `Flip` change images in place, so none is given out twice.
        return [
            frames[place] if firsts[place] == number else frames[place].copy()
            for number, place in enumerate(places.ravel())
        ]
