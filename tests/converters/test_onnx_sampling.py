"""How many snippets a graph takes."""

import pytest
from mmengine.config import Config

from tpn_tsn_plugin.converters.onnx.sampling import find_test_dataset, fix_segments
from tpn_tsn_plugin.errors import ExportError

OPEN, PACK = dict(type='DecordInit'), dict(type='PackActionInputs')
SEGMENTS = dict(type='SegmentSampleFrames', clip_len=6, num_clips=25, test_mode=True)
RATE = dict(type='mmaction.FixedRateSampleFrames', rate=1.0, clip_len=6)


@pytest.mark.parametrize(
    ('sampler', 'segments', 'expected'),
    [
        (SEGMENTS, None, SEGMENTS),
        (SEGMENTS, 8, dict(SEGMENTS, num_clips=8)),
        (RATE, 8, dict(SEGMENTS, num_clips=8)),
        (
            dict(RATE, frame_interval=2),
            8,
            dict(SEGMENTS, num_clips=8, frame_interval=2),
        ),
        (dict(type='UniformSample', clip_len=8), None, None),
    ],
)
def test_snippets(sampler, segments, expected):
    given = [OPEN, dict(sampler), PACK]
    found = fix_segments(given, segments)
    assert found == [OPEN, expected or sampler, PACK]
    assert given == [OPEN, sampler, PACK]


@pytest.mark.parametrize(
    ('sampler', 'segments', 'message'),
    [
        (RATE, None, 'as many snippets as a video is long, .*--segments 25'),
        (OPEN, 8, 'no step .* has num_clips, so that --segments 8 would change noth'),
    ],
)
def test_refused(sampler, segments, message):
    with pytest.raises(ExportError, match=message) as caught:
        fix_segments([sampler, PACK], segments)
    assert '\n' not in str(caught.value)


def test_pipeline_is_found_in_what_repeats_or_joins():
    inner = dict(type='VideoDataset', pipeline=[OPEN])
    for outer in (
        inner,
        dict(type='RepeatDataset', dataset=inner),
        dict(type='ConcatDataset', datasets=[inner, dict(pipeline=[])]),
    ):
        config = Config(dict(test_dataloader=dict(dataset=outer)))
        assert find_test_dataset(config).type == 'VideoDataset'


def test_config_without_test():
    with pytest.raises(ExportError, match='no test_dataloader with a pipeline'):
        find_test_dataset(Config(dict(model={})))
