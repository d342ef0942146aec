"""Streams of one data set, tested by the runner with ``--dump``, joined and fused."""

import cv2
import mmengine
import numpy as np
import pytest
from click.testing import CliRunner
from mmaction.evaluation import AccMetric
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from scipy.special import softmax

from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

pytestmark = pytest.mark.integration

CLASSES, FRAMES, SIZE = 3, 6, 32
# name and label; each stream lists them in an order of its own
VIDEOS = [(f'class_{i % CLASSES}/v.{i}', i % CLASSES) for i in range(7)]
ORDERS = dict(
    rgb=[0, 1, 2, 3, 4, 5, 6],
    flow=[6, 2, 5, 0, 3, 1, 4],
    audio=[3, 4, 5, 6, 0, 2, 1],
)
LINES = dict(rgb='{}.mp4 {}', flow=f'{{}} {FRAMES} {{}}', audio='{}.npy 64 {}')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Videos, their folders of extracted optical flow, their sound, and the lists."""
    root = tmp_path_factory.mktemp('streams')
    rng = np.random.default_rng(0)
    for name, _ in VIDEOS:
        for kind in ('rgb', 'flow', 'audio'):
            (root / kind / name).parent.mkdir(parents=True, exist_ok=True)
        frames = rng.integers(256, size=(FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
        write_video(root / 'rgb' / f'{name}.mp4', frames, 8)
        np.save(root / 'audio' / f'{name}.npy', rng.random((64, 80), dtype='f4'))
        (root / 'flow' / name).mkdir()
        for i in range(1, FRAMES + 1):
            for axis in 'xy':
                field = rng.integers(256, size=(SIZE, SIZE), dtype=np.uint8)
                path = root / 'flow' / name / f'flow_{axis}_{i:05}.jpg'
                cv2.imwrite(str(path), field)
    for stream, order in ORDERS.items():
        lines = [LINES[stream].format(*VIDEOS[i]) for i in order]
        (root / f'{stream}.txt').write_text('\n'.join(lines))
    return root


def images(stream):
    """Model, dataset and pipeline of a stream of images."""
    is_flow = stream == 'flow'
    length = 2 if is_flow else 1
    sample = dict(
        type='SampleFrames',
        clip_len=length,
        frame_interval=1,
        num_clips=2,
        test_mode=True,
    )
    read = (
        [sample, dict(type='CheckedRawFrameDecode')]
        if is_flow
        else [dict(type='DecordInit'), sample, dict(type='DecordDecode')]
    )
    pack = [
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs'),
    ]
    dataset = dict(
        type='CheckedRawframeDataset' if is_flow else 'CheckedVideoDataset',
        data_prefix={'img' if is_flow else 'video': stream},
        modality='Flow' if is_flow else 'RGB',
        **(dict(filename_tmpl='flow_{}_{:05}.jpg') if is_flow else {}),
    )
    channels = 2 * length if is_flow else 3
    model = dict(
        type='Recognizer2D',
        backbone=dict(
            type='ResNet',
            depth=18,
            pretrained=None,
            in_channels=channels,
            norm_eval=False,
        ),
        cls_head=dict(
            type='SegmentConsensusHead', num_classes=CLASSES, in_channels=512
        ),
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[128] * channels,
            std=[64] * channels,
            format_shape='NCHW',
        ),
    )
    return model, dataset, [*read, *pack]


def sound(names):
    """Model, dataset and pipeline of MMAction2's own audio recogniser."""
    pipeline = [
        dict(type='LoadAudioFeature'),
        dict(type='SampleFrames', clip_len=64, frame_interval=1, num_clips=1),
        dict(type='AudioFeatureSelector'),
        dict(type='FormatAudioShape', input_format='NCTF'),
        dict(type='PackActionInputs', **names),
    ]
    model = dict(
        type='RecognizerAudio',
        backbone=dict(type='ResNet', depth=18, in_channels=1, norm_eval=False),
        cls_head=dict(
            type='TSNAudioHead',
            num_classes=CLASSES,
            in_channels=512,
            average_clips='prob',
        ),
    )
    return model, dict(type='AudioDataset', data_prefix=dict(audio='audio')), pipeline


