"""Optical flow computed in the model: the tensors that transforms would have given."""

import cv2
import numpy as np
import pytest
import torch
from known_motions import moving_texture
from mmaction.registry import MODELS as THEIRS
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose, pseudo_collate

from tpn_tsn_plugin.models.data_preprocessors.field_computation import FieldComputation
from tpn_tsn_plugin.registry import MODELS

FEW = dict(scales_number=2, warpings_number=2, outer_iterations=3)
LENGTH, SNIPPETS = 3, 2
RGB = dict(type='ActionDataPreprocessor', mean=[120, 110, 100], std=[50, 60, 70])
PACK = dict(type='PackActionInputs', meta_keys=())
TWO = dict(PACK, collect_keys=('imgs', 'flow_imgs'))


def sample(seed):
    """A video's frames as decoded: snippets of L + 1 neighbouring ones."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(SNIPPETS):
        shift = rng.uniform(-2, 2, 2)
        for step in range(LENGTH + 1):
            _, grey, _ = moving_texture(shift * step, size=(36, 44), seed=seed)
            tint = rng.uniform(0.7, 1, 3)
            frames.append((grey[..., None] * tint).astype(np.uint8))
    return dict(
        imgs=frames,
        clip_len=LENGTH + 1,
        num_clips=SNIPPETS,
        modality='RGB',
        label=seed,
    )


def batch(steps, seeds=(0, 1)):
    return pseudo_collate([Compose(steps)(sample(seed)) for seed in seeds])


def fields_of(shape):
    channels = 2 * LENGTH if shape == 'NCHW' else 2
    return dict(RGB, mean=[128] * channels, std=[15] * channels, format_shape=shape)


def compute(**options):
    return dict(
        type='ComputeOpticalFlow', algorithm='tvl1_torch', parameters=FEW, **options
    )


WHOLE = [dict(type='FormatShape', input_format='NCTHW'), PACK]


@pytest.mark.parametrize('shape', ['NCHW', 'NCTHW'])
def test_one_stream_sees_what_transforms_compute(shape):
    transforms = [compute(), dict(type='FormatShape', input_format=shape), PACK]
    expected = MODELS.build(fields_of(shape))(batch(transforms))
    config = dict(fields_of(shape), type='OpticalFlowDataPreprocessor', parameters=FEW)
    given = MODELS.build(config)(batch(WHOLE))
    lengths = (2 * LENGTH,) if shape == 'NCHW' else (2, LENGTH)
    assert given['inputs'].shape == (2, SNIPPETS, *lengths, 36, 44)
    assert torch.equal(given['inputs'], expected['inputs'])
    assert [s.gt_label.item() for s in given['data_samples']] == [0, 1]


@pytest.mark.parametrize(('shape', 'keep'), [('NCHW', 'centre'), ('NCTHW', 'all')])
def test_two_streams_see_what_transforms_compute(shape, keep):
    transforms = [
        compute(keep_rgb=keep, bound=8),
        dict(type='FormatTwoStreams', input_format=shape),
        TWO,
    ]
    parts = dict(imgs=dict(RGB, format_shape=shape), flow_imgs=fields_of(shape))
    theirs = dict(type='MultiModalDataPreprocessor', preprocessors=parts)
    expected = MODELS.build(theirs)(batch(transforms))
    config = dict(type='TwoStreamDataPreprocessor', preprocessors=parts, bound=8)
    given = MODELS.build({**config, 'parameters': FEW})(batch(WHOLE))
    assert set(given['inputs']) == {'imgs', 'flow_imgs'}
    for key, value in expected['inputs'].items():
        assert torch.equal(given['inputs'][key], value)
    assert [s.gt_label.item() for s in given['data_samples']] == [0, 1]


def test_a_mirrored_picture_has_mirrored_optical_flow():
    """With MMAction2's flip before, and no sign to change after."""
    config = dict(fields_of('NCHW'), type='OpticalFlowDataPreprocessor')
    preprocessor = MODELS.build(config)
    flip = dict(type='Flip', flip_ratio=1.0)
    levels = [
        preprocessor(batch([*before, *WHOLE], (0,)))['inputs'] * 15 + 128
        for before in ([], [flip])
    ]
    mirrored = levels[1].flip(-1)
    # the border is unstable
    plain, mirrored = (x[0, 0, :, 6:-6, 6:-6] for x in (levels[0], mirrored))
    assert (plain[0::2] - 127.5).abs().median() > 2
    assert (255 - mirrored[0::2] - plain[0::2]).abs().median() <= 1
    assert (mirrored[1::2] - plain[1::2]).abs().median() <= 1


