"""`tpn-tsn export`: what is written, printed and refused."""

import json
import re
import signal

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config

from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.errors import ExportError

CONFIG = """
model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet', depth=18, num_stages=1, strides=(2,), dilations=(1,),
        out_indices=(0,)),
    cls_head=dict(
        type='SegmentConsensusHead', num_classes=3, in_channels=64,
        consensus=dict(type='TopKConsensus', k=2)),
    test_cfg=dict(max_testing_views=5),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3))
pipeline = [
    dict(type='DecordInit'),
    dict(type='SegmentSampleFrames', clip_len=1, num_clips=3, test_mode=True),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(-1, 36)),
    dict(type='ThreeCrop', crop_size=36),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('num_clips',))]
test_dataloader = dict(dataset=dict(
    type='CheckedVideoDataset', ann_file='none.txt', pipeline=pipeline))
"""
NAMES = ['a', 'b', 'c']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Folder with a config, its checkpoint, and three videos, one of them broken."""
    folder = tmp_path_factory.mktemp('export')
    (folder / 'tsn.py').write_text(CONFIG)
    model = build_model(Config.fromfile(folder / 'tsn.py'))
    meta = dict(dataset_meta=dict(classes=NAMES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), folder / 'tsn.pth')
    rng = np.random.default_rng(0)
    for name, frames in (('long', 12), ('short', 5)):
        shape = (frames, 48, 64, 3)
        video = rng.integers(0, 256, shape, dtype=np.uint8)
        write_video(folder / f'{name}.mp4', video, 10)
    (folder / 'broken.mp4').write_bytes(b'no video')
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, config='tsn.py', checkpoint='tsn.pth', out='out.onnx'):
        files = (folder / config, folder / checkpoint, out)
        words = [str(word) for word in (*files, *arguments)]
        return CliRunner().invoke(cli, ['export', *words])

    return invoke


@pytest.fixture
def no_packages(monkeypatch):
    """As if the extra were installed, for what is refused before it is used."""
    monkeypatch.setattr('tpn_tsn_plugin.cli.export.require_packages', lambda: None)


def test_graph_of_a_checkpoint(run, folder, tmp_path):
    onnx = pytest.importorskip('onnx')
    runtime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnxscript')
    (tmp_path / 'out.onnx').write_bytes(b'older')
    videos = [folder / 'long.mp4', folder / 'short.mp4']
    result = run('--verify', *videos, '--force')
    assert result.exit_code == 0, result.output
    first, *lines = result.stdout.splitlines()
    assert re.fullmatch(r'out\.onnx: 0\.[67] MB, opset 18', first)
    assert lines[:2] == [
        '  takes imgs (videos, frames, 3, 36, 36)',
        '  gives scores (videos, 3): probabilities (softmax), averaged over views',
    ]
    rows = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in lines
        if line.startswith('|')
    ]
    assert [row[:2] for row in rows[2:]] == [
        ['noise', '1×3×3×36×36'],
        ['noise', '2×6×3×36×36'],
        ['noise', '3×3×3×36×36'],
        [str(videos[0]), '1×9×3×36×36'],
        [str(videos[1]), '1×9×3×36×36'],
        ['2 videos, a view each', '2×3×3×36×36'],
    ]
    assert max(float(row[2]) for row in rows[2:]) < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ['out.onnx']

    proto = onnx.load('out.onnx')
    said = {entry.key: entry.value for entry in proto.metadata_props}
    assert json.loads(said['classes']) == NAMES
    assert (said['config'], said['checkpoint']) == ('tsn.py', 'tsn.pth')
    assert (said['num_clips'], len(said['checkpoint_sha256'])) == ('3', 64)
    session = runtime.InferenceSession('out.onnx')
    (scores,) = session.run(None, dict(imgs=np.zeros((5, 3, 3, 36, 36), np.float32)))
    assert scores.shape == (5, 3)


def test_graph_that_differs_is_not_kept(run, tmp_path, monkeypatch):
    for name in ('onnx', 'onnxruntime', 'onnxscript'):
        pytest.importorskip(name)

    def differ(*_):
        raise ExportError('the graph differs')

    monkeypatch.setattr('tpn_tsn_plugin.cli.export.compare', differ)
    (tmp_path / 'out.onnx').write_bytes(b'older')
    result = run('--force')
    assert (result.exit_code, result.stderr) == (1, 'Error: the graph differs\n')
    assert [path.name for path in tmp_path.iterdir()] == ['out.onnx']
    assert (tmp_path / 'out.onnx').read_bytes() == b'older'


def test_nothing_half_written_stays_where_a_cluster_ends_it(run, monkeypatch, tmp_path):
    def stopped(scores, inputs, path, metadata):
        path.write_bytes(b'half')
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr('tpn_tsn_plugin.cli.export.require_packages', lambda: None)
    monkeypatch.setattr('tpn_tsn_plugin.cli.export.write_graph', stopped)
    assert run().exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_existing_file_is_kept(run, tmp_path):
    (tmp_path / 'out.onnx').write_bytes(b'older')
    result = run()
    assert result.exit_code == 1
    assert result.stderr == (
        'Error: out.onnx exists; give another name, or --force to replace it\n'
    )
    assert (tmp_path / 'out.onnx').read_bytes() == b'older'


@pytest.mark.parametrize(
    ('arguments', 'files', 'message'),
    [
        ((), dict(out='out.pt'), 'OUT must end in .onnx, got out.pt'),
        (('--verify', 'broken.mp4'), {}, 'broken.mp4 cannot be opened'),
        (
            ('--cfg-options', 'model.cls_head.num_classes=4'),
            {},
            'weights are of another shape',
        ),
        (
            ('--cfg-options', 'model.cls_head.average_clips=None'),
            {},
            "average_clips of the head must be 'prob' or 'score'",
        ),
        (('--segments', '1'), {}, 'k=2 must not exceed the number of segments, got 1'),
        (
            ('--cfg-options', 'test_dataloader=None'),
            {},
            'no test_dataloader with a pipeline',
        ),
        ((), dict(checkpoint='long.mp4'), 'long.mp4'),
    ],
)
def test_refused(run, folder, no_packages, tmp_path, arguments, files, message):
    words = [folder / word if word.endswith('.mp4') else word for word in arguments]
    result = run(*words, **files)
    assert result.exit_code == 1, result.output
    assert message in result.stderr
    assert result.stderr.count('\n') == 1
    assert list(tmp_path.iterdir()) == []


def test_clips_have_no_segments(run, folder, no_packages):
    config = (folder / 'tsn.py').read_text()
    for old, new in (
        ("'Recognizer2D'", "'Recognizer3D'"),
        ("'ResNet', depth=18", "'ResNet3dSlowOnly', depth=18, lateral=False"),
        ('num_stages=1, strides=(2,), dilations=(1,)', 'pretrained2d=False'),
        ('out_indices=(0,)', 'out_indices=(3,)'),
        ("'SegmentConsensusHead'", "'I3DHead'"),
        ('in_channels=64', 'in_channels=512'),
        ("consensus=dict(type='TopKConsensus', k=2)", "average_clips='prob'"),
        ("'ActionDataPreprocessor'", "'ActionDataPreprocessor', format_shape='NCTHW'"),
        ('clip_len=1', 'clip_len=4'),
        ("input_format='NCHW'", "input_format='NCTHW'"),
    ):
        assert old in config
        config = config.replace(old, new)
    (folder / 'slow.py').write_text(config)
    model = build_model(Config.fromfile(folder / 'slow.py'))
    torch.save(model.state_dict(), folder / 'slow.pth')
    result = run('--segments', 8, config='slow.py', checkpoint='slow.pth')
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: --segments is for models of single frames')


def test_missing_packages(run, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'onnxruntime', None)
    result = run()
    assert result.exit_code == 1
    assert "pip install 'tpn-tsn-plugin[onnx]'" in result.stderr
    assert result.stderr.count('\n') == 1