def stream_config(root, stream, dump, names=None):
    """Config that tests a stream and dumps its predictions."""
    parts = sound(names or {}) if stream == 'audio' else images(stream)
    model, dataset, pipeline = parts
    return Config(
        dict(
            default_scope='mmaction',
            custom_imports=dict(imports=['tpn_tsn_plugin']),
            model=model,
            test_dataloader=dict(
                batch_size=2,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(
                    ann_file=f'{stream}.txt',
                    data_root=str(root),
                    pipeline=pipeline,
                    test_mode=True,
                    **dataset,
                ),
            ),
            test_cfg=dict(type='TestLoop'),
            test_evaluator=[
                dict(type='AccMetric'),
                dict(type='DumpResults', out_file_path=str(dump)),
            ],
            work_dir=str(root / 'work_dirs'),
            randomness=dict(seed=0),
            log_level='ERROR',
        )
    )


@pytest.fixture(scope='module')
def dumps(data):
    """The dump of each stream, and the accuracy that the runner measured."""
    made = {}
    for stream in ORDERS:
        path = data / f'{stream}.pkl'
        names = dict(meta_keys=('audio_path',))
        config = stream_config(data, stream, path, names)
        config.experiment_name = stream
        made[stream] = path, Runner.from_cfg(config).test()
    return made


def by_name(path):
    """Probabilities by the name of the video, whatever a dump calls it."""
    samples = mmengine.load(path)
    found = {}
    for sample in samples:
        name = sample.get('video_id') or sample['audio_path']
        name = str(name).partition('audio/')[2] or name
        found[name.removesuffix('.npy')] = sample['pred_score'].numpy()
    return found


def run(*arguments):
    result = CliRunner().invoke(cli, ['fuse-scores', *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_video_and_its_folder_of_frames_have_one_name(dumps):
    names = [name for name, _ in VIDEOS]
    assert list(by_name(dumps['rgb'][0])) == [names[i] for i in ORDERS['rgb']]
    assert list(by_name(dumps['flow'][0])) == [names[i] for i in ORDERS['flow']]


def test_three_streams_are_fused_by_name(dumps, tmp_path):
    paths = [dumps[stream][0] for stream in ORDERS]
    out = tmp_path / 'fused.pkl'
    weights = [1, 1.5, 0.5]
    text = run(*paths, '--weights', *weights, '--out', out)
    streams = [by_name(path) for path in paths]
    fused = mmengine.load(out)
    assert [s['video_id'] for s in fused] == [name for name, _ in VIDEOS]
    for sample, (name, label) in zip(fused, VIDEOS):
        logs = [w * np.log(own[name]) for w, own in zip(weights, streams)]
        expected = softmax(np.sum(logs, axis=0) / 3)
        np.testing.assert_allclose(sample['pred_score'], expected, rtol=1e-5)
        assert sample['gt_label'].tolist() == [label]
    # MMAction2's `eval_metric.py` does this
    found = Evaluator(AccMetric()).offline_evaluate(fused)
    (row,) = (line for line in text.splitlines() if line.startswith('| **fused** '))
    assert f' {100 * found["acc/top1"]:.2f} |' in row
    for stream, (_, measured) in dumps.items():
        (row,) = (line for line in text.splitlines() if line.startswith(f'| {stream} '))
        assert f' {100 * measured["acc/top1"]:.2f} |' in row


def test_sound_without_names_takes_them_from_its_list(data, dumps, tmp_path):
    config = stream_config(data, 'audio', tmp_path / 'audio.pkl')
    config.experiment_name = 'audio_without_names'
    Runner.from_cfg(config).test()
    dumped = tmp_path / 'audio.pkl'
    refused = CliRunner().invoke(
        cli, ['fuse-scores', str(dumps['rgb'][0]), str(dumped)]
    )
    assert refused.exit_code == 1
    assert 'none of its 7 samples tell which video' in refused.stderr
    listed = run(dumps['rgb'][0], dumped, '--ann-file', dumped, data / 'audio.txt')
    assert listed == run(dumps['rgb'][0], dumps['audio'][0])
