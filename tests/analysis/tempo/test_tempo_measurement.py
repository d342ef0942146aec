"""Instances, classes, the truth beside them, and the study's folder."""

import csv
import json

import numpy as np
import pytest
from mmengine.dataset import BaseDataset

from tpn_tsn_plugin.analysis.tempo.curves import Curve
from tpn_tsn_plugin.analysis.tempo.files import (
    Part,
    TempoStudyError,
    claim_folder,
    finish_folder,
    write_table,
)
from tpn_tsn_plugin.analysis.tempo.measurement import measure, tempo_by_class
from tpn_tsn_plugin.analysis.tempo.sections import describe, truth_section
from tpn_tsn_plugin.analysis.tempo.truth import compare_with_truth, find_truth
from tpn_tsn_plugin.datasets import InstancesDemoDataset, TempoDemoDataset

FRAMES = np.arange(64)


def curve(name, label, width, fps=16.0, centre=32):
    """A triangle of a width at half maximum."""
    values = np.clip(1 - np.abs(FRAMES - centre) / width, 0, None)
    return Curve(name, label, fps, values)


def test_widths_in_frames_and_seconds():
    (own,) = measure([curve('a', 1, 10)], ['x', 'y'])
    assert (own.video_id, own.class_name, own.frames) == ('a', 'y', 64)
    assert own.width_frames == pytest.approx(10)
    assert own.width_seconds == pytest.approx(10 / 16)
    assert (own.peak_frame, own.maximum, own.censored) == (32, 1, False)
    assert measure([curve('a', 1, 10)])[0].class_name == '1'


def test_frame_rate_is_each_videos_own():
    slow, fast = measure([curve('a', 0, 10, fps=8.0), curve('b', 0, 10, fps=16.0)])
    assert slow.width_seconds == pytest.approx(2 * fast.width_seconds)
    (own,) = measure([curve('a', 0, 10, fps=None)])
    assert own.width_seconds is None
    with pytest.raises(TempoStudyError, match='need the frame rate of every video'):
        tempo_by_class([own, own], 'seconds')
    assert tempo_by_class([own, own])[0][0].variance == 0


def test_smoothed_curves_are_measured():
    (own,) = measure([curve('a', 0, 10)], smooth=5)
    assert own.width_frames > 11
    assert own.maximum < 0.8


def test_curve_of_zeros_names_its_video():
    with pytest.raises(ValueError, match=r'^b: a curve from 0 to 0 is nowhere above'):
        measure([curve('a', 0, 10), Curve('b', 0, 16.0, np.zeros(5))])


def test_classes_that_vary_most_come_first():
    curves = [
        *(curve(f'a{w}', 0, w) for w in (9, 10, 11)),
        *(curve(f'b{w}', 1, w) for w in (6, 10, 14)),
        curve('c', 3, 10),
        # cut at the border
        curve('d', 4, 10, centre=0),
        curve('e', 4, 10, centre=63),
    ]
    instances = measure(curves, list('vwxyz'))
    tempi, left_out = tempo_by_class(instances)
    assert [own.class_name for own in tempi] == ['w', 'v', 'z']
    assert tempi[0].variance == pytest.approx(16)
    assert tempi[0].mean_width == pytest.approx(10)
    assert [(own.instances, own.censored) for own in tempi] == [(3, 0), (3, 0), (2, 2)]
    assert left_out == ['y']
    seconds, _ = tempo_by_class(instances, 'seconds')
    assert seconds[0].variance == pytest.approx(16 / 16**2)


def test_no_class_has_a_variance():
    with pytest.raises(TempoStudyError, match='none of 2 classes has two instances'):
        tempo_by_class(measure([curve('a', 0, 5), curve('b', 1, 5)]))


def truth_file(path, tempi, **extra):
    records = [
        dict(
            path=f'videos/{i}.mp4',
            label=i % 2,
            motion='orbit' if i % 2 else 'pulse',
            tempo_hz=tempo,
            **extra,
        )
        for i, tempo in enumerate(tempi)
    ]
    path.write_text(json.dumps(records))
    return path


def test_true_order_is_found_again(tmp_path):
    tempi = [2.0, 1.0, 0.8, 0.5, 0.4, 0.25, 0.7, 0.3]
    curves = [curve(f'videos/{i}', i % 2, 5 / f) for i, f in enumerate(tempi)]
    path = truth_file(tmp_path / 'test_truth.json', tempi, segment=[1.0, 1.5])
    truth = compare_with_truth(measure(curves), path)
    assert truth.overall.coefficient == pytest.approx(1)
    assert truth.uncensored.count == 8
    assert {name: own.count for name, own in truth.within.items()} == {
        'orbit': 4,
        'pulse': 4,
    }
    assert truth.instances[0].true_seconds == 0.5
    # the faster, the wider
    turned = [curve(f'videos/{i}', i % 2, 5 * f) for i, f in enumerate(tempi)]
    found = compare_with_truth(measure(turned), path)
    assert found.overall.coefficient == pytest.approx(-1)


def test_actions_of_an_untrimmed_video(tmp_path):
    records = [
        dict(
            path='videos/a.mp4',
            actions=[
                dict(label=label, motion='m', tempo_hz=1 / (1 + label), segment=[0, 2])
                for label in range(4)
            ],
        )
    ]
    (tmp_path / 't.json').write_text(json.dumps(records))
    # identities of some data sets keep their suffix
    curves = [curve('videos/a.mp4', label, 5 + label) for label in range(4)]
    truth = compare_with_truth(measure(curves), tmp_path / 't.json')
    assert truth.overall.coefficient == pytest.approx(1)
    assert truth.instances[1].tempo_hz == 0.5


