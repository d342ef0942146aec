"""Graphs in files: what is in them, and that they are the model. Needs onnxruntime."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_recognizers import FAMILIES, build, sample

from tpn_tsn_plugin.converters.onnx.causes import innermost_line
from tpn_tsn_plugin.converters.onnx.comparison import (
    Graph,
    Trial,
    compare,
    noise_trials,
    require_shapes,
    video_trials,
)
from tpn_tsn_plugin.converters.onnx.dependencies import require_packages
from tpn_tsn_plugin.converters.onnx.export import OPSET, write_graph
from tpn_tsn_plugin.converters.onnx.inputs import inputs_of, told_segments
from tpn_tsn_plugin.converters.onnx.metadata import describe_graph, describe_source
from tpn_tsn_plugin.converters.onnx.scoring import VideoScores
from tpn_tsn_plugin.errors import ExportError, MissingDependencyError

PIPELINE = [
    dict(type='SegmentSampleFrames', clip_len=1, num_clips=4),
    dict(type='FormatShape', input_format='NCHW', hint=Path('a')),
]
# of each video
VIEWS = (2, 1, 3, 2)
EXPORTED = ['tsn top-k', 'tsm and tpn', 'slowonly and tpn', 'fusion and pooling']


@pytest.fixture
def packages():
    """The package onnx; tests that need the extra are skipped without it."""
    for name in ('onnxruntime', 'onnxscript'):
        pytest.importorskip(name)
    return pytest.importorskip('onnx')


@pytest.fixture
def export(tmp_path):
    def write(config, model=None):
        model = model or build(config)
        packed = sample(config)
        inputs = inputs_of(packed, model)
        scores = VideoScores(model, told_segments(packed))
        names = {'': ['a', 'b', 'c', 'd', 'é']}
        metadata = describe_graph(scores, inputs, PIPELINE, names)
        write_graph(scores, inputs, tmp_path / 'a.onnx', metadata)
        return model, inputs, told_segments(packed), tmp_path / 'a.onnx'

    return write


@pytest.mark.parametrize('name', EXPORTED)
def test_graph_is_the_model_for_any_number_of_videos_and_views(packages, export, name):
    model, inputs, told, path = export(FAMILIES[name])
    graph = Graph(path)
    trials = list(noise_trials(inputs))
    assert {len(trial.batch['imgs']) for trial in trials} == {1, 2, 3}
    assert len({trial.batch['imgs'].shape[1] for trial in trials}) == 2
    for trial in trials:
        assert compare(graph, model, trial, told).largest < 1e-5

    proto = packages.load(str(path))
    assert [entry.version for entry in proto.opset_import] == [OPSET]
    taken = {
        value.name: tuple(
            dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim
        )
        for value in proto.graph.input
    }
    assert taken == {name: own.shape for name, own in inputs.items()}
    assert [value.name for value in proto.graph.output] == ['scores']
    assert not proto.graph.metadata_props
    # neither paths of this machine nor lines of code
    assert b'small_recognizers' not in path.read_bytes()
    assert str(Path(torch.__file__).parents[1]).encode() not in path.read_bytes()

    # a graph of other weights is told from the model
    model.cls_head.fc_cls.weight.data.neg_()
    with pytest.raises(ExportError, match=r'differs from the model by \d.* not kept'):
        compare(graph, model, trials[0], told)


def test_model_that_depends_on_its_data(packages, export):
    model = build(FAMILIES['tsn average'])
    pool = model.cls_head.dropout

    def forward(x):
        return x if x.sum() > 0 else -x

    pool.forward = forward
    with pytest.raises(ExportError, match=r'^Recognizer2D cannot be exp') as caught:
        export(FAMILIES['tsn average'], model)
    assert '\n' not in str(caught.value)


def test_file_that_is_no_graph(packages, tmp_path):
    (tmp_path / 'a.onnx').write_bytes(b'no graph')
    with pytest.raises(ExportError, match='cannot load the graph'):
        Graph(tmp_path / 'a.onnx')


class Echo:
    """In place of a graph: gives what it is told to."""

    def __init__(self, *scores):
        self.scores = scores

    def run(self, batch):
        return list(self.scores)


@pytest.mark.parametrize(
    ('found', 'largest'),
    [
        (np.array([[3.0, 200.0]]), 0.0),
        # beyond 1 the difference is a share of the largest score
        (np.array([[3.0, 200.01]]), 5e-5),
        (np.array([[3.0, 200.1]]), None),
        (np.array([[3.0, np.nan]]), None),
        (np.array([[3.0]]), None),
    ],
)
def test_difference(monkeypatch, found, largest):
    model = [np.array([[3.0, 200.0]])]
    predict = 'tpn_tsn_plugin.converters.onnx.comparison.predict'
    monkeypatch.setattr(predict, lambda *_: model)
    trial = Trial('noise', {'imgs': torch.zeros(1, 2)})
    if largest is None:
        with pytest.raises(ExportError, match=r'differs .* on noise \(1×2\), allowed'):
            compare(Echo(found), torch.nn.Identity(), trial, None)
    else:
        difference = compare(Echo(found), torch.nn.Identity(), trial, None)
        assert difference.largest == pytest.approx(largest, rel=1e-3)


@pytest.mark.parametrize('name', ['tsn average', 'slowonly and tpn', 'late fusion'])
def test_videos_alone_with_all_views_and_together_with_one(name):
    config = FAMILIES[name]
    samples = {a: sample(config, views=views) for a, views in zip('abcd', VIEWS)}
    inputs = inputs_of(samples['a'], build(config))
    *alone, together = video_trials(samples, inputs)
    assert [trial.name for trial in alone] == list('abcd')
    assert together.name == '3 videos, a view each'
    for key, own in inputs.items():
        lengths = [trial.batch[key].shape[1] for trial in alone]
        assert lengths == [views * own.view[0] for views in VIEWS]
        firsts = [trial.batch[key][0, : own.view[0]] for trial in alone[:3]]
        assert torch.equal(together.batch[key], torch.stack(firsts))


def test_one_video_is_compared_once():
    config = FAMILIES['tsn average']
    inputs = inputs_of(sample(config), build(config))
    assert len(list(video_trials({'a': sample(config)}, inputs))) == 1


def test_video_of_another_size():
    config = FAMILIES['tsn average']
    inputs = inputs_of(sample(config), build(config))
    other = {'wide.mp4': sample(config, size=40)}
    message = r"imgs \(8, 3, 40, 40\) of wide.mp4, but \('frames', 3, 32, 32\) of the f"
    with pytest.raises(ExportError, match=message):
        require_shapes(other, inputs)
    require_shapes({'more.mp4': sample(config, views=3)}, inputs)


def test_metadata():
    config = FAMILIES['bgr']
    model, packed = build(config), sample(config)
    inputs, scores = inputs_of(packed, model), VideoScores(model, told_segments(packed))
    found = describe_graph(scores, inputs, PIPELINE, {'': list('abcdé')})
    assert all(isinstance(value, str) for value in found.values())
    assert (found['clip_len'], found['num_clips']) == ('1', '4')
    assert 'frame_interval' not in found
    assert json.loads(found['classes']) == list('abcdé')
    assert 'é' in found['classes']
    assert json.loads(found['outputs']) == {'scores': scores.meaning}
    assert json.loads(found['test_pipeline'])[1]['hint'] == 'a'
    imgs = json.loads(found['inputs'])['imgs']
    assert imgs['shape'] == ['videos', 'frames', 3, 32, 32]
    assert imgs['axes'] == ['videos', 'frames', 'channels', 'height', 'width']
    assert (imgs['segments'], imgs['reversed_channels']) == (4, True)
    assert (imgs['mean'], imgs['std']) == ([120, 110, 100], [58, 57, 56])


def test_metadata_of_several_tasks():
    config = FAMILIES['several tasks']
    scores = VideoScores(build(config), 4)
    names = dict(verb=list('abcd'), noun=list('efg'))
    found = describe_graph(scores, {}, PIPELINE, names)
    assert json.loads(found['classes']) == names
    assert list(json.loads(found['outputs'])) == ['scores_verb', 'scores_noun']


def test_source_without_folders():
    found = describe_source('1.0', Path('/home/me/a.py'), Path('/home/me/b.pth'), 'ab')
    assert found['config'] == 'a.py'
    assert '/home' not in str(found)


def test_missing_package(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'onnx', None)
    with pytest.raises(MissingDependencyError, match=r"'tpn-tsn-plugin\[onnx\]'"):
        require_packages()


def test_line_of_a_chain_of_errors():
    inner = ValueError('\n  what happened\nand more')
    outer = RuntimeError('pages')
    outer.__cause__ = inner
    assert innermost_line(outer) == 'ValueError: what happened'
    assert innermost_line(KeyError()) == 'KeyError'
