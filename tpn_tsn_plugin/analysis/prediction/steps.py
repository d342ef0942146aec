"""From a config's test pipeline to steps that take any part of a video file.

A test pipeline opens a video or a folder of extracted frames, samples, decodes, and
makes the model's input of what it decoded. Here the video is read by one reader for all
windows, so opening and decoding are left out; where fields were read from files they
are computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.datasets.sequential_video import Image, SequentialVideo
from tpn_tsn_plugin.datasets.transforms import (
    ComputeOpticalFlow,
    FixedRateSampleFrames,
    RGBDifference,
)
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import TRANSFORMS

from .extracted_fields import FieldMaker, find_extraction
from .windows import Window

FOLDERS = ('FindFrames', 'FindPairedFrames')
OPENING = (
    'DecordInit',
    'DecordInitInPlace',
    'OpenCVInit',
    'PyAVInit',
    'PIMSInit',
    *FOLDERS,
)
FROM_VIDEO = (
    'DecordDecode',
    'DecordDecodeOnce',
    'OpenCVDecode',
    'PyAVDecode',
    'PIMSDecode',
)
FROM_FOLDER = ('RawFrameDecode', 'CheckedRawFrameDecode', 'GreyRawFrameDecode')
PAIRED = 'PairedRawFrameDecode'
# A video is predicted whole, whatever part of it an annotation means.
LEFT_OUT = (*OPENING, 'SelectTimeSpan')


@dataclass(frozen=True)
class Sampled:
    """A part of a video, and which frames the model sees of it.

    Attributes:
        window: The part.
        frames: Frames of the video, in the order of the pipeline.
        results: What sampling has noted for the steps after decoding.
    """

    window: Window
    frames: NDArray[np.int64]
    results: dict[str, Any]


class InputSteps:
    """Makes a model's input of parts of a video, as a config's test pipeline does.

    Args:
        config: The config.
        algorithm: What computes optical flow that the pipeline reads from files; None
            for what the extracted files themselves say.
        warped: Whether the camera's motion is removed from such optical flow.

    Attributes:
        least_frames: Frames that a part must have.

    Raises:
        PluginError: The pipeline reads no video, or nothing says how optical flow was
            made.
    """

    def __init__(
        self, config: Config, *, algorithm: str | None = None, warped: bool = False
    ) -> None:
        init_default_scope(config.get('default_scope', 'mmaction'))
        before, decode, after = _parts(config, 'test')
        dataset = find_dataset(config, 'test')
        kind = _name(decode)
        self._modality = 'RGB' if kind in FROM_VIDEO else dataset.get('modality', 'RGB')
        # Sampled are fields, one less than frames, and not frames.
        self._counts_fields = kind in FROM_FOLDER and self._modality == 'Flow'
        self._fields: FieldMaker | None = None
        if self._counts_fields or kind == PAIRED:
            options = find_extraction(config, algorithm, warped)
            keep_rgb = decode.get('keep_rgb', 'centre') if kind == PAIRED else None
            self._fields = FieldMaker(options, keep_rgb)
        self._after = Compose(list(after))
        self.whole = _samplers(before)
        self.windowed = _window_samplers(config, self.whole)
        moving = self._fields is not None or any(
            isinstance(step, ComputeOpticalFlow | RGBDifference)
            for step in self._after.transforms
        )
        self.least_frames = 2 if moving else 1

    @property
    def sampler(self) -> BaseTransform:
        """The step that chooses a window's frames."""
        return self.windowed[-1]

    def sample(
        self, video: SequentialVideo, window: Window, steps: Sequence[BaseTransform]
    ) -> Sampled:
        """Choose the frames that the model sees.

        Args:
            video: The video.
            window: A part of it.
            steps: ``whole`` or ``windowed``.
        """
        total = len(window.frames) - int(self._counts_fields)
        results: dict[str, Any] = dict(
            filename=str(video.path),
            video_id=str(video.path),
            start_index=0,
            total_frames=total,
            avg_fps=video.fps,
            modality='RGB',
        )
        for step in steps:
            results = step.transform(results)
        chosen = np.asarray(results['frame_inds']).ravel()
        if self._counts_fields:
            # Field i leads from frame i to the next one.
            chosen = np.stack([chosen, chosen + 1], axis=1).ravel()
        return Sampled(window, window.frames[chosen], results)

    def make(self, sampled: Sampled, frames: list[Image]) -> dict[str, Any]:
        """Make the model's input.

        Args:
            sampled: What was sampled.
            frames: Its frames, (H, W, 3) RGB each.

        Returns:
            ``inputs`` and ``data_samples``, of one sample.

        Raises:
            PluginError: A step gives nothing.
        """
        size = frames[0].shape[:2]
        results = {
            **sampled.results,
            'imgs': frames,
            'original_shape': size,
            'img_shape': size,
        }
        if self._fields is not None:
            length = results['clip_len']
            # A field comes from a pair of frames, whatever comes next in its snippet.
            pairs = self._counts_fields
            results = self._fields.make(results, 2 if pairs else length)
            results['clip_len'] = length if pairs else length - 1
        packed = self._after(results)
        if packed is None:
            raise PluginError(
                f"{results['filename']}: the config's test pipeline gives no sample"
            )
        return packed


def _parts(
    config: Config, split: str
) -> tuple[list[Mapping[str, Any]], Mapping[str, Any], list[Mapping[str, Any]]]:
    """Steps before decoding, decoding, and steps after it."""
    pipeline = find_dataset(config, split).get('pipeline', [])
    known = (*FROM_VIDEO, *FROM_FOLDER, PAIRED)
    for number, step in enumerate(pipeline):
        if _name(step) in known:
            return pipeline[:number], step, pipeline[number + 1 :]
    raise PluginError(
        f'the {split} pipeline of {config.filename} decodes no video; it needs one of '
        f'{", ".join(known)}, got {", ".join(map(_name, pipeline)) or "no steps"}'
    )


def _samplers(steps: Sequence[Mapping[str, Any]]) -> list[BaseTransform]:
    built = [TRANSFORMS.build(step) for step in steps if _name(step) not in LEFT_OUT]
    if not built:
        raise PluginError(
            'the test pipeline samples no frames; give it SampleFrames or '
            'SegmentSampleFrames before decoding'
        )
    for step in built:
        # Where a config left it out, the same video would be predicted differently.
        if hasattr(step, 'test_mode'):
            step.test_mode = True
    return built


def _window_samplers(config: Config, whole: list[BaseTransform]) -> list[BaseTransform]:
    """How a window is sampled: as validation samples a video.

    Testing spreads many clips over a video, which in a window would be nearly the same
    one many times. Snippets at a fixed rate stay.
    """
    if isinstance(whole[-1], FixedRateSampleFrames):
        return whole
    try:
        steps = _samplers(_parts(config, 'val')[0])
    except PluginError:
        return whole
    lengths = {getattr(step, 'clip_len', None) for step in (whole[-1], steps[-1])}
    return steps if len(lengths) == 1 else whole


def _name(step: Mapping[str, Any]) -> str:
    kind = step['type']
    return kind.rpartition('.')[2] if isinstance(kind, str) else str(kind.__name__)
