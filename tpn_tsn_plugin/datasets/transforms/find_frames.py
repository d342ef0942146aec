"""File names, first index and number of frames, found from the folder."""

from typing import Any

from mmcv.transforms import BaseTransform

from tpn_tsn_plugin.errors import AnnotationError, FrameFolderError, require_one_of
from tpn_tsn_plugin.registry import TRANSFORMS

from .frame_folder import find_frames


@TRANSFORMS.register_module()
class FindFrames(BaseTransform):
    """Find how a folder's frames are called, for ``RawFrameDecode`` to read them.

    Comes first in the pipeline of a frame folder. What the data set says about names
    and the first index is replaced by what is there, for RGB (``img_00001.jpg``,
    ``frame_0000000001.png``, ``00000.jpg``, …) and for optical flow
    (``flow_x_00001.jpg``, ``x_00001.jpg``, ``flow_x/00001.jpg``, …, with y beside x).
    A folder is listed once in each process. A zip file in its place (``video.zip`` for
    the folder ``video``) is read like the folder.

    Required keys are ``frame_dir`` and ``modality``; ``total_frames`` and ``offset``
    are optional. Added are ``filename_tmpl``, ``start_index`` and ``total_frames``.

    Args:
        filename_tmpl: Which files are meant where a folder holds several kinds, e.g.
            ``'img_{:05}.jpg'`` or ``'flow_{}_{:05}.jpg'``.
    """

    def __init__(self, filename_tmpl: str | None = None) -> None:
        self.filename_tmpl = filename_tmpl
        self._found: dict[tuple[str, str], tuple[str, int, int]] = {}

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Find the frames of one sample.

        Args:
            results: The sample.

        Returns:
            The sample, ready for ``SampleFrames``.

        Raises:
            FrameFolderError: The folder cannot be used; the message says why.
            AnnotationError: The annotation speaks of more frames than there are.
        """
        folder, modality = require_folder(results, 'FindFrames'), results['modality']
        require_one_of('modality', modality, ['RGB', 'Flow'])
        if (folder, modality) not in self._found:
            files = find_frames(folder, modality, self.filename_tmpl)
            count = files.last - files.first + 1
            self._found[folder, modality] = (files.template, files.first, count)
        template, first, count = self._found[folder, modality]
        results['filename_tmpl'], results['start_index'] = template, first
        results['total_frames'] = self._total(results, count)
        return results

    def _total(self, results: dict[str, Any], count: int) -> int:
        offset = results.get('offset', 0)
        annotated = results.get('total_frames')
        # Lists often count the frames of a video, which has one field fewer.
        spare = 1 if results['modality'] == 'Flow' else 0
        if offset + (annotated or 0) > count + spare or offset >= count:
            after = f' after the first {offset}' if offset else ''
            raise AnnotationError(
                f'the annotation says {annotated} frames{after}, but '
                f'{results["frame_dir"]} holds {count}; extract the video again or '
                'correct the list'
            )
        return min(annotated or count, count - offset)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(filename_tmpl={self.filename_tmpl!r})'


def require_folder(results: dict[str, Any], step: str) -> str:
    """The folder of a sample.

    Args:
        results: The sample.
        step: The transform that wants it, for the message.

    Raises:
        FrameFolderError: The sample is a video, as MMAction2's inferencer hands it over
            whatever the config reads.
    """
    if 'frame_dir' not in results:
        raise FrameFolderError(
            f'{step} reads folders of frames, got the video '
            f'{results.get("filename")}; `tpn-tsn predict` takes videos with such '
            'configs too, and computes optical flow itself'
        )
    folder: str = results['frame_dir']
    return folder
