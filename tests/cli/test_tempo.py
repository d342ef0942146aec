"""`tpn-tsn tempo`: what is written, gone on with, and refused."""

import csv
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner
from score_dumps import write_dump
from tempo_data import CLASSES, LABELS, make_data, write_config

from tpn_tsn_plugin.analysis.tempo import robustness, study
from tpn_tsn_plugin.analysis.trained_model import read_config
from tpn_tsn_plugin.cli.main import cli

NAMES = [f'v{i}' for i in range(len(LABELS))]
PICTURES = {'curves.png', 'variance.png'}
TABLES = {'curves.csv', 'instances.csv', 'classes.csv'}
ALWAYS = {*PICTURES, *TABLES, 'settings.json', 'numbers.json', 'report.html'}


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """Data, and a folder with the study's curves, which take the time."""
    root = make_data(tmp_path_factory.mktemp('tempo'))
    result = run(root / 'tsn3.py', root / 'tsn3.pth', '--out', root / 'out')
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def out(prepared, tmp_path):
    shutil.copytree(prepared / 'out', tmp_path / 'out')
    return tmp_path / 'out'


def run(*arguments):
    return CliRunner().invoke(cli, ['tempo', *map(str, arguments)])


def tempo(root, out, *arguments):
    return run(root / 'tsn3.py', root / 'tsn3.pth', '--out', out, *arguments)


