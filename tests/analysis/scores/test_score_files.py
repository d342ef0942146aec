"""Dumps are joined by the names of their samples, and written again."""

import re

import mmengine
import numpy as np
import pytest
import torch
from mmaction.evaluation import AccMetric
from mmengine.evaluator import Evaluator
from score_dumps import toy_probabilities, write_dump

from tpn_tsn_plugin.analysis.scores.files import (
    join_score_files,
    read_score_file,
    write_score_file,
)
from tpn_tsn_plugin.errors import ScoreFileError
from tpn_tsn_plugin.evaluation import VideoMeanAP

CLASSES = 6
LABELS = [0, 1, 2, 3, 4, 5, 0, 1, 2]
NAMES = [f'x/v_{i}' for i in range(len(LABELS))]


@pytest.fixture
def dump(tmp_path):
    def write(name, labels=LABELS, *, seed=0, classes=CLASSES, **kwargs):
        known = [label if np.ndim(label) == 0 else 0 for label in labels]
        values = toy_probabilities(known, classes, seed=seed)
        kwargs = kwargs or dict(video_id=NAMES[: len(labels)])
        return write_dump(tmp_path / name, values, labels, **kwargs)

    return write


def join(*paths, **kwargs):
    return join_score_files([read_score_file(path) for path in paths], **kwargs)


def test_a_dump_as_it_is(dump):
    path = dump('a.pkl')
    file = read_score_file(path)
    assert file.path == path
    assert file.names.names == tuple(NAMES)
    assert file.labels.tolist() == LABELS
    expected = toy_probabilities(LABELS, CLASSES, seed=0).astype(np.float32)
    np.testing.assert_array_equal(file.values, expected)


def test_streams_are_joined_by_name_whatever_their_order(dump):
    order = [4, 8, 0, 2, 1, 7, 3, 6, 5]
    joined = join(
        dump('a.pkl', seed=1, order=order, video_id=NAMES), dump('b.pkl', seed=2)
    )
    assert joined.samples == tuple(NAMES[i] for i in order)
    assert joined.labels.tolist() == [LABELS[i] for i in order]
    for values, seed in zip(joined.values, (1, 2)):
        expected = toy_probabilities(LABELS, CLASSES, seed=seed)[order]
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert joined.left_out == (0, 0)
    assert joined.streams == ('a', 'b')


def test_video_frames_and_sound_join(dump):
    joined = join(
        dump('rgb.pkl', filename=[f'/data/videos/{name}.avi' for name in NAMES]),
        dump('flow.pkl', frame_dir=[f'data/rawframes/{name}' for name in NAMES]),
        dump('audio.pkl', audio_path=[f'data/audio/{name}.npy' for name in NAMES]),
        dump('own.pkl', order=range(8, -1, -1), video_id=NAMES),
    )
    # whole names, where one file has them
    assert joined.samples == tuple(NAMES)
    np.testing.assert_array_equal(joined.values[3], joined.values[0])


def test_streams_of_one_file_name_are_told_apart_by_their_folders(dump, tmp_path):
    (tmp_path / 'val').mkdir()
    paths = dump('a.pkl'), dump('val/a.pkl')
    assert join(*paths).streams == tuple(map(str, paths))


def test_missing_samples_are_counted_and_named(dump):
    whole, part = dump('a.pkl'), dump('b.pkl', order=range(4), video_id=NAMES)
    message = (
        f'{part} lacks 5 of 9 samples (x/v_4, x/v_5, x/v_6, …); test it on the same '
        'list, or take the 4 that all files have with --intersect'
    )
    for paths in ((whole, part), (part, whole)):
        with pytest.raises(ScoreFileError, match=re.escape(message)):
            join(*paths)
    joined = join(whole, part, intersect=True)
    assert joined.samples == tuple(NAMES[:4])
    assert joined.left_out == (5, 0)
    assert joined.labels.tolist() == LABELS[:4]
    assert [len(values) for values in joined.values] == [4, 4]


def test_nothing_in_common_is_refused_with_examples(dump):
    files = dump('a.pkl'), dump('b.pkl', video_id=[f'v_{name}' for name in NAMES])
    for intersect in (True, False):
        message = "no sample is in all 2 files; .* 'x/v_0' in .*a.pkl, 'v_x/v_0' in"
        with pytest.raises(ScoreFileError, match=message):
            join(*files, intersect=intersect)