def test_videos_of_other_sizes_and_numbers_of_views_share_no_work():
    computation = FieldComputation('NCHW', parameters=FEW)
    rng = np.random.default_rng(0)
    videos = [
        torch.from_numpy(rng.integers(0, 256, shape, dtype=np.uint8))
        for shape in [(2, 3, 2, 20, 24), (1, 3, 2, 20, 24), (1, 3, 3, 24, 20)]
    ]
    for chosen in (videos[:2], videos):
        together = computation.fields(chosen)
        for video, fields in zip(chosen, together, strict=True):
            assert torch.equal(computation.fields([video])[0], fields)


def test_one_video_alone_is_a_batch_in_testing():
    """As MMAction2's inferencer gives it: tuples and single samples."""
    config = dict(fields_of('NCHW'), type='OpticalFlowDataPreprocessor', parameters=FEW)
    data = batch(WHOLE, (0,))
    pairs = MODELS.build(config)((data, batch(WHOLE, (1,))), training=False)
    assert [part['inputs'].shape[0] for part in pairs] == [1, 1]


def test_names_are_new():
    for name in ('OpticalFlowDataPreprocessor', 'TwoStreamDataPreprocessor'):
        found = THEIRS.get(name)
        assert found.__module__.startswith('tpn_tsn_plugin.')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(format_shape='NPTCHW'),
            r"format_shape .*'NCHW', 'NCTHW'.*, got 'NPTCHW'",
        ),
        (dict(bound=0), 'bound must be .* above 0, got 0'),
        (dict(parameters=dict(gamma=1.0)), "parameter of 'tvl1_torch' .* got 'gamma'"),
        (dict(parameters=dict(theta=0.0)), 'theta must be above 0, got 0.0'),
    ],
)
def test_unusable_options_are_refused(options, message):
    config = dict(fields_of('NCHW'), type='OpticalFlowDataPreprocessor')
    with pytest.raises(ValueError, match=message):
        MODELS.build({**config, **options})


@pytest.mark.parametrize(
    ('parts', 'message'),
    [
        (dict(imgs=RGB), r"those of \['imgs', 'flow_imgs'\], got \['imgs'\]"),
        (
            dict(imgs=RGB, flow_imgs=fields_of('NCTHW')),
            r"the same for imgs and flow_imgs, got \['NCHW', 'NCTHW'\]",
        ),
    ],
)
def test_unusable_parts_are_refused(parts, message):
    config = dict(type='TwoStreamDataPreprocessor', preprocessors=parts)
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


@pytest.mark.parametrize(
    ('frames', 'message'),
    [
        (torch.zeros(8, 3, 9, 9, dtype=torch.uint8), r"got \(8, 3, 9, 9\).*'NCTHW'"),
        (torch.zeros(1, 3, 1, 9, 9, dtype=torch.uint8), 'of 2 frames or more'),
        (torch.zeros(1, 3, 2, 9, 9), 'type uint8 .*, got torch.float32'),
    ],
)
def test_unusable_frames_are_refused(frames, message):
    config = dict(fields_of('NCHW'), type='OpticalFlowDataPreprocessor')
    data = dict(inputs=[frames], data_samples=[ActionDataSample()])
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)(data)


def test_grey_is_made_of_decoded_colours():
    """Red, green and blue weigh differently, in this order."""
    frames = np.zeros((1, 3, 2, 24, 24), np.uint8)
    before, after, _ = moving_texture((1.5, 0), size=(24, 24))
    for channel, (first, second) in enumerate([(before, after), (after, before)]):
        frames[0, channel, 0], frames[0, channel, 1] = first, second
    greys = [
        cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames[0].transpose(1, 2, 3, 0)
    ]
    plain = FieldComputation('NCTHW', parameters=FEW)
    grey = torch.from_numpy(np.stack(greys))[None, None].expand(1, 3, 2, 24, 24)
    given = plain.fields([torch.from_numpy(frames)])[0]
    assert torch.equal(given, plain.fields([grey])[0])
