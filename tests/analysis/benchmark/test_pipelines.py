"""What comes out of a config's pipelines, and how views are told from it."""

import pytest
import torch
from small_configs import PACK, from_video, sample_frames, split, tsn, video

from tpn_tsn_plugin.analysis.benchmark.pipelines import Pipeline, Sample
from tpn_tsn_plugin.errors import PluginError

CLIPS = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=4, num_clips=2),
    dict(type='DecordDecode'),
    dict(type='ThreeCrop', crop_size=24),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
FIELDS = [
    dict(type='SampleFrames', clip_len=5, num_clips=2),
    dict(type='RawFrameDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]
PAIRED = [
    dict(type='FindPairedFrames'),
    dict(type='SegmentSampleFrames', clip_len=6, num_clips=2),
    dict(type='PairedRawFrameDecode'),
    dict(type='FormatTwoStreams'),
    dict(type='PackActionInputs', collect_keys=('imgs', 'flow_imgs')),
]
TWICE = from_video(sample_frames(num_clips=2, twice_sample=True, test_mode=True))


def run(tmp_path, **changes):
    return Pipeline(tsn(**changes), 'test', video(tmp_path)).run()


def frames(pipeline, **dataset):
    return split(pipeline, **dict(dataset, type='RawframeDataset'))


def dataset(pipeline, **options):
    return dict(batch_size=1, dataset=dict(pipeline=pipeline, **options))


@pytest.mark.parametrize(
    ('loader', 'segments', 'views', 'shape'),
    [
        (None, 2, 3, '2×3×24×24'),
        (split(CLIPS), 1, 6, '4×3×24×24'),
        (split(TWICE), 2, 2, '2×3×24×32'),
        (
            dataset(FIELDS, type='RawframeDataset', modality='Flow'),
            *(2, 1, '2×10×24×32'),
        ),
        (
            dataset(
                FIELDS,
                type='RawframeDataset',
                modality='Flow',
                filename_tmpl='{}_{:05d}.jpg',
                start_index=0,
            ),
            *(2, 1, '2×10×24×32'),
        ),
        (
            dataset(
                [sample_frames(num_clips=2), dict(type='RawFrameDecode'), *PACK],
                type='RawframeDataset',
                filename_tmpl='{:05}.jpg',
            ),
            *(2, 1, '2×3×24×32'),
        ),
        (
            dataset(PAIRED, type='CheckedRawframeDataset'),
            *(2, 1, '2×3×24×32 + 2×10×24×32'),
        ),
    ],
)
def test_inputs_are_the_pipelines_own(loader, segments, views, shape, tmp_path):
    changes = {} if loader is None else {'test_dataloader': dict(loader, _delete_=True)}
    sample = run(tmp_path, **changes)
    assert (sample.segments, sample.views, sample.shape) == (segments, views, shape)
    view = sample.one_view()
    assert (view.views, view.shape) == (1, shape)


def test_first_of_joined_data_sets(tmp_path):
    joined = dict(
        type='RepeatDataset',
        dataset=dict(
            type='ConcatDataset', datasets=[split(CLIPS)['dataset'], dict(type='x')]
        ),
    )
    loader = dict(_delete_=True, dataset=joined)
    assert run(tmp_path, test_dataloader=loader).shape == '4×3×24×24'


@pytest.mark.parametrize(
    ('options', 'pixels', 'frames'),
    [
        (dict(type='TempoDemoDataset', split='test'), 56, 64),
        (dict(type='TempoDemoDataset', split='test', scene=dict(size=32)), 32, 64),
        # 28 seconds at 16 frames a second
        (dict(type='TempoDemoDataset', split='untrimmed'), 56, 448),
        (dict(type='CorrespondenceDemoDataset', split='test'), 64, 32),
    ],
)
def test_demo_videos_are_as_large_as_the_demo_makes_them(
    options, pixels, frames, tmp_path
):
    loader = dataset(from_video(sample_frames(num_clips=1)), _delete_=True, **options)
    pipeline = Pipeline(tsn(test_dataloader=loader), 'test', video(tmp_path))
    assert pipeline.video.size == (pixels, pixels)
    assert pipeline.video.frames == frames
    assert pipeline.run().shape == f'1×3×{pixels}×{pixels}'


@pytest.mark.parametrize(
    ('head', 'expected'),
    [
        ({}, [0]),
        (dict(multi_class=True), [0, 0, 0, 0]),
        (dict(tasks=dict(verb=3, noun=5)), [0, 0]),
    ],
)
def test_label_is_of_the_heads_kind(head, expected, tmp_path):
    sample = run(tmp_path, model=dict(cls_head=head))
    assert sample.data_sample.gt_label.tolist() == expected


def test_equal_shapes_get_equal_numbers(tmp_path):
    sample = run(tmp_path)
    other = Sample(torch.zeros_like(sample.inputs), sample.data_sample, 2)
    first, second = sample.noise(0), other.noise(0)
    assert torch.equal(first['inputs'], second['inputs'])
    assert first['inputs'].dtype == sample.inputs.dtype
    assert first['inputs'].float().std() > 50
    assert not torch.equal(first['inputs'], sample.noise(1)['inputs'])
    assert first['data_samples'] is not sample.data_sample


POSE = [dict(type='PoseDecode'), dict(type='PackActionInputs')]


@pytest.mark.parametrize(
    ('loader', 'message'),
    [
        (
            None,
            'tsn.py: the test pipeline is missing; the config needs test_dataloader',
        ),
        (dataset(POSE, type='PoseDataset'), r'reads neither .* \(PoseDecode, PackAct'),
        (
            dataset(from_video(dict(type='AVASampleFrames')), type='VideoDataset'),
            'cannot be built: .*AVASampleFrames',
        ),
        (
            split(from_video(sample_frames(), dict(type='ThreeCrop', crop_size=20))),
            'cannot be run on a video alone: ThreeCrop raised AssertionError',
        ),
        (
            split([dict(type='DecordInit'), dict(type='SampleAVAFrames', clip_len=2)]),
            'cannot be run on a video alone: SampleAVAFrames raised KeyError',
        ),
        (
            split([dict(type='DecordInit'), sample_frames()]),
            'does not end in a tensor',
        ),
    ],
)
def test_pipeline_that_cannot_be_run_is_one_line(loader, message, tmp_path):
    config = tsn()
    config.test_dataloader = loader
    with pytest.raises(PluginError, match=message) as caught:
        Pipeline(config, 'test', video(tmp_path)).run()
    assert str(caught.value).startswith('tsn.py: the test pipeline ')


def test_broken_video_step_is_told_by_name(tmp_path):
    """A transform that gives up on a sample returns None."""

    class GivesUp:
        def __call__(self, results):
            return None

    pipeline = Pipeline(tsn(), 'test', video(tmp_path))
    pipeline._steps.insert(1, GivesUp())
    with pytest.raises(PluginError, match='SampleFrames raised TypeError'):
        pipeline.run()