def rows(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def dump(path, right, names=NAMES, classes=CLASSES):
    """Predictions of which the given videos are right."""
    labels = np.array(LABELS)
    guesses = np.where(np.isin(range(len(labels)), right), labels, (labels + 1) % 3)
    values = 0.1 + 0.7 * np.eye(classes)[guesses]
    return write_dump(path, values, labels, video_id=names)


class Sources(HTMLParser):
    """Everything that a page would load."""

    def __init__(self):
        super().__init__()
        self.found, self.pictures = [], 0

    def handle_starttag(self, tag, attrs):
        self.pictures += tag == 'img'
        self.found += [value for name, value in attrs if name in ('src', 'href')]


def page(out):
    parser = Sources()
    text = (out / 'report.html').read_text()
    parser.feed(text)
    # nothing is loaded
    assert all(source.startswith('data:image/png;base64,') for source in parser.found)
    assert not re.search(r'@import|url\(', text)
    return text, parser.pictures


def test_measures_and_writes(prepared):
    out = prepared / 'out'
    assert {path.name for path in out.iterdir()} == ALWAYS
    instances = rows(out / 'instances.csv')
    assert [own['video_id'] for own in instances] == NAMES
    for i, own in enumerate(instances):
        assert float(own['fps']) == 4 + 4 * (i % 2)
        seconds = float(own['width_frames']) / float(own['fps'])
        assert float(own['width_seconds']) == pytest.approx(seconds, rel=1e-4)
    variances = [float(own['variance']) for own in rows(out / 'classes.csv')]
    assert variances == sorted(variances, reverse=True)
    assert len(variances) == CLASSES
    text, pictures = page(out)
    assert pictures == len(PICTURES)
    assert 'variance of FWHM from' in text
    (title,) = json.loads((out / 'numbers.json').read_text())
    assert title == 'Visual tempo of instances and classes'


def test_goes_on_without_computing_again(prepared, out, monkeypatch):
    monkeypatch.setattr(
        'tpn_tsn_plugin.analysis.tempo.curves.FrameClassifier.probabilities', None
    )
    result = tempo(prepared, out)
    assert result.exit_code == 0, result.output
    assert '8 instances of 3 classes' in result.stdout
    # frame rates of 4 and 8
    assert 'take --unit seconds' in result.stdout
    assert f'Report: {out}/report.html' in result.stdout


def test_gain_from_saved_predictions(prepared, out, tmp_path):
    dumps = dump(tmp_path / 'a.pkl', [0, 3]), dump(tmp_path / 'b.pkl', [0, 1, 3, 4, 6])
    result = tempo(prepared, out, '--dumps', *dumps, '--bin-size', 2)
    assert result.exit_code == 1, result.output
    assert 'holds report made with another bin_size' in result.stderr
    result = tempo(prepared, out, '--dumps', *dumps, '--bin-size', 2, '--force')
    assert result.exit_code == 0, result.output
    assert 'Gain of b over a against variance of tempo' in result.stdout
    gains = {own['class_name']: float(own['gain']) for own in rows(out / 'gain.csv')}
    assert gains == pytest.approx({'0': 33.3333, '1': 33.3333, '2': 50}, rel=1e-4)
    assert page(out)[1] == 3


def test_models_are_tested_with_every_interval(prepared, out, monkeypatch):
    asked = []

    def run_experiment(experiment, progress):
        config = read_config(experiment.config)
        step = config.test_dataloader.dataset.pipeline[1]
        right = range(8 - step.frame_interval - (experiment.label[0] == 'a'))
        asked.append((experiment.label, experiment.checkpoint.name))
        dump(experiment.config.with_suffix('.pkl'), list(right))
        return dict(test={'acc/top1': len(right) / 8})

    monkeypatch.setattr(robustness, 'run_experiment', run_experiment)
    own = (prepared / 'tsn3.py', prepared / 'tsn3.pth')
    groups = out.parent / 'groups.txt'
    groups.write_text('x\ny\ny\n')
    models = ('--model', 'a', *own, '--model', 'b', *own)
    options = ('--intervals', '2,4', '--groups', groups)
    one_line(tempo(prepared, out, *models, *options), 'report made with another inter')
    result = tempo(prepared, out, *models, *options, '--force')
    assert result.exit_code == 0, result.output
    assert asked == [
        (f'{name}_interval{interval}', 'tsn3.pth')
        for name in 'ab'
        # the trained one as well
        for interval in (1, 2, 4)
    ]
    table = rows(out / 'robustness.csv')
    assert [float(row['accuracy']) for row in table[:3]] == [75, 62.5, 37.5]
    assert [float(row['drop']) for row in table[3:]] == [0, 12.5, 37.5]
    assert [float(row['speed']) for row in table[:3]] == [1, 2, 4]
    assert 'a: 75.0 % at the trained interval 1; at worst 37.5' in result.stdout
    assert {own['model'] for own in rows(out / 'gain.csv')} == {'b'}
    # class 1 is taken for class 2 at worst, which counts as the same
    assert [float(row['group_accuracy']) for row in table[:3]] == [75, 75, 75]
    assert 'robustness_groups.png' in {path.name for path in out.iterdir()}
    assert page(out)[1] == 5


@pytest.mark.parametrize('moved', [False, True])
def test_results_of_a_moved_folder_are_made_again(prepared, out, monkeypatch, moved):
    """The test's config names where its predictions go."""
    model = robustness.TestedModel('a', prepared / 'tsn3.py', prepared / 'tsn3.pth')
    study = robustness.RobustnessStudy(model, out / 'tests', [1])

    def run_experiment(experiment, progress):
        there = experiment.result_file.exists()
        experiment.result_file.write_text('{}')
        dump(experiment.config.with_suffix('.pkl'), [])
        return dict(test={'acc/top1': 0.5 if there else 0})

    monkeypatch.setattr(robustness, 'run_experiment', run_experiment)
    assert study.run()[0].accuracy == 0
    if moved:
        (out / 'tests').rename(out / 'elsewhere')
        study.folder = out / 'elsewhere'
    assert study.run()[0].accuracy == (0 if moved else 50)


def test_true_tempo_is_compared(prepared, out, monkeypatch):
    """Beside the list of the demo data lie the true values."""
    records = [
        dict(path=f'{n}.mp4', label=k, motion=f'm{i % 2}', tempo_hz=1 / (1 + i))
        for i, (n, k) in enumerate(zip(NAMES, LABELS))
    ]
    path = prepared / 'test_truth.json'
    path.write_text(json.dumps(records))
    try:
        # the list of another kind of data set
        assert tempo(prepared, out).exit_code == 0
        assert not (out / 'truth.csv').exists()
        monkeypatch.setattr(study, 'find_truth', lambda dataset: path)
        result = tempo(prepared, out)
    finally:
        path.unlink()
    assert result.exit_code == 0, result.output
    assert re.search(r'all instances: Spearman [+-]\d\.\d{3} \(95 % int', result.stdout)
    assert 'm1: Spearman' in result.stdout
    assert len(rows(out / 'truth.csv')) == len(LABELS)


def one_line(result, message):
    assert result.exit_code == 1, result.output
    assert re.search(message, result.stderr), result.stderr
    assert result.stderr.startswith('Error: ')
    assert len(result.stderr.strip().splitlines()) == 1


def test_other_settings_need_force(prepared, out):
    before = (out / 'curves.csv').read_text()
    shorter = ('--cfg-options', 'model.data_preprocessor.std=[30]')
    one_line(tempo(prepared, out, *shorter), 'holds curves made with another config')
    assert (out / 'curves.csv').read_text() == before
    result = tempo(prepared, out, *shorter, '--force')
    assert result.exit_code == 0, result.output
    assert (out / 'curves.csv').read_text() != before


def test_smoothing_and_unit(prepared, out):
    narrow = [float(row['width_frames']) for row in rows(out / 'instances.csv')]
    result = tempo(prepared, out, '--smooth', 2, '--unit', 'seconds', '--force')
    assert result.exit_code == 0, result.output
    assert [float(row['width_frames']) for row in rows(out / 'instances.csv')] != narrow
    assert ' seconds² (' in result.stdout
    assert 'smoothed with a Gaussian of 2 frames' in page(out)[0]


def test_names_of_classes(prepared, out, tmp_path):
    labels = tmp_path / 'labels.txt'
    labels.write_text('2 pulse\n1 orbit\n3 swing\n')
    result = tempo(prepared, out, '--labels', labels, '--force')
    assert result.exit_code == 0, result.output
    names = {own['label']: own['class_name'] for own in rows(out / 'classes.csv')}
    assert names == {'0': 'orbit', '1': 'pulse', '2': 'swing'}
    one_line(tempo(prepared, out), 'holds report made with another labels')
    labels.write_text('orbit\npulse\n')
    message = '--labels names 2 classes, but the model of tsn3.py has 3; give the label'
    one_line(tempo(prepared, out, '--labels', labels), message)


def test_report_is_not_cut_short_without_asking(prepared, out, tmp_path):
    dumps = dump(tmp_path / 'a.pkl', [0, 3]), dump(tmp_path / 'b.pkl', [0, 3, 4])
    assert tempo(prepared, out, '--dumps', *dumps).exit_code == 0
    assert {'gain.csv', 'gain_1.png'} < {path.name for path in out.iterdir()}
    one_line(tempo(prepared, out), r'the report in .* has dumps, which would be lost')
    result = tempo(prepared, out, '--force')
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == ALWAYS


def test_gains_that_are_all_alike(prepared, out, tmp_path):
    same = [dump(tmp_path / f'{name}.pkl', [0, 3]) for name in 'ab']
    result = tempo(prepared, out, '--dumps', *same)
    assert result.exit_code == 0, result.output
    assert 'mean gain +0.0 points over 3 classes' in result.stdout
    assert 'no correlation, which needs three points that differ' in result.stdout
    assert 'Too few classes differ' in page(out)[0]


def test_predictions_are_looked_at_first(prepared, tmp_path):
    faulty = tmp_path / 'a.pkl'
    faulty.write_text('nothing')
    one_line(tempo(prepared, tmp_path / 'new', '--dumps', faulty, faulty), 'a.pkl')
    assert not (tmp_path / 'new').exists()


def test_several_options_of_a_config(prepared, out):
    several = ('model.data_preprocessor.std=[30]', 'model.test_cfg=None')
    result = tempo(prepared, out, '--cfg-options', *several, '--force')
    assert result.exit_code == 0, result.output


def test_foreign_folder(prepared, tmp_path):
    (tmp_path / 'mine.txt').touch()
    one_line(tempo(prepared, tmp_path), 'is not empty and holds no tempo study')


def test_checkpoint_of_another_model(prepared, out):
    write_config(prepared, length=1)
    result = run(prepared / 'tsn1.py', prepared / 'tsn3.pth', '--out', out)
    one_line(result, 'tsn3.pth does not fit the model of .*tsn1.py')
    model = ('--model', 'a', prepared / 'tsn1.py', prepared / 'tsn3.pth')
    one_line(tempo(prepared, out, *model), 'tsn3.pth does not fit the model')


def test_model_of_single_frames(prepared, out):
    write_config(prepared, length=1)
    model = ('--model', 'a', prepared / 'tsn1.py', prepared / 'tsn1.pth')
    one_line(tempo(prepared, out, *model), 'samples single frames')


def test_dumps_that_do_not_fit(prepared, out, tmp_path):
    ours = dump(tmp_path / 'a.pkl', [0])
    other = dump(tmp_path / 'b.pkl', [0], names=[f'w{i}' for i in range(8)])
    one_line(tempo(prepared, out, '--dumps', ours, other), 'no sample is in all 2')
    wide = [dump(tmp_path / f'{n}.pkl', [0], classes=5) for n in 'cd']
    result = tempo(prepared, out, '--dumps', *wide)
    one_line(result, 'has 5 classes, but tempo was measured for 3')


def test_curve_of_zeros(prepared, out):
    lines = (out / 'curves.csv').read_text().splitlines()
    name, label, fps, values = lines[3].split(',')
    lines[3] = ','.join([name, label, fps, ' '.join('0' for _ in values.split())])
    (out / 'curves.csv').write_text('\n'.join(lines) + '\n')
    one_line(tempo(prepared, out), 'v2: a curve from 0 to 0 is nowhere above its base')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--intervals', '2,x'], 'must be whole numbers like 2,4,8'),
        (['--intervals', '0'], 'must be whole numbers like 2,4,8'),
        (['--bin-size', '2.5'], 'must be a whole number of classes'),
        (['--split', 'train'], "'train' is not one of 'test', 'val'"),
        (['--cfg-options', 'a'], 'must be KEY=VALUE'),
    ],
)
def test_wrong_use(prepared, out, arguments, message):
    result = tempo(prepared, out, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_names_of_models(prepared, out):
    own = (prepared / 'tsn3.py', prepared / 'tsn3.pth')
    for names in (('a/b', 'c'), ('a', 'a')):
        models = [('--model', name, *own) for name in names]
        result = tempo(prepared, out, *models[0], *models[1])
        assert result.exit_code == 2
        assert 'part of a file name, once only' in result.stderr
    both = ('--model', 'a', *own, '--dumps', own[1], own[1])
    assert 'exclude each other' in tempo(prepared, out, *both).stderr
