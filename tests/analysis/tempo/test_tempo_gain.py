"""Gain by class from two dumps, joined by identity; groups; intervals."""

import numpy as np
import pytest
from mmengine.config import Config
from score_dumps import write_dump

from tpn_tsn_plugin.analysis.tempo.gain import study_gain
from tpn_tsn_plugin.analysis.tempo.measurement import ClassTempo
from tpn_tsn_plugin.analysis.tempo.pipelines import (
    find_sampler,
    resampled_config,
    trained_interval,
    usual_intervals,
)
from tpn_tsn_plugin.analysis.tempo.robustness import TestResult, group_accuracy
from tpn_tsn_plugin.analysis.tempo.sections import gain_section, robustness_section
from tpn_tsn_plugin.errors import ScoreFileError, TempoStudyError

CLASSES, VIDEOS = 4, 10
LABELS = np.repeat(np.arange(CLASSES), VIDEOS)
NAMES = [f'v{i}' for i in range(len(LABELS))]
# right answers among ten videos of each class
BEFORE, AFTER = [5, 5, 5, 5], [5, 6, 7, 9]
VARIANCES = [0.0, 10.0, 20.0, 40.0]


def predictions(right):
    """Probabilities of which so many are right in each class."""
    guesses = LABELS.copy()
    for label, count in enumerate(right):
        wrong = np.flatnonzero(label == LABELS)[count:]
        guesses[wrong] = (label + 1) % CLASSES
    return 0.1 + 0.6 * np.eye(CLASSES)[guesses]


def tempi(variances=VARIANCES):
    return [ClassTempo(i, f'c{i}', 5, 0, 10.0, v) for i, v in enumerate(variances)]


@pytest.fixture
def dumps(tmp_path):
    before = write_dump(tmp_path / 'a.pkl', predictions(BEFORE), LABELS, video_id=NAMES)
    order = list(range(len(LABELS)))[::-1]
    after = write_dump(
        tmp_path / 'b.pkl', predictions(AFTER), LABELS, video_id=NAMES, order=order
    )
    return before, after


def test_gain_of_each_class(dumps):
    study = study_gain(('a', 'b'), dumps, tempi()[::-1], CLASSES, bin_size=2)
    assert [own.class_name for own in study.classes] == ['c0', 'c1', 'c2', 'c3']
    assert [own.baseline_accuracy for own in study.classes] == [50] * 4
    assert [own.gain for own in study.classes] == pytest.approx([0, 10, 20, 40])
    assert (study.slope, study.intercept) == pytest.approx((1, 0), abs=1e-9)
    assert study.bins == (pytest.approx((5, 5, 2)), pytest.approx((30, 30, 2)))
    assert study.pearson.coefficient == pytest.approx(1)
    assert study.spearman.count == 4
    assert study.classes[0].videos == VIDEOS


def test_bins_of_variance(dumps):
    options = dict(bin_by='variance', bin_size=25)
    study = study_gain(('a', 'b'), dumps, tempi(), CLASSES, **options)
    assert [count for *_, count in study.bins] == [3, 1]


def test_other_videos(dumps, tmp_path):
    other = write_dump(
        tmp_path / 'c.pkl',
        predictions(AFTER),
        LABELS,
        video_id=[f'w{i}' for i in range(len(LABELS))],
    )
    with pytest.raises(ScoreFileError, match='no sample is in all 2 files'):
        study_gain(('a', 'c'), (dumps[0], other), tempi(), CLASSES)


def test_other_classes(dumps):
    with pytest.raises(TempoStudyError, match=r'a.pkl has 4 classes, but .* for 12'):
        study_gain(('a', 'b'), dumps, tempi(), 12)


def test_no_classes_in_common(tmp_path):
    labels = np.zeros(4, int)
    values = np.eye(CLASSES)[labels]
    paths = [
        write_dump(tmp_path / name, values, labels, video_id=NAMES[:4])
        for name in ('a.pkl', 'b.pkl')
    ]
    with pytest.raises(TempoStudyError, match='none of 2 measured classes is among'):
        study_gain(('a', 'b'), tuple(paths), tempi()[2:], CLASSES)


@pytest.mark.parametrize(
    ('measured', 'sloped'),
    [
        # no gain differs, no variance differs, two classes, one
        (tempi([1.0, 2.0, 3.0, 4.0]), True),
        (tempi([3.0] * 4), False),
        (tempi()[:2], True),
        (tempi()[:1], False),
    ],
)
def test_without_a_correlation_the_gains_are_told(dumps, measured, sloped):
    after = dumps[0] if len(measured) == CLASSES and sloped else dumps[1]
    study = study_gain(('a', 'b'), (dumps[0], after), measured, CLASSES)
    assert study.pearson is study.spearman is None
    assert len(study.classes) == len(measured)
    assert np.isfinite(study.slope) == sloped
    section = gain_section(study, 'frames', '10 classes', 1)
    told = '\n'.join((*section.numbers, *section.text))
    assert 'no correlation' in told
    assert 'Too few classes differ' in told
    assert ('no line' in told) != sloped
    assert 'nan' not in told


