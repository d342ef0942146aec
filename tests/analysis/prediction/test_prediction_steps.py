"""The model's input is what the config's own test pipeline makes."""

import json

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from prediction_cases import (
    DECODE,
    EVERY_SECOND,
    PACK,
    SEGMENTS,
    make_clip,
    make_config,
)

from tpn_tsn_plugin.analysis.prediction.reader import stream
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.prediction.windows import Window, cut
from tpn_tsn_plugin.datasets.extraction.options import ExtractionOptions
from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo
from tpn_tsn_plugin.datasets.transforms import (
    FixedRateSampleFrames,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.errors import PluginError

OPEN = dict(type='DecordInit')
SNIPPETS = dict(SEGMENTS, clip_len=4)
DIS = dict(type='ComputeOpticalFlow', algorithm='dis')
CROPS = [
    dict(type='Resize', scale=(40, 36), keep_ratio=False),
    dict(type='OpticalFlowTenCrop', crop_size=28),
]
TWO_STREAMS = [
    dict(type='FormatTwoStreams'),
    dict(type='PackActionInputs', collect_keys=('imgs', 'flow_imgs')),
]
FOLDER = dict(type='CheckedRawframeDataset', ann_file='a', modality='Flow')
FIND, READ = dict(type='FindFrames'), dict(type='CheckedRawFrameDecode')


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / 'clip.mp4', size=64)


def predict_input(steps, path, window=None, samplers=None):
    video = SequentialVideo(path)
    window = window or Window(0, video.duration, np.arange(len(video)))
    sampled = steps.sample(video, window, samplers or steps.whole)
    ((_, frames),) = stream(video, [sampled])
    return steps.make(sampled, frames)


def pipeline_input(pipeline, path):
    init_default_scope('mmaction')
    sample = dict(filename=str(path), start_index=0, modality='RGB', label=0)
    return Compose(pipeline)(sample)


def assert_same(first, second):
    first, second = (
        x['inputs'] if isinstance(x['inputs'], dict) else dict(imgs=x['inputs'])
        for x in (first, second)
    )
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert value.equal(second[key])


@pytest.mark.parametrize(
    'steps',
    [
        [OPEN, SEGMENTS, DECODE, *PACK],
        [OPEN, dict(type='SelectTimeSpan'), SEGMENTS, DECODE, *CROPS, *PACK],
        [OPEN, EVERY_SECOND, dict(type='DecordDecodeOnce'), *CROPS, *PACK],
        [OPEN, SNIPPETS, DECODE, *CROPS, dict(type='RGBDifference'), *PACK],
        [OPEN, SNIPPETS, DECODE, DIS, *CROPS, *PACK],
        [OPEN, SNIPPETS, DECODE, dict(DIS, keep_rgb='centre'), *CROPS, *TWO_STREAMS],
    ],
    ids=['frames', 'crops', 'rate', 'difference', 'optical-flow', 'two-streams'],
)
def test_whole_video_is_what_mim_test_sees(clip, steps):
    expected = pipeline_input(steps, clip)
    assert_same(predict_input(InputSteps(make_config(steps)), clip), expected)


def test_clips_of_a_3d_network(clip):
    steps = [
        OPEN,
        dict(type='SampleFrames', clip_len=4, frame_interval=2, num_clips=2)
        | dict(test_mode=True),
        DECODE,
        dict(type='ThreeCrop', crop_size=64),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs'),
    ]
    made = predict_input(InputSteps(make_config(steps)), clip)
    assert made['inputs'].shape == (6, 3, 4, 64, 64)
    assert_same(made, pipeline_input(steps, clip))


def test_extracted_fields_are_computed_from_the_video(clip):
    """Field i leads from frame i to the next, as extract-flow numbers them."""
    read = [FIND, dict(SNIPPETS, clip_len=3), READ, *PACK]
    steps = InputSteps(make_config(read, dataset=FOLDER), algorithm='dis')
    made = predict_input(steps, clip)['inputs']
    computed = pipeline_input([OPEN, SNIPPETS, DECODE, DIS, *PACK], clip)['inputs']
    assert made.shape == computed.shape == (3, 6, 64, 64)
    assert made.equal(computed)


def test_fields_far_from_each_other(clip):
    far = dict(type='SampleFrames', clip_len=2, frame_interval=5, test_mode=True)
    steps = InputSteps(
        make_config([FIND, far, READ, *PACK], dataset=FOLDER), algorithm='dis'
    )
    video = SequentialVideo(clip)
    everything = Window(0, video.duration, np.arange(len(video)))
    sampled = steps.sample(video, everything, steps.whole)
    first = sampled.frames[0]
    np.testing.assert_array_equal(sampled.frames - first, [0, 1, 5, 6])


def test_last_field_leads_to_the_last_frame(clip):
    every = dict(type='SampleFrames', clip_len=23, test_mode=True)
    steps = InputSteps(
        make_config([FIND, every, READ, *PACK], dataset=FOLDER), algorithm='dis'
    )
    made = predict_input(steps, clip)
    assert made['inputs'].shape == (1, 46, 64, 64)


