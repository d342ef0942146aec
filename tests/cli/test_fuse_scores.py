"""`tpn-tsn fuse-scores`: what is printed, written and refused."""

import json
import shutil
from pathlib import Path

import mmengine
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.special import expit, softmax
from score_dumps import toy_probabilities, toy_scores, write_dump

from tpn_tsn_plugin.analysis.scores.files import read_score_file
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.functional.score_fusion import evaluate

CLASSES = 12
LABELS = np.arange(120) % CLASSES
NAMES = [f'class_{label}/v_{i:04}' for i, label in enumerate(LABELS)]
Z = np.stack([toy_scores(LABELS, CLASSES, seed=seed) for seed in range(3)])


@pytest.fixture(scope='module')
def dumps(tmp_path_factory):
    """Folder with the dumps of three streams, and of two for validation."""
    folder = tmp_path_factory.mktemp('dumps')
    for name, z in zip(('rgb', 'flow', 'audio'), Z):
        path = folder / f'{name}.pkl'
        write_dump(path, softmax(z, axis=1), LABELS, video_id=NAMES)
    for seed, name in enumerate(('val_rgb', 'val_flow'), 7):
        values = toy_probabilities(LABELS, CLASSES, seed=seed)
        names = [f'val/{i}' for i in range(len(LABELS))]
        write_dump(folder / f'{name}.pkl', values, LABELS, video_id=names)
    return folder


