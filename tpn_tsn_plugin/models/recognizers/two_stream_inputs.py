"""What a two-stream network is fed with, checked before anything runs.

Shape letters: N videos, V views (crops times clips), K frames of a view, L fields in a
stack, T time, H height, W width.
"""

from collections.abc import Mapping, Sequence

from mmaction.structures import ActionDataSample
from mmengine.utils.dl_utils.parrots_wrapper import _ConvNd
from torch import Tensor, nn

from tpn_tsn_plugin.models.views import told_segments

# Where the input of each stream lies in a batch.
INPUTS = {'spatial': 'imgs', 'temporal': 'flow_imgs'}


def require_inputs(
    inputs: Mapping[str, Tensor], backbones: Mapping[str, nn.Module], in_step: bool
) -> dict[str, Tensor]:
    """Take the input of each stream out of a batch.

    Args:
        inputs: ``imgs`` and ``flow_imgs``, (N, V·K, channels, H, W) or
            (N, V, channels, T, H, W) each.
        backbones: The backbone of each stream.
        in_step: Whether both need as many views and frames.

    Returns:
        (N·V·K, channels, H, W) or (N·V, channels, T, H, W) of each stream.

    Raises:
        ValueError: An input is missing, has not the channels of its backbone, or the
            two do not belong together.
    """
    maps = {
        stream: _require_input(inputs, stream, backbones[stream]) for stream in INPUTS
    }
    rgb, fields = (inputs[key].shape for key in INPUTS.values())
    if rgb[0] != fields[0] or (in_step and rgb[1] != fields[1]):
        raise ValueError(
            f'both streams need the same samples, got imgs {tuple(rgb)} and flow_imgs '
            f'{tuple(fields)}; sample both by one SegmentSampleFrames'
        )
    return maps


def _require_input(
    inputs: Mapping[str, Tensor], stream: str, backbone: nn.Module
) -> Tensor:
    key = INPUTS[stream]
    if not isinstance(inputs, Mapping) or key not in inputs:
        came = list(inputs) if isinstance(inputs, Mapping) else 'one tensor'
        raise ValueError(
            f'TwoStreamRecognizer needs inputs {list(INPUTS.values())}, got {came}; '
            'end the pipeline with FormatTwoStreams and '
            "PackActionInputs(collect_keys=('imgs', 'flow_imgs'))"
        )
    x = inputs[key]
    first = next(m for m in backbone.modules() if isinstance(m, _ConvNd))
    wanted = first.in_channels
    if x.ndim not in (5, 6) or x.shape[2] != wanted:
        raise ValueError(
            f'{key} must be (N, V·K, {wanted}, H, W) or (N, V, {wanted}, T, H, W), as '
            f'in_channels={wanted} of {stream}_backbone says, got {tuple(x.shape)}; '
            'set in_channels to 3 for RGB, to 2L for stacks of L fields'
        )
    return x.flatten(0, 1)


def require_single_clips(inputs: Mapping[str, Tensor]) -> None:
    """Check that a 3D stream trains with one clip a video, which has one label.

    Raises:
        ValueError: There are several.
    """
    for key in INPUTS.values():
        x = inputs.get(key) if isinstance(inputs, Mapping) else None
        shape = () if x is None else tuple(x.shape)
        if len(shape) == 6 and shape[1] > 1:
            raise ValueError(
                f'3D streams train with one clip a video, got {key} {shape}; sample '
                'with num_clips=1 in the training pipeline'
            )


def require_whole_clips(views: int, stream: str, backbone: nn.Module) -> int:
    """Check that a pass of some frames does not tear a backbone's clips apart.

    Raises:
        ValueError: The backbone shifts features among another number of frames.
    """
    shifted = getattr(backbone, 'num_segments', None) or 1
    if views % shifted:
        raise ValueError(
            f'max_testing_views={views} must be a multiple of num_segments={shifted} '
            f'of {stream}_backbone, which shifts features among that many frames'
        )
    return views


def frames_of_view(
    frames: int,
    data_samples: Sequence[ActionDataSample] | None,
    test_segments: int | None,
    test_mode: bool,
) -> int:
    """K: in training all frames of a video, in testing as told.

    Raises:
        ValueError: K is not known, or the frames are no whole number of views.
    """
    if not test_mode:
        return frames
    segments = test_segments or told_segments(data_samples or [])
    if segments is None:
        raise ValueError(
            f'temporal pooling must know which of {frames} frames belong to one view: '
            "pack 'num_clips' (PackActionInputs(meta_keys=('num_clips', ...))) or set "
            'test_segments of the recogniser'
        )
    if frames % segments:
        raise ValueError(
            f'{frames} frames are no whole number of views of {segments}; check '
            "test_segments of the recogniser and the sampler's num_clips"
        )
    return segments