def test_several_labels_a_video(tmp_path):
    hot = np.eye(CLASSES)[LABELS] + np.eye(CLASSES)[(LABELS + 1) % CLASSES]
    paths = [
        write_dump(tmp_path / name, predictions(BEFORE), hot, video_id=NAMES)
        for name in ('a.pkl', 'b.pkl')
    ]
    with pytest.raises(TempoStudyError, match='no single label a video'):
        study_gain(('a', 'b'), tuple(paths), tempi(), CLASSES)


def test_groups_count_as_one():
    values = np.array([[0.4, 0.0, 0.3, 0.3], [0.1, 0.5, 0.2, 0.2]])
    labels = np.array([2, 0])
    # 0.6 for the second group; 0.6 for the first
    assert group_accuracy(values, labels, ['x', 'x', 'y', 'y']) == 1
    assert group_accuracy(values, labels, ['x', 'y', 'z', 'w']) == 0
    with pytest.raises(TempoStudyError, match='one label a video and 2 classes'):
        group_accuracy(values, labels, ['x', 'y'])


def test_intervals_as_those_of_the_paper():
    assert usual_intervals(8) == [2, 4, 6, 8, 10, 12, 14, 16]
    assert usual_intervals(4) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert usual_intervals(1) == [1, 2]


PIPELINE = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=8, frame_interval=4, num_clips=1),
    dict(type='DecordDecode'),
]


def write_config(path, pipeline, evaluator="dict(type='AccMetric')"):
    path.write_text(
        f'test_dataloader = dict(dataset=dict(pipeline={pipeline}))\n'
        f'test_evaluator = {evaluator}\n'
    )
    return path


@pytest.mark.parametrize(
    'evaluator', ["dict(type='AccMetric')", "[dict(type='AccMetric')]"]
)
def test_config_with_another_interval(tmp_path, evaluator):
    path = write_config(tmp_path / 'a.py', PIPELINE, evaluator)
    assert trained_interval(Config.fromfile(path)) == 4
    changed = resampled_config(path, 16, tmp_path / 'x.pkl')
    changed.dump(tmp_path / 'b.py')
    read = Config.fromfile(tmp_path / 'b.py')
    assert read.test_dataloader.dataset.pipeline[1] == {
        **PIPELINE[1],
        'frame_interval': 16,
    }
    assert [own.type for own in read.test_evaluator] == ['AccMetric', 'DumpResults']
    assert read.test_evaluator[1].out_file_path == str(tmp_path / 'x.pkl')


@pytest.mark.parametrize(
    ('keys', 'kept'),
    [
        ({}, ['img_shape', 'img_key', 'video_id', 'timestamp']),
        (dict(meta_keys=['num_clips']), ['num_clips', 'video_id']),
        (dict(meta_keys=('filename', 'video_id')), ['filename', 'video_id']),
    ],
)
def test_predictions_tell_their_video(tmp_path, keys, kept):
    """Data sets of MMAction2 have no ``video_id``."""
    steps = [*PIPELINE, dict(type='mmaction.PackActionInputs', **keys)]
    path = write_config(tmp_path / 'a.py', steps)
    changed = resampled_config(path, 2, tmp_path / 'x.pkl')
    found = list(changed.test_dataloader.dataset.pipeline[-1].meta_keys)
    assert found[: len(kept)] == kept
    assert sorted(found) == sorted({*kept, 'video_id', 'filename', 'frame_dir'})


def test_average_leaves_out_the_trained_interval():
    drops = {2: 30.0, 4: 0.0, 8: 10.0}
    results = [TestResult('a', i, i / 4, 90 - d, d, None) for i, d in drops.items()]
    (told,) = robustness_section(results).numbers
    assert '20.0 points less on average over the others' in told
    (told,) = robustness_section([r for r in results if r.speed == 1]).numbers
    assert told == 'a: 90.0 % at the trained interval 4'


def test_what_has_no_interval(tmp_path):
    frames = [dict(type='SegmentSampleFrames', clip_len=1, num_clips=3)]
    path = write_config(tmp_path / 'a.py', frames)
    with pytest.raises(ValueError, match=r'a.py samples single frames'):
        trained_interval(Config.fromfile(path))
    with pytest.raises(ValueError, match=r"got \['SampleFrames', 'SampleFrames'\]"):
        find_sampler([PIPELINE[1], PIPELINE[1]], 'a.py')
