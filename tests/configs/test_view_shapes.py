"""Shapes read off a config are those that its test pipeline gives."""

import pytest
from view_shapes import two_stream_view, view_shape

from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo
from tpn_tsn_plugin.analysis.benchmark.pipelines import Pipeline

ONE_STREAM = [
    'demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb',
    'tpn/tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb',
    'tpn/tpn-tsm-released_imagenet-pretrained-r50_8xb8-1x1x8-150e_sthv1-rgb',
    'tsn/tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgb-rgbdiff',
    'tsn/tsn-cross-modality_r18_1xb16-5x1x3-12e_tempo-demo-flow',
]
TWO_STREAMS = [
    'two_stream/two-stream-conv-pool3d_r18_1xb16-6x1x3-12e_correspondence-demo-rgb-flow'
]


@pytest.fixture
def sample(tmp_path, read):
    def run(name):
        video = MadeVideo(tmp_path, frames=60)
        return Pipeline(read(f'{name}.py'), 'test', video).run().one_view()

    return run


@pytest.mark.parametrize('name', ONE_STREAM)
def test_shape_of_a_view(name, sample, read):
    inputs = sample(name).inputs
    assert (1, *inputs.shape) == view_shape(read(f'{name}.py'))


@pytest.mark.parametrize('name', TWO_STREAMS)
def test_shapes_of_both_streams(name, sample, read):
    shapes = {key: (1, *x.shape) for key, x in sample(name).inputs.items()}
    assert shapes == two_stream_view(read(f'{name}.py'))
