"""Optical flow from decoded frames, without extraction beforehand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import PluginError, require_one_of
from tpn_tsn_plugin.functional.optical_flow import (
    BOUND,
    complete_parameters,
    estimate_pairs,
    quantise,
    require_bound,
)
from tpn_tsn_plugin.registry import TRANSFORMS

from .field_cache import FieldCache, StoredField, frame_digest
from .modalities import KEEP_RGB, TWO_STREAMS, kept_frames

Image = NDArray[Any]
Field = NDArray[np.float32]
# Before and after, in grey.
Pair = tuple[Image, Image]


@TRANSFORMS.register_module()
class ComputeOpticalFlow(BaseTransform):
    """Replace every snippet of L + 1 frames by the L fields of optical flow between.

    Fields are stored as everybody's JPEG files are: clipped to ±bound, mapped to grey
    levels, x before y. Comes right after decoding, or after resizing and before
    cropping where frames are large. Pairs of frames that come up several times, as
    overlapping snippets have them, are computed once.

    Required keys are ``imgs`` (RGB, or grey where they are not kept) and ``clip_len``;
    changed are ``imgs``, ``clip_len`` (now L) and ``modality``: ``'Flow'``, or
    ``'RGB+Flow'`` with ``keep_rgb``, where ``imgs`` holds the RGB frames of all
    snippets and after them all fields.

    Args:
        algorithm: ``'dis'`` (much the fastest), ``'tvl1'``, ``'tvl1_torch'`` (the same
            method in PyTorch, faster) or ``'farneback'``.
        bound: Largest displacement that is told from larger ones, in pixels.
        keep_rgb: RGB frames that are kept for a spatial stream: None of them,
            ``'centre'`` (frame L // 2 of each snippet) or ``'all'`` (its first L).
        cache_dir: Folder in which computed fields are kept for later epochs, shared by
            all workers, ranks and runs; None keeps none. Fields are found by their
            frames' content, so random crops or colours must come later.
        parameters: Parameters of the algorithm that differ from its defaults.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    # Whether the camera's motion is removed.
    warped = False

    def __init__(
        self,
        algorithm: str = 'tvl1',
        bound: float = BOUND,
        *,
        keep_rgb: str | None = None,
        cache_dir: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        require_one_of('keep_rgb', keep_rgb, [None, *KEEP_RGB])
        require_bound(bound)
        self.parameters = complete_parameters(algorithm, parameters)
        self.algorithm = algorithm
        self.bound = bound
        self.keep_rgb = keep_rgb
        self.cache_dir = cache_dir
        self._cache: FieldCache | None = None
        if cache_dir is not None:
            settings = {
                'algorithm': algorithm,
                'parameters': self.parameters,
                'bound': float(bound),
                'warped': self.warped,
            }
            self._cache = FieldCache(cache_dir, settings)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Compute the fields of one sample.

        Args:
            results: The sample.

        Returns:
            The sample with its fields, (H, W, 2) uint8 each.

        Raises:
            ValueError: Snippets are single frames, or frames are not RGB as decoded.
            PluginError: The video has one frame only.
        """
        self._require_frames(results)
        frames, length = results['imgs'], results['clip_len']
        snippets = [frames[i : i + length] for i in range(0, len(frames), length)]
        kept = [frame for s in snippets for frame in kept_frames(s, self.keep_rgb)]
        _require_rgb(kept)
        fields = self._fields(results)
        results['imgs'] = [*kept, *_one_array_each(fields)]
        results['clip_len'] = length - 1
        results['modality'] = TWO_STREAMS if self.keep_rgb else 'Flow'
        self._note(results, fields)
        return results

    def _require_frames(self, results: Mapping[str, Any]) -> None:
        name, length = type(self).__name__, results['clip_len']
        if length < 2:
            raise ValueError(
                f'{name} needs snippets of 2 frames or more, got clip_len={length}; '
                'sample clip_len = L + 1 frames for L fields'
            )
        frame = results['imgs'][0]
        if frame.ndim != 2 and (frame.ndim != 3 or frame.shape[-1] != 3):
            raise ValueError(
                f'{name} needs RGB frames (H, W, 3), got shape {frame.shape}; leave '
                'it out where optical flow is read from files'
            )
        if frame.dtype != np.uint8:
            raise ValueError(
                f'{name} needs frames of type uint8, got {frame.dtype}; put it right '
                'after decoding'
            )
        if results.get('total_frames') == 1:
            video = results.get('frame_dir') or results.get('filename')
            raise PluginError(
                f'{video} has one frame only, and optical flow needs two; leave the '
                'video out of the list'
            )

    def _fields(self, results: Mapping[str, Any]) -> list[StoredField]:
        greys, length = [_grey(frame) for frame in results['imgs']], results['clip_len']
        names = self._names(greys, results.get('frame_inds'))
        # Of each snippet, all frames but its last.
        starts = [i for i in range(len(greys)) if (i + 1) % length]
        keys = [(names[i], names[i + 1]) for i in starts]
        pairs = {
            key: (greys[i], greys[i + 1]) for key, i in zip(keys, starts, strict=True)
        }
        fields: dict[tuple[bytes, bytes], StoredField] = {}
        if self._cache is not None:
            kept = ((key, self._cache.load(key)) for key in pairs)
            fields = {key: field for key, field in kept if field is not None}
        missing = {key: pair for key, pair in pairs.items() if key not in fields}
        estimated = self._estimate(missing.values())
        for key, (field, steadied) in zip(missing, estimated, strict=True):
            fields[key] = StoredField(quantise(field, self.bound), steadied)
            if self._cache is not None:
                self._cache.store(key, fields[key])
        return [fields[key] for key in keys]

    def _names(self, greys: list[Image], numbers: Image | None) -> list[bytes]:
        """What equal frames have in common: content, or within a sample the number."""
        if self._cache is None and numbers is not None and numbers.size == len(greys):
            return [b'%d' % number for number in numbers.ravel()]
        return [frame_digest(grey) for grey in greys]

    def _estimate(self, pairs: Iterable[Pair]) -> Iterator[tuple[Field, bool]]:
        """Yield fields, each with whether it is without the camera's motion."""
        for field in estimate_pairs(pairs, self.algorithm, self.parameters):
            yield field, False

    def _note(self, results: dict[str, Any], fields: Sequence[StoredField]) -> None:
        """Note something about a sample's fields; nothing here."""

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(algorithm={self.algorithm!r}, '
            f'bound={self.bound}, keep_rgb={self.keep_rgb!r}, '
            f'cache_dir={self.cache_dir!r}, parameters={self.parameters})'
        )


def _grey(frame: Image) -> Image:
    if frame.ndim == 2:
        return np.ascontiguousarray(frame)
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def _require_rgb(kept: Iterable[Image]) -> None:
    if any(frame.ndim == 2 for frame in kept):
        raise ValueError(
            'ComputeOpticalFlow is to keep frames that were read in grey; give '
            'GreyRawFrameDecode the same keep_rgb'
        )


def _one_array_each(fields: Iterable[StoredField]) -> list[Image]:
    """Levels of fields; what comes next may change them in place, each by itself."""
    given, levels = set(), []
    for field in fields:
        own = field.levels
        # A cached field lies in a buffer that nobody may write to.
        taken = id(own) in given or not own.flags.writeable
        levels.append(own.copy() if taken else own)
        given.add(id(own))
    return levels