@pytest.fixture(autouse=True)
def _work_beside_dumps(dumps, tmp_path, monkeypatch):
    shutil.copytree(dumps, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    return CliRunner().invoke(cli, ['fuse-scores', *map(str, arguments)])


def rows(text):
    """Cells of the table's rows by the first."""
    lines = [line for line in text.splitlines() if line.startswith('|')]
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    return {first: rest for first, *rest in cells}


def percent(metrics):
    return [f'{100 * value:.2f}' for value in metrics.values()]


def test_table_has_each_stream_alone_and_the_fusion():
    result = run('rgb.pkl', 'flow.pkl', '--weights', 1, 1.5)
    assert result.exit_code == 0, result.output
    assert result.stderr == ''
    title, blank, *_ = result.stdout.splitlines()
    assert (title, blank) == ('120 samples, 12 classes, fused before softmax', '')
    table = rows(result.stdout)
    header = ['top-1, %', 'top-5, %', 'mean class, %', 'mAP, %']
    assert table['stream'] == ['dump holds', 'weight', *header]
    for i, (name, weight) in enumerate([('rgb', '1'), ('flow', '1.5')]):
        alone = evaluate(softmax(Z[i], axis=1), LABELS)
        assert table[name] == ['probabilities', weight, *percent(alone)]
    fused = evaluate(softmax((Z[0] + 1.5 * Z[1]) / 2.5, axis=1), LABELS)
    assert table['**fused**'] == ['', '', *percent(fused)]


def test_probabilities_are_fused_if_asked_for():
    result = run('rgb.pkl', 'flow.pkl', '--after-softmax')
    assert 'fused as probabilities' in result.stdout
    fused = evaluate(softmax(Z[:2], axis=2).mean(axis=0), LABELS)
    assert rows(result.stdout)['**fused**'] == ['', '', *percent(fused)]


def test_saved_fusion_is_fused_again():
    first = run('rgb.pkl', 'flow.pkl', '--weights', 1, 1.5, '--out', 'out/fused.pkl')
    assert 'Saved out/fused.pkl. In a further fusion its weight is 2.5,' in first.stdout
    again = run('out/fused.pkl', 'audio.pkl', '--weights', 2.5, 0.5)
    at_once = run('rgb.pkl', 'flow.pkl', 'audio.pkl', '--weights', 1, 1.5, 0.5)
    ours, theirs = (rows(done.stdout)['**fused**'] for done in (again, at_once))
    assert ours == theirs


def test_results_as_json():
    options = ('--json', 'out/results.json', '--search', 'val_rgb.pkl', 'val_flow.pkl')
    result = run('rgb.pkl', 'flow.pkl', *options)
    assert result.exit_code == 0, result.output
    with open('out/results.json') as file:
        report = json.load(file)
    assert (report['samples'], report['classes']) == (120, 12)
    assert report['fused_before'] == 'softmax'
    rgb, flow = report['streams']
    assert (rgb['name'], rgb['dump']) == ('rgb', 'rgb.pkl')
    assert rgb['holds'] == 'probabilities'
    assert rgb['top1'] == pytest.approx(evaluate(Z[0], LABELS)['top1'])
    weights = [rgb['weight'], flow['weight']]
    fused = evaluate(softmax(np.tensordot(weights, Z[:2], axes=1), axis=1), LABELS)
    assert report['fused'] == pytest.approx(fused, abs=1e-6)
    assert (report['search']['metric'], report['search']['tried']) == ('top1', 101)
    assert [own['weight'] for own in report['search']['streams']] == weights
    assert f'Weights {weights[0]:g}, {weights[1]:g}: the best of 101' in result.stdout
    value = 100 * report['search']['fused']['top1']
    assert f'on 120 validation samples, {value:.2f} %' in result.stdout


def test_metric_of_the_search():
    search = ('--search', 'val_rgb.pkl', 'val_flow.pkl')
    result = run('rgb.pkl', 'flow.pkl', *search, '--metric', 'mean_average_precision')
    assert 'by mAP on 120 validation samples' in result.stdout


def test_values_follow_their_option_wherever_it_stands():
    expected = run('rgb.pkl', 'flow.pkl', '--weights', 1, 1.5).stdout
    for arguments in (
        ('--weights', 1, 1.5, 'rgb.pkl', 'flow.pkl'),
        ('--weights', 1, '--weights', 1.5, 'rgb.pkl', 'flow.pkl'),
        ('rgb.pkl', '--weights', 1, '1.5', '--', 'flow.pkl'),
    ):
        assert run(*arguments).stdout == expected


def test_missing_samples_and_intersect():
    order = list(range(110))
    write_dump('part.pkl', softmax(Z[1], axis=1), LABELS, order=order, video_id=NAMES)
    result = run('rgb.pkl', 'part.pkl')
    assert (result.exit_code, result.stdout) == (1, '')
    assert result.stderr == (
        'Error: part.pkl lacks 10 of 120 samples (class_2/v_0110, class_3/v_0111, '
        'class_4/v_0112, …); test it on the same list, or take the 110 that all files '
        'have with --intersect\n'
    )
    result = run('rgb.pkl', 'part.pkl', '--intersect')
    assert result.exit_code == 0
    assert result.stderr == 'rgb.pkl: left out 10 samples that others lack\n'
    assert result.stdout.startswith('110 samples')


def test_file_without_identities_is_one_line_with_the_remedy():
    write_dump('none.pkl', softmax(Z[1], axis=1), LABELS, img_key=NAMES)
    result = run('rgb.pkl', 'none.pkl')
    assert result.exit_code == 1
    assert result.stderr.count('\n') == 1
    assert result.stderr.startswith('Error: none.pkl: none of its 120 samples tell')
    assert 'CheckedVideoDataset or CheckedRawframeDataset' in result.stderr
    with open('list.txt', 'w') as file:
        file.writelines(f'{n}.mp4 {label}\n' for n, label in zip(NAMES, LABELS))
    listed = run('rgb.pkl', 'none.pkl', '--ann-file', 'none.pkl', 'list.txt')
    assert listed.exit_code == 0, listed.output
    carried = run('rgb.pkl', 'flow.pkl')
    assert rows(listed.stdout)['**fused**'] == rows(carried.stdout)['**fused**']


def test_several_labels_have_an_average_precision_only():
    hot = list(torch.eye(CLASSES)[LABELS])
    for name, z in zip('ab', Z):
        write_dump(f'{name}.pkl', expit(z), hot, video_id=NAMES)
        write_dump(f'{name}_scores.pkl', z, hot, video_id=NAMES)
    result = run('a.pkl', 'b.pkl')
    assert 'fused before sigmoid' in result.stdout
    assert rows(result.stdout)['stream'] == ['dump holds', 'weight', 'mAP, %']
    refused = run('a_scores.pkl', 'b_scores.pkl')
    assert 'give --activation softmax or --activation sigmoid' in refused.stderr
    scores = run('a_scores.pkl', 'b_scores.pkl', '--activation', 'sigmoid')
    assert rows(scores.stdout)['**fused**'] == rows(result.stdout)['**fused**']


def test_one_task_of_several():
    values = [dict(verb=z, noun=z[:3]) for z in softmax(Z[0], axis=1).astype('f4')]
    samples = [
        dict(
            pred_score={k: torch.from_numpy(v) for k, v in value.items()},
            gt_label=torch.tensor([label, 0]),
            video_id=name,
        )
        for value, label, name in zip(values, LABELS, NAMES)
    ]
    mmengine.dump(samples, 'tasks.pkl')
    assert 'tasks, verb, noun,' in run('tasks.pkl').stderr
    result = run('tasks.pkl', '--task', 'verb')
    assert rows(result.stdout)['tasks'] == rows(run('rgb.pkl').stdout)['rgb']


def test_videos_without_labels_are_fused_for_saving():
    for name, z in zip('ab', Z):
        write_dump(f'{name}.pkl', softmax(z, axis=1), [-1] * 120, video_id=NAMES)
    result = run('a.pkl', 'b.pkl')
    assert result.exit_code == 1
    assert 'no labels, so there is nothing to measure; save' in result.stderr
    result = run('a.pkl', 'b.pkl', '--out', 'fused.pkl')
    assert 'without labels nothing is measured' in result.stdout
    expected = softmax(Z[:2].mean(axis=0), axis=1)
    values = read_score_file(Path('fused.pkl')).values
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_probabilities_of_nought_are_told():
    values = softmax(Z[0], axis=1)
    values[0, 0] = 0
    values[0] /= values[0].sum()
    write_dump('zero.pkl', values, LABELS, video_id=NAMES)
    result = run('zero.pkl', 'flow.pkl')
    assert result.exit_code == 0
    assert result.stderr.startswith('zero.pkl: 1 of 1440 probabilities are exactly 0;')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((), "Missing argument 'DUMP...'"),
        (('nothing.pkl',), "'nothing.pkl' does not exist"),
        (('rgb.pkl', 'flow.pkl', '--weights', 1), '2 streams need 2 weights'),
        (('rgb.pkl', 'flow.pkl', '--weights', 1, -1), 'all of them 0, got 1, -1'),
        (('rgb.pkl', 'flow.pkl', '--weights', 0, 0), 'all of them 0, got 0, 0'),
        (('rgb.pkl', 'flow.pkl', '--weights', 'nan', 1), 'got nan, 1'),
        (('rgb.pkl', '--weights', 'one'), "'one' is not a valid float"),
        (('rgb.pkl', '--weights'), "'--weights' requires an argument"),
        (
            ('rgb.pkl', 'flow.pkl', '--search', 'val_rgb.pkl'),
            'a validation dump for each of the 2 streams, in their order, got 1',
        ),
        (('--search', 'val_rgb.pkl', 'rgb.pkl'), "Missing argument 'DUMP...'"),
        (('rgb.pkl', '--search', 'val_rgb.pkl'), 'two streams or more'),
        (
            ('rgb.pkl', '--weights', 1, '--search', 'val_rgb.pkl'),
            '--weights and --search exclude each other',
        ),
        (('rgb.pkl', '--metric', 'top1'), '--metric needs --search'),
        (('rgb.pkl', '--metric', 'top5'), "'top5' is not one of"),
        (('rgb.pkl', '--activation', 'relu'), "'relu' is not one of"),
        (('rgb.pkl', '--out', 'a.json'), 'must end in .pkl or .pickle, got a.json'),
        (('rgb.pkl', '--out', './rgb.pkl'), '--out would overwrite rgb.pkl'),
        (
            ('rgb.pkl', '--ann-file', 'flow.pkl', 'audio.pkl'),
            'flow.pkl is not among the dumps',
        ),
    ],
)
def test_wrong_use(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_weights_are_not_searched_on_what_is_tested():
    result = run('rgb.pkl', 'flow.pkl', '--search', 'rgb.pkl', 'flow.pkl')
    assert result.exit_code == 1
    assert 'search on a validation list' in result.stderr


def test_help_has_an_example():
    result = run('--help')
    assert result.exit_code == 0
    assert '    tpn-tsn fuse-scores rgb.pkl flow.pkl --weights 1 1.5' in result.output
    assert '--weights W...' in result.output
