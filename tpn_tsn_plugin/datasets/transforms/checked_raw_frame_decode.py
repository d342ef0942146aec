"""MMAction2's reading of frame files, with errors that name the file."""

import os.path as osp
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import mmcv
import numpy as np
from mmaction.datasets.transforms import RawFrameDecode
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import FrameFolderError
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_archive import FrameArchive, find_archive
from .frame_folder import format_name


@TRANSFORMS.register_module()
class CheckedRawFrameDecode(RawFrameDecode):
    """``RawFrameDecode`` that says which file it cannot use, and why.

    A file that is missing, cannot be read, or has another size than the one before it
    (optical flow of which x and y differ, say) is one error that names the file.
    Reading is MMAction2's, and no slower; takes all arguments of ``RawFrameDecode``.
    Where a zip file stands in a folder's place (``video.zip`` for ``video``), its files
    are read.
    """

    # What reads files: None before the first sample.
    file_client: Any

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read the frames.

        Args:
            results: The sample.

        Returns:
            The sample with its images.

        Raises:
            FrameFolderError: A file cannot be used; the message names it.
        """
        with self._files_of(results['frame_dir']):
            return self._decode(results)

    @contextmanager
    def _files_of(self, folder: str) -> Iterator[None]:
        """Read files out of the zip file that stands in a folder's place, if any."""
        archive = find_archive(folder)
        if archive is None:
            yield
            return
        with FrameArchive(archive, folder) as files:
            client, self.file_client = self.file_client, files
            try:
                yield
            finally:
                self.file_client = client

    def _decode(self, results: dict[str, Any]) -> dict[str, Any]:
        try:
            results = super().transform(results)
            usable = len({(img.shape, img.dtype) for img in results['imgs']}) == 1
        except (OSError, ValueError, AttributeError, cv2.error):
            self._require_usable(results)
            raise
        # A pair of unreadable files is stacked into an array of two objects.
        if not usable or results['imgs'][0].ndim != 3:
            self._require_usable(results)
        return results

    def _require_usable(self, results: dict[str, Any]) -> None:
        size, before = None, ''
        for path in self._paths(results):
            image = self._read(path)
            if size not in (None, image.shape):
                raise FrameFolderError(
                    f'{path} has size {show_size(image.shape)}, but {before} has '
                    f'{show_size(size)}; extract the video again'
                )
            size, before = image.shape, osp.basename(path)

    def _read(self, path: str) -> NDArray[np.uint8]:
        try:
            image = mmcv.imfrombytes(self.file_client.get(path), flag='grayscale')
        except OSError as error:
            raise FrameFolderError(
                f'{path} cannot be read ({error.strerror}); extract the video again'
            ) from error
        except cv2.error:
            image = None
        if image is None:
            raise FrameFolderError(
                f'{path} is no image, or a damaged one; extract the video again'
            )
        return image

    def _paths(self, results: dict[str, Any]) -> Iterator[str]:
        axes = ['x', 'y'] if results['modality'] == 'Flow' else ['']
        for index in results['frame_inds']:
            number = index + results.get('offset', 0)
            for axis in axes:
                name = format_name(results['filename_tmpl'], axis, number)
                yield osp.join(results['frame_dir'], name)


def show_size(shape: tuple[int, ...]) -> str:
    """Width and height of an image, as errors say them."""
    return f'{shape[1]}x{shape[0]}'
