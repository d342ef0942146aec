"""Predicting whole videos and windows: scores, consensus, memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, pseudo_collate
from prediction_cases import (
    DECODE,
    EVERY_SECOND,
    HEAD,
    PACK,
    SEGMENTS,
    make_clip,
    make_config,
    save_model,
)

from tpn_tsn_plugin.analysis.prediction.labels import ONLY
from tpn_tsn_plugin.analysis.prediction.model import TrainedModel
from tpn_tsn_plugin.analysis.prediction.predictor import (
    LONG_SECONDS,
    MEAN,
    Predictor,
    WindowOptions,
)
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.trained_model import load_model
from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo
from tpn_tsn_plugin.errors import CheckpointError, PluginError

OPEN = dict(type='DecordInit')
RATED = [OPEN, EVERY_SECOND, DECODE, *PACK]
WINDOWS = dict(type='TemporalWindowConsensus', window_sizes=(1, 2))


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp('clips') / 'clip.mp4', seconds=5)


@pytest.fixture
def make(tmp_path):
    def build(config=None, **options):
        config = config or make_config()
        _, checkpoint = save_model(config, tmp_path)
        model = TrainedModel(config, checkpoint, 'cpu')
        return Predictor(model, InputSteps(config), WindowOptions(**options))

    return build


def scores_of_mim(config, checkpoint, clip):
    """Scores as ``mim test`` finds them."""
    model = load_model(config, checkpoint)
    sample = dict(filename=str(clip), start_index=0, modality='RGB', label=0)
    packed = Compose(config.test_dataloader.dataset.pipeline)(sample)
    with torch.no_grad():
        return model.test_step(pseudo_collate([packed]))[0].pred_score.numpy()


def test_whole_video_as_mim_test_finds_it(make, clip, tmp_path):
    config = make_config()
    found = make(config).predict(clip)
    expected = scores_of_mim(config, tmp_path / 'tiny.pth', clip)
    np.testing.assert_allclose(found.scores[ONLY], expected, atol=1e-6)
    assert (found.frames, found.fps, found.duration) == (40, 8, 5)
    assert (found.windows, found.window, found.consensus) == ([], None, None)


def test_mean_of_windows(make, clip):
    found = make(window=1.0, stride=0.5).predict(clip)
    assert [w.start for w in found.windows] == list(np.arange(0, 4.6, 0.5))
    rows = np.stack([w.scores[ONLY] for w in found.windows])
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.scores[ONLY], rows.mean(axis=0), atol=1e-6)
    # The square changes its colour, and the windows tell.
    assert rows.std(axis=0).max() > 0.005
    assert found.consensus == MEAN


def test_batches_change_nothing(make, clip):
    one, three = (make(window=0.5, batch=size).predict(clip) for size in (1, 3))
    for first, second in zip(one.windows, three.windows, strict=True):
        assert first.start == second.start
        np.testing.assert_allclose(first.scores[ONLY], second.scores[ONLY], atol=1e-5)


@pytest.mark.parametrize('several', [False, True])
def test_windows_integrate_as_the_whole_video_does(make, clip, several):
    head = dict(HEAD, test_consensus=WINDOWS, multi_class=several)
    config = make_config(RATED, [OPEN, SEGMENTS, DECODE, *PACK], head=head)
    whole = make(config, mode='whole').predict(clip)
    cut = make(config, mode='windows', batch=2).predict(clip)
    assert (len(cut.windows), cut.window) == (5, 1)
    assert cut.consensus == 'TemporalWindowConsensus'
    np.testing.assert_allclose(cut.scores[ONLY], whole.scores[ONLY], atol=1e-5)
    mean = np.mean([w.scores[ONLY] for w in cut.windows], axis=0)
    assert abs(mean - whole.scores[ONLY]).max() > 1e-3


def test_snippets_of_overlapping_windows_count_once(make, clip):
    head = dict(HEAD, test_consensus=WINDOWS)
    found = make(make_config(RATED, head=head), window=2.0, stride=1.0).predict(clip)
    assert found.consensus == MEAN


def test_attention_over_windows_needs_the_whole_video(make, clip):
    attention = dict(WINDOWS, window_pooling='attention', in_channels=64)
    head = dict(
        HEAD,
        consensus=dict(type='AttentionConsensus', in_channels=64),
        test_consensus=attention,
    )
    config = make_config(RATED, head=head)
    with pytest.raises(PluginError, match=r'needs the features .*--mode whole'):
        make(config, mode='windows').predict(clip)
    assert make(config, mode='whole').predict(clip).scores[ONLY].shape == (3,)


def test_several_tasks(make, clip):
    own = dict(type='SegmentConsensusHead', in_channels=64, test_consensus=WINDOWS)
    head = dict(type='MultiTaskHead', tasks=dict(verb=2, noun=4), head=own)
    config = make_config(RATED, head=head)
    whole = make(config, mode='whole').predict(clip)
    cut = make(config, mode='windows').predict(clip)
    assert {task: len(s) for task, s in whole.scores.items()} == dict(verb=2, noun=4)
    for task, scores in whole.scores.items():
        np.testing.assert_allclose(cut.scores[task], scores, atol=1e-5)


@pytest.mark.parametrize(
    ('head', 'total'),
    [
        (dict(HEAD, average_clips='score'), 1),
        (dict(type='TSNHead', num_classes=3, in_channels=64), 1),
        (dict(HEAD, multi_class=True), None),
        (dict(type='TSNHead', num_classes=3, in_channels=64, multi_class=True), None),
    ],
    ids=['scores', 'mmaction2', 'several', 'mmaction2-several'],
)
def test_scores_are_probabilities(make, clip, head, total):
    if head['type'] == 'TSNHead' and total is None:
        head['loss_cls'] = dict(type='BCELossWithLogits')
    scores = make(make_config(head=head)).predict(clip).scores[ONLY]
    assert scores.shape == (3,)
    assert 0 <= scores.min() <= scores.max() <= 1
    assert (scores.sum() == pytest.approx(1)) == (total is not None)


def test_motion_across_windows(make, clip):
    steps = [OPEN, dict(SEGMENTS, clip_len=3), DECODE]
    optical_flow = dict(type='ComputeOpticalFlow', algorithm='dis')
    config = make_config([*steps, optical_flow, *PACK], channels=4)
    found = make(config, window=1.0).predict(
        make_clip(clip.with_name('b.mp4'), size=64)
    )
    assert len(found.windows) == 3
    assert np.isfinite(found.scores[ONLY]).all()


@pytest.mark.parametrize(
    ('options', 'cut'),
    [
        ({}, False),
        (dict(window=2.0), True),
        (dict(stride=2.0), True),
        (dict(mode='whole'), False),
        (dict(mode='windows'), True),
    ],
)
def test_when_a_video_is_cut(options, cut):
    short, long = (
        type('', (), dict(duration=LONG_SECONDS + more))() for more in (0, 1)
    )
    assert WindowOptions(**options).is_cut(short) == cut
    assert WindowOptions(**options).is_cut(long) == (options.get('mode') != 'whole')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(mode='some'), 'mode must be one of'),
        (dict(mode='whole', window=1.0), "mode 'windows', got mode 'whole'"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        WindowOptions(**options)


def test_damaged_video_keeps_what_was_predicted(make, clip, monkeypatch):
    decode = SequentialVideo.__getitem__

    def broken(self, index):
        if index >= self.broken_from:
            raise PluginError(f'frame {index} cannot be decoded')
        return decode(self, index)

    monkeypatch.setattr(SequentialVideo, '__getitem__', broken)
    monkeypatch.setattr(SequentialVideo, 'broken_from', 20, raising=False)
    for batch in (1, 4):
        found = make(window=1.0, batch=batch).predict(clip)
        assert [w.end for w in found.windows] == [1, 2]
        assert found.error == 'frame 20 cannot be decoded'
        assert found.scores[ONLY].sum() == pytest.approx(1)
    monkeypatch.setattr(SequentialVideo, 'broken_from', 0)
    with pytest.raises(PluginError, match='frame 1 cannot'):
        make(window=1.0).predict(clip)


def test_progress_reaches_the_end(make, clip):
    shares = []
    make(window=1.0).predict(clip, shares.append)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1]


def test_models_that_cannot_be(tmp_path):
    config = make_config()
    _, checkpoint = save_model(config, tmp_path)
    with pytest.raises(PluginError, match="device 'cuda:99' cannot be used"):
        TrainedModel(config, checkpoint, 'cuda:99')
    with pytest.raises(PluginError, match="device 'abacus' cannot be used"):
        TrainedModel(config, checkpoint, 'abacus')
    other = make_config(head=dict(HEAD, num_classes=4))
    with pytest.raises(CheckpointError, match='of another shape'):
        TrainedModel(other, checkpoint, 'cpu')


MEMORY = """
import resource, sys
from pathlib import Path
from tpn_tsn_plugin.analysis.prediction.model import TrainedModel
from tpn_tsn_plugin.analysis.prediction.predictor import Predictor, WindowOptions
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.trained_model import read_config

config = read_config(Path(sys.argv[1]))
model = TrainedModel(config, Path(sys.argv[2]), 'cpu')
options = WindowOptions('windows', window=20.0, batch=2)
predictor = Predictor(model, InputSteps(config), options)
for video in sys.argv[3:]:
    assert predictor.predict(Path(video)).windows
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.integration
def test_memory_does_not_grow_with_the_video(tmp_path, repo_root):
    """Ten times as long a video takes 10 % more at most; its frames are 154 MB."""
    config = save_model(make_config(), tmp_path)
    videos = []
    for name, seconds in (('short', 40), ('long', 400)):
        videos.append(make_clip(tmp_path / f'{name}.mp4', seconds, fps=5, size=160))
    done = subprocess.run(
        [sys.executable, '-c', MEMORY, *map(str, (*config, *videos))],
        env={**os.environ, 'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    short, long = map(int, done.stdout.split()[-2:])
    assert long < 1.1 * short
    assert Path(videos[1]).stat().st_size > Path(videos[0]).stat().st_size
