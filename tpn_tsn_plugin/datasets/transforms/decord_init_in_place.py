"""decord's opening of a video where it lies, without a copy of the file in memory."""

import os
import os.path as osp

from decord import VideoReader
from mmaction.datasets.transforms import DecordInit

from tpn_tsn_plugin.containers import find_cut
from tpn_tsn_plugin.errors import BadVideoError
from tpn_tsn_plugin.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecordInitInPlace(DecordInit):
    """``DecordInit`` that leaves the video on its disk.

    MMAction2 reads the whole file first, and several copies of it stand in memory while
    the video is open. Here decord opens the file: it goes through it once, for the
    times of its frames and its key frames, and keeps nothing but these; from the frames
    that are asked for it then goes back to the key frames before them. The frames are
    the same. Takes all arguments of ``DecordInit``; with another ``io_backend`` than
    ``'disk'`` it is ``DecordInit``.
    """

    def _get_video_reader(self, filename: str) -> VideoReader:
        path = osp.abspath(filename)
        if self.io_backend != 'disk' or not _is_text(path):
            return super()._get_video_reader(filename)
        if not osp.splitext(path)[1]:
            path += '.mp4'
        # Of a file that is missing or locked, decord says only that it cannot read it.
        with open(path, 'rb'):
            pass
        # The whole path: FFmpeg takes a name like `a:b.mp4` for a protocol `a`.
        reader = VideoReader(path, num_threads=self.num_threads)
        # It takes what is left of a file for the whole.
        cut = find_cut(path)
        if cut:
            raise BadVideoError(f'{path} cannot be read whole: {cut}')
        return reader


def _is_text(path: str) -> bool:
    """Whether a path can be handed to decord, which takes no others."""
    return os.fsencode(path) == path.encode(errors='replace')
