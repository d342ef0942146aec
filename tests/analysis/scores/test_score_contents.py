"""Scores and labels of the samples in a dump."""

import re
from pathlib import Path

import numpy as np
import pytest

from tpn_tsn_plugin.analysis.scores.contents import (
    as_sets,
    choose_task,
    read_labels,
    read_values,
)
from tpn_tsn_plugin.errors import ScoreFileError

PATH = Path('rgb.pkl')


def labelled(*labels):
    return [{} if label is None else dict(gt_label=np.array(label)) for label in labels]


def scored(*scores):
    return [dict(pred_score=score) for score in scores]


def test_class_indices():
    labels = read_labels(PATH, labelled([2], [0], [2]), 3)
    assert labels.tolist() == [2, 0, 2]
    assert as_sets(labels) == [{2}, {0}, {2}]


@pytest.mark.parametrize(
    'samples',
    [
        # a value a class, as multi_class=True gives
        labelled([1.0, 0, 0, 1], [0, 0, 0, 0.0], [0, 1, 0, 0]),
        # class indices
        labelled([3, 0], [0.0, 0, 0, 0], [1]),
    ],
)
def test_several_labels_a_sample(samples):
    labels = read_labels(PATH, samples, 4)
    assert labels.dtype == bool
    assert as_sets(labels) == [{0, 3}, set(), {1}]


@pytest.mark.parametrize(
    'samples',
    [
        labelled(None, None),
        # MMAction2's label of a line without one
        labelled([-1], [-1]),
        labelled(None, [-1]),
        # videos of a secret test set
        labelled([0.0, 0, 0], [0.0, 0, 0]),
    ],
)
def test_labels_that_nobody_knows(samples):
    assert read_labels(PATH, samples, 3) is None


@pytest.mark.parametrize(
    ('samples', 'message'),
    [
        (labelled([0], None, [-1]), '2 of 3 samples have no gt_label, first sample 1;'),
        (
            labelled([0], [3]),
            'gt_label of sample 1 must be a class from 0 to 2, or 3 v',
        ),
        (labelled([0], [-2]), r'sample 1 must be .*, got \[-2\]; test again'),
        (labelled([0.5]), r'got \[0.5\]'),
        (labelled([0, 1], [2, 7]), r'sample 1 .*, got \[2, 7\]'),
        # a soft label, as mixup makes them
        (labelled([0.5, 0.5, 0]), r'got \[0.5, 0.5, 0.0\]'),
        (labelled([1], [[0.1] * 3] * 3), 'got 9 values'),
    ],
)
def test_other_labels_are_refused(samples, message):
    with pytest.raises(ScoreFileError, match=message) as caught:
        read_labels(PATH, samples, 3)
    assert str(caught.value).startswith('rgb.pkl: ')


def test_values_are_stacked():
    values = read_values(PATH, scored(np.float32([1, 2]), np.float32([3, 4])))
    assert values.dtype == np.float32
    assert values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ('second', 'fault'),
    [
        (None, 'sample 1 is NoneType, not one number a class'),
        ([0.5, 0.5], 'sample 1 is list, not'),
        (np.array([1, 2]), 'sample 1 is ndarray, not'),
        (
            np.ones((4, 2)),
            "(4, 2), not one number a class; test again with average_clips='",
        ),
        (np.ones(()), 'shape (), not one number'),
        (np.ones(0), 'shape (0,), not one number'),
        (np.ones(3), 'of 3 classes, but those before have 2'),
        (np.array([1, np.nan]), 'is not finite; the model has diverged'),
        (np.array([1, -np.inf]), 'is not finite'),
    ],
)
def test_faulty_scores_are_named(second, fault):
    with pytest.raises(ScoreFileError, match=re.escape(fault)):
        read_values(PATH, scored(np.ones(2), second))


def tasks(label=(3, 5), **scores):
    scores = scores or dict(verb=np.ones(4), noun=np.zeros(6))
    return dict(pred_score=scores, gt_label=np.array(label), video_id='a')


def test_one_of_several_tasks():
    (sample,) = choose_task(PATH, [tasks()], 'noun')
    assert sample['pred_score'].tolist() == [0] * 6
    assert sample['gt_label'] == 5
    assert sample['video_id'] == 'a'
    assert read_labels(PATH, [sample], 6).tolist() == [5]


def test_tasks_with_one_label():
    # two streams that MMAction2's RGBPoseConv3D predicts apart
    both = tasks([1], rgb=np.ones(3), pose=np.zeros(3))
    (sample,) = choose_task(PATH, [both], 'pose')
    assert sample['pred_score'].tolist() == [0] * 3
    assert sample['gt_label'].tolist() == [1]


def test_samples_of_one_task_stay_as_they_are():
    samples = scored(np.ones(2))
    assert choose_task(PATH, samples, None) == samples


@pytest.mark.parametrize(
    ('samples', 'task', 'message'),
    [
        ([tasks()], None, '2 tasks, verb, noun, .* give --task, one of .*, got None'),
        ([tasks()], 'action', 'got action'),
        (scored(np.ones(2)), 'verb', "no tasks to choose 'verb' from"),
        ([tasks(), *scored(np.ones(2))], 'verb', 'not all samples have the tasks'),
        ([tasks(), tasks(noun=np.ones(2))], 'noun', 'not all samples have the tasks'),
    ],
)
def test_wrong_task(samples, task, message):
    with pytest.raises(ScoreFileError, match=message):
        choose_task(PATH, samples, task)