def test_truth_of_other_videos(tmp_path):
    path = truth_file(tmp_path / 't.json', [1.0, 0.5])
    with pytest.raises(TempoStudyError, match='no true tempo for class 0 of b'):
        compare_with_truth(measure([curve('b', 0, 5)]), path)
    path.write_text('{"a": 1}')
    with pytest.raises(TempoStudyError, match=r't.json holds no true values'):
        compare_with_truth(measure([curve('b', 0, 5)]), path)


def as_dataset(kind, root):
    """A data set that nothing has been made or read for."""
    dataset = kind.__new__(kind)
    dataset.data_root, dataset.split = str(root), 'test'
    return dataset


@pytest.mark.parametrize('kind', [TempoDemoDataset, InstancesDemoDataset])
def test_truth_lies_beside_the_list(tmp_path, kind):
    assert find_truth(as_dataset(kind, tmp_path)) is None
    path = truth_file(tmp_path / 'test_truth.json', [1.0])
    assert find_truth(as_dataset(kind, tmp_path)) == path
    # another data set on the same folder calls its videos something else
    assert find_truth(as_dataset(BaseDataset, tmp_path)) is None


def test_tempi_that_do_not_differ(tmp_path):
    path = truth_file(tmp_path / 't.json', [1.0] * 4)
    curves = [curve(f'videos/{i}', i % 2, 5 + i) for i in range(4)]
    truth = compare_with_truth(measure(curves), path)
    assert truth.overall is truth.uncensored is truth.within['orbit'] is None
    assert truth_section(truth).numbers[0] == f'all instances: {describe(None)}'
    assert 'no correlation' in describe(None)


def test_table(tmp_path):
    write_table(tmp_path / 'a.csv', measure([curve('a', 0, 10, fps=None)], ['x, y']))
    with open(tmp_path / 'a.csv', newline='') as file:
        (row,) = csv.DictReader(file)
    assert row['class_name'] == 'x, y'
    assert (row['width_frames'], row['width_seconds']) == ('10', '')
    assert [path.name for path in tmp_path.iterdir()] == ['a.csv']


def make_parts(**settings):
    return [
        Part(name, dict(value=value), f'{name}*') for name, value in settings.items()
    ]


def test_folder_belongs_to_its_settings(tmp_path):
    out = tmp_path / 'new'
    claim_folder(out, make_parts(curves=1))
    (out / 'curves.csv').touch()
    # the same again, and a further part
    claim_folder(out, make_parts(curves=1, tests=2))
    (out / 'tests').mkdir()
    with pytest.raises(TempoStudyError, match='holds curves made with another value'):
        claim_folder(out, make_parts(curves=3))
    assert (out / 'curves.csv').exists()
    claim_folder(out, make_parts(curves=3), force=bool('yes'))
    assert not (out / 'curves.csv').exists()
    assert (out / 'tests').exists()
    claim_folder(out, make_parts(curves=3, tests=2))


def test_what_keeps_no_files_counts_once_it_is_there(tmp_path):
    first, other = (
        [Part('curves', dict(value=1), 'curves*'), Part('report', dict(unit=unit))]
        for unit in ('frames', 'seconds')
    )
    claim_folder(tmp_path, first)
    # the first run failed
    claim_folder(tmp_path, other)
    finish_folder(tmp_path, other, [])
    with pytest.raises(TempoStudyError, match='holds report made with another unit'):
        claim_folder(tmp_path, first)


def test_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / 'mine.txt').write_text('precious')
    for force in (False, bool('yes')):
        with pytest.raises(TempoStudyError, match='is not empty and holds no tempo'):
            claim_folder(tmp_path, make_parts(curves=1), force)
    assert (tmp_path / 'mine.txt').read_text() == 'precious'


def test_report_keeps_its_parts(tmp_path):
    whole = make_parts(curves=1, a=2)
    claim_folder(tmp_path, whole)
    for name in ('gain.csv', 'curves.png', 'a.pkl'):
        (tmp_path / name).touch()
    # what is not finished has no report
    claim_folder(tmp_path, whole[:1])
    finish_folder(tmp_path, whole, ['gain.csv', 'curves.png'])
    with pytest.raises(TempoStudyError, match='has a, which would be lost; name them'):
        claim_folder(tmp_path, whole[:1])
    claim_folder(tmp_path, [*whole, *make_parts(b=3)])
    claim_folder(tmp_path, whole[:1], force=bool('yes'))
    finish_folder(tmp_path, whole[:1], ['curves.png'])
    assert {path.name for path in tmp_path.iterdir()} == {
        'settings.json',
        'curves.png',
        # kept for a report that has this part again
        'a.pkl',
    }
    claim_folder(tmp_path, whole[:1])
    with pytest.raises(TempoStudyError, match='holds a made with another value'):
        claim_folder(tmp_path, make_parts(curves=1, a=4))


@pytest.mark.parametrize(
    'finished', [{}, dict(files=3), dict(files=['..', '../x.csv'])]
)
def test_only_files_of_the_folder_are_taken_away(tmp_path, finished):
    out = tmp_path / 'out'
    out.mkdir()
    (tmp_path / 'x.csv').touch()
    (out / 'settings.json').write_text(json.dumps(dict(finished=finished)))
    finish_folder(out, make_parts(curves=1), [])
    assert (tmp_path / 'x.csv').exists()


def test_a_setting_that_is_new_counts_as_not_given(tmp_path):
    claim_folder(tmp_path, [Part('curves', dict(a=1), 'curves*')])
    claim_folder(tmp_path, [Part('curves', dict(a=1, b=None), 'curves*')])
    with pytest.raises(TempoStudyError, match='made with another b;'):
        claim_folder(tmp_path, [Part('curves', dict(a=1, b=2), 'curves*')])
