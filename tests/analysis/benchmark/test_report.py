"""Tables and plain values, from a whole run of tiny models and from made-up figures."""

import json

import numpy as np
import pytest
from small_configs import tsn, video

from tpn_tsn_plugin.analysis.benchmark.candidate import Candidate
from tpn_tsn_plugin.analysis.benchmark.measure import Measured
from tpn_tsn_plugin.analysis.benchmark.report import to_dict, to_markdown
from tpn_tsn_plugin.analysis.benchmark.run import (
    Figures,
    count_steps,
    run_benchmark,
)
from tpn_tsn_plugin.analysis.benchmark.settings import PARTS, Settings

MACHINE = dict(
    cpu='Abacus', cores=2, threads=1, versions=dict(torch='2', python='3'), commit='abc'
)


@pytest.fixture
def candidates(tmp_path):
    def make(settings, *configs):
        return [
            Candidate(f'c{i}', config, settings, video(tmp_path))
            for i, config in enumerate(configs)
        ]

    return make


def rows(text):
    """The cells of each table's rows, by its heading."""
    tables, name = {}, 'size'
    for line in text.splitlines():
        if line.startswith('| `'):
            cells = [cell.strip() for cell in line.strip('|').split(' | ')]
            tables.setdefault(name, []).append(cells)
        elif line and not line.startswith('|'):
            name = line.split()[0].strip(',')
    return tables


def test_everything_is_measured(candidates):
    settings = Settings(runs=2, warmup=1, views='all')
    advanced = []
    figures = run_benchmark(
        candidates(settings, tsn(), tsn()), settings, advanced.append
    )
    assert len(advanced) == count_steps(2, settings)
    assert [entry.failures for entry in figures] == [{}, {}]
    first, second = figures
    # same model, same input
    assert first.parameters == second.parameters
    assert first.memory['train'].values == second.memory['train'].values
    content = json.loads(json.dumps(to_dict(figures, settings, MACHINE, 'a b')))
    assert content['command'] == 'a b'
    for config in content['configs']:
        assert {k: len(v) for k, v in config['seconds'].items()} == {
            'test': 2,
            'train': 2,
            'load train': 2,
            'load test': 2,
        }
        assert config['inputs']['test']['views'] == 3
        assert config['inputs']['test']['video'] == '32×24, 10 frames, 5 fps'
    tables = rows(to_markdown(figures, settings, MACHINE))
    assert set(tables) == {'size', 'Testing', 'Training', 'Loading'}
    assert all(len(table) == 2 for table in tables.values())
    assert tables['Testing'][0][1] == '3 × 2×3×24×24'


@pytest.mark.parametrize('part', PARTS)
def test_part_alone(part, candidates):
    settings = Settings(parts=(part,), runs=1, warmup=1)
    advanced = []
    figures = run_benchmark(candidates(settings, tsn()), settings, advanced.append)
    assert len(advanced) == count_steps(1, settings)
    assert len(rows(to_markdown(figures, settings, MACHINE))) == 1
    assert (figures[0].parameters is not None) == (part == 'size')


@pytest.fixture
def figures(candidates):
    """Times that are known: 10 and 20 ms, 4 and 1 videos a batch."""
    settings = Settings(runs=3)
    found = []
    for candidate, seconds, batch in zip(
        candidates(settings, tsn(), tsn()), (0.01, 0.02), (4, 1), strict=True
    ):
        candidate.batches = dict(test=batch, train=batch)
        values = [seconds * factor for factor in (0.9, 1, 5)]
        found.append(
            Figures(
                candidate,
                parameters=1500000,
                flops=Measured([2.5e9]),
                seconds={
                    what: Measured(list(values))
                    for what in ('test', 'train', 'load test', 'load train')
                },
                memory={part: Measured([2**20 * 3]) for part in ('test', 'train')},
            )
        )
    return found


def test_figures_in_the_tables(figures):
    text = to_markdown(figures, Settings(runs=3), MACHINE)
    tables = rows(text)
    assert tables['size'][0][1:] == ['2×3×24×24', '1.50 M', '2.50 G', '3', '7.5 G']
    first, second = tables['Training']
    low, high = np.percentile([9, 10, 50], (10, 90))
    assert first[3] == f'10.0 ({low:.1f}–{high:.1f})'
    assert first[4:] == ['1.000', '400', '3.0', '1.000']
    # 20 ms for one video are eight times 10 ms for four
    assert second[4:] == ['8.000', '50', '3.0', '1.000']
    assert 'Not of equal batches' in text
    assert 'Not of equal inputs' not in text
    # loading takes 10 ms a video, a step 2.5 and 20
    assert tables['Loading'][0][3] == '400 %'
    assert tables['Loading'][1][3] == '100 %'
    assert (
        'Abacus, 2 CPU cores, 1 thread, float32; torch 2, python 3, commit abc' in text
    )
    assert 'Medians of 3 rounds after 2' in text
    busy = to_markdown(figures, Settings(runs=3), dict(MACHINE, load_before=1.5))
    assert 'float32, load average 1.5 before; torch 2' in busy


def test_failed_cell_says_why_and_others_stand(figures):
    figures[0].seconds['train'].fail(RuntimeError('a | b' + 'c' * 99))
    figures[0].memory['train'].values.clear()
    figures[1].flops.fail(KeyError('new_cls'))
    assert set(figures[0].failures) == {'train'}
    tables = rows(to_markdown(figures, Settings(runs=3), MACHINE))
    first, second = tables['Training']
    assert first[3].startswith('failed: RuntimeError: a \\| bccc')
    assert first[3].endswith('…')
    assert first[4:] == ['–'] * 4
    # nothing to compare with
    assert second[3].startswith('20.0')
    assert second[4] == '–'
    assert tables['size'][1][3:] == ["failed: KeyError: 'new_cls'", '3', '–']
    assert tables['Loading'][0][3] == '–'


def test_different_inputs_are_told(candidates):
    settings = Settings(parts=('test',), runs=1, warmup=1)
    other = tsn()
    other.test_dataloader.dataset.pipeline[1]['num_clips'] = 3
    figures = run_benchmark(candidates(settings, tsn(), other), settings, print)
    assert 'Not of equal inputs' in to_markdown(figures, settings, MACHINE)