def test_repeated_names_are_refused(dump):
    path = dump('a.pkl', order=[*range(9), 0, 4], video_id=NAMES)
    with pytest.raises(ScoreFileError, match=r'a.pkl: 2 names .* \(x/v_0, x/v_4\)'):
        join(path, dump('b.pkl'))


def test_other_classes_are_refused(dump):
    message = 'a.pkl has 6 classes, but .*b.pkl has 7; only streams with the same class'
    with pytest.raises(ScoreFileError, match=message):
        join(dump('a.pkl'), dump('b.pkl', classes=7))


@pytest.mark.parametrize('several', [False, True])
def test_contradicting_labels_are_refused(dump, several):
    other = [*LABELS[:4], 5, 4, *LABELS[6:]]
    if several:
        other = [torch.eye(CLASSES)[label] for label in other]
    message = (
        r"2 of 9 labels differ: gt_label of 'x/v_4' is \[4\] in .*a.pkl, but \[5\] in "
        '.*b.pkl; test both with one list and one order of classes'
    )
    with pytest.raises(ScoreFileError, match=message):
        join(dump('a.pkl'), dump('b.pkl', other))


def test_labels_come_from_a_file_that_has_them(dump):
    unknown = [-1] * len(LABELS)
    assert join(dump('a.pkl', unknown), dump('b.pkl')).labels.tolist() == LABELS
    assert join(dump('a.pkl', unknown), dump('b.pkl', unknown)).labels is None


def test_names_from_the_list_that_was_tested(dump, tmp_path):
    path = dump('a.pkl', order=range(9), img_key=NAMES)
    ann_file = tmp_path / 'list.txt'
    lines = [f'{name} 10 {label}' for name, label in zip(NAMES, LABELS)]
    ann_file.write_text('\n'.join(lines))
    file = read_score_file(path, ann_file)
    assert file.names.names == tuple(NAMES)
    joined = join_score_files([file, read_score_file(dump('b.pkl'))])
    assert joined.samples == tuple(NAMES)
    ann_file.write_text('\n'.join(reversed(lines)))
    with pytest.raises(ScoreFileError, match=r'6 of 9 labels of .*list.txt differ'):
        read_score_file(path, ann_file)
    unknown = dump('c.pkl', [-1] * len(LABELS))
    with pytest.raises(ScoreFileError, match='no labels, so nothing shows that'):
        read_score_file(unknown, ann_file)


@pytest.mark.parametrize('several', [False, True])
def test_written_file_reads_again(several, tmp_path):
    probabilities = toy_probabilities(LABELS, CLASSES, seed=3)
    labels = np.array(LABELS)
    if several:
        labels = np.eye(CLASSES, dtype=bool)[labels]
        labels[2] = False
    path = tmp_path / 'new' / 'fused.pkl'
    write_score_file(path, NAMES, probabilities, labels)
    assert [p.name for p in path.parent.iterdir()] == ['fused.pkl']
    file = read_score_file(path)
    assert file.names.names == tuple(NAMES)
    np.testing.assert_array_equal(file.labels, labels)
    np.testing.assert_array_equal(file.values, probabilities.astype(np.float32))


def test_written_file_takes_the_place_of_a_dump(tmp_path):
    """MMAction2's and our own metrics read it, as `eval_metric.py` has them do."""
    probabilities = toy_probabilities(LABELS, CLASSES, seed=3)
    write_score_file(tmp_path / 'a.pkl', NAMES, probabilities, np.array(LABELS))
    samples = mmengine.load(tmp_path / 'a.pkl')
    dumped = write_dump(tmp_path / 'b.pkl', probabilities, LABELS, video_id=NAMES)
    for metric in (AccMetric, VideoMeanAP):
        ours = Evaluator(metric()).offline_evaluate(samples)
        theirs = Evaluator(metric()).offline_evaluate(mmengine.load(dumped))
        assert ours == theirs
        assert len(ours) > 0


def test_written_predictions_do_not_carry_each_other(tmp_path):
    many = np.tile(toy_probabilities(LABELS, CLASSES, seed=3), (50, 1))
    write_score_file(tmp_path / 'a.pkl', list(map(str, range(450))), many, None)
    assert (tmp_path / 'a.pkl').stat().st_size < 450 * 2000
    assert 'gt_label' not in mmengine.load(tmp_path / 'a.pkl')[0]