def test_paired_folders_are_read_from_the_video(clip):
    paired = [
        dict(type='FindPairedFrames'),
        SNIPPETS,
        dict(type='PairedRawFrameDecode'),
        *CROPS,
        *TWO_STREAMS,
    ]
    steps = InputSteps(
        make_config(paired, dataset=dict(FOLDER, modality='RGB')), algorithm='dis'
    )
    computed = [OPEN, SNIPPETS, DECODE, dict(DIS, keep_rgb='centre'), *CROPS]
    expected = pipeline_input([*computed, *TWO_STREAMS], clip)
    assert_same(predict_input(steps, clip), expected)


def test_rgb_folders_are_read_from_the_video(clip):
    read = [FIND, SEGMENTS, dict(type='RawFrameDecode'), *PACK]
    steps = InputSteps(make_config(read, dataset=dict(FOLDER, modality='RGB')))
    expected = pipeline_input([OPEN, SEGMENTS, DECODE, *PACK], clip)
    assert_same(predict_input(steps, clip), expected)


def test_extraction_says_how_it_was_made(clip, tmp_path):
    options = ExtractionOptions(algorithm='dis', bound=5, resize=48)
    place = tmp_path / 'data' / 'fields' / 'clap' / 'v1'
    place.mkdir(parents=True)
    record = dict(options=options.record(), made_with={}, fields=9, unwarped=None)
    (place / 'extraction.json').write_text(json.dumps({**record, 'size': (48, 48)}))
    dataset = dict(
        FOLDER, data_root=str(tmp_path / 'data'), data_prefix=dict(img='fields')
    )
    read = [FIND, dict(SNIPPETS, clip_len=3), READ, *PACK]
    made = predict_input(InputSteps(make_config(read, dataset=dataset)), clip)
    small = dict(type='Resize', scale=(48, 48))
    compute = [OPEN, SNIPPETS, DECODE, small, dict(DIS, bound=5), *PACK]
    assert made['inputs'].equal(pipeline_input(compute, clip)['inputs'])


def test_demo_data_are_known(clip):
    dataset = dict(type='TempoDemoDataset', data_root='nowhere', modality='Flow')
    read = [FIND, dict(SNIPPETS, clip_len=3), READ, *PACK]
    made = predict_input(InputSteps(make_config(read, dataset=dataset)), clip)
    computed = pipeline_input([OPEN, SNIPPETS, DECODE, DIS, *PACK], clip)
    assert_same(made, computed)


@pytest.mark.parametrize(
    ('test', 'val', 'kind', 'clips'),
    [
        (dict(SEGMENTS, num_clips=25), SEGMENTS, SegmentSampleFrames, 3),
        (EVERY_SECOND, SEGMENTS, FixedRateSampleFrames, None),
        (dict(SEGMENTS, num_clips=25), dict(SEGMENTS, clip_len=2), None, 25),
    ],
    ids=['validation', 'fixed-rate', 'other-clips'],
)
def test_windows_are_sampled_as_validation_samples_videos(test, val, kind, clips):
    config = make_config([OPEN, test, DECODE, *PACK], [OPEN, val, DECODE, *PACK])
    sampler = InputSteps(config).sampler
    assert isinstance(sampler, kind or SegmentSampleFrames)
    if clips:
        assert sampler.num_clips == clips


def test_a_window_sees_its_own_frames_only(clip):
    steps = InputSteps(make_config())
    video = SequentialVideo(clip)
    windows = list(cut(video.times, video.duration, length=1, stride=1))
    sampled = [steps.sample(video, window, steps.windowed) for window in windows]
    np.testing.assert_array_equal(
        [part.frames for part in sampled],
        [[1, 4, 6], [9, 12, 14], [17, 20, 22]],
    )


def test_sampling_is_never_random(clip):
    config = make_config([OPEN, dict(SEGMENTS, test_mode=False), DECODE, *PACK])
    steps = InputSteps(config)
    assert_same(predict_input(steps, clip), predict_input(steps, clip))


@pytest.mark.parametrize(
    ('steps', 'least'), [([DECODE], 1), ([DECODE, DIS], 2)], ids=['rgb', 'motion']
)
def test_motion_needs_two_frames(steps, least):
    config = make_config([OPEN, SNIPPETS, *steps, *PACK])
    assert InputSteps(config).least_frames == least


@pytest.mark.parametrize(
    ('pipeline', 'message'),
    [
        ([OPEN, SEGMENTS, *PACK], 'decodes no video; it needs one of DecordDecode,'),
        ([], 'got no steps'),
        ([OPEN, DECODE, *PACK], 'samples no frames'),
        ([FIND, SNIPPETS, READ, *PACK], r'nothing says how .* give --algorithm'),
    ],
)
def test_pipelines_that_cannot_be_used(pipeline, message):
    with pytest.raises(PluginError, match=message):
        InputSteps(make_config(pipeline, dataset=FOLDER))
