"""The TPN paper's Table 6 as families: what varies, and the figures beside it."""

from pathlib import Path

import pytest
import torch

from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.analysis.trained_model import build_model, read_config

FOLDER = Path(__file__).resolve().parents[2] / 'configs' / 'ablations'
TABLES = ['sources', 'components', 'information-flow', 'frames']
FAMILIES = [f'tpn-{t}_{data}' for t in TABLES for data in ('kinetics400', 'tempo-demo')]


def models(name):
    """Models of a family by row and column; their weights have shapes only."""
    built = {}
    for cell in read_family(FOLDER / f'{name}.py').cells:
        config = read_config(cell.config, cell.options)
        with torch.device('meta'):
            built[cell.row, cell.column] = build_model(config), config
    return built


@pytest.fixture(params=['kinetics400', 'tempo-demo'])
def data(request):
    return request.param


def test_all_families_are_here():
    assert {path.stem for path in FOLDER.glob('tpn-*.py')} == set(FAMILIES)


def test_sources(data):
    stages = {
        'res{2,3,4,5}': ((0, 1, 2, 3), 4, [1, 2, 4, 8]),
        'res{3,4,5}': ((1, 2, 3), 3, [2, 4, 8]),
        'res{4,5}': ((2, 3), 2, [4, 8]),
        'res{5}, single depth': ((3,), 4, [1, 2, 4, 8]),
    }
    for (row, _), (model, config) in models(f'tpn-sources_{data}').items():
        if row == 'None':
            assert not model.with_neck
            continue
        indices, levels, rates = stages[row]
        assert tuple(model.backbone.out_indices) == indices
        assert list(config.model.neck.temporal_rates) == rates
        assert len(model.neck.temporal_modulation) == levels
        single = row.endswith('single depth')
        assert model.neck.source == ('single_depth' if single else 'multi_depth')


def test_components(data):
    everything = {'head', 'spatial', 'temporal', 'information flow'}
    for (row, _), (_, config) in models(f'tpn-components_{data}').items():
        neck = config.model.get('neck')
        if row == 'none':
            assert neck is None
            continue
        without = row.removeprefix('all but ')
        parts = everything - {without} if without != row else set(row.split(', '))
        assert ('head' in parts) == (neck.aux_head is not None)
        assert ('spatial' in parts) == neck.get('spatial_modulation', True)
        assert ('temporal' in parts) == neck.get('temporal_modulation', True)
        assert ('information flow' in parts) == (neck.information_flow == 'parallel')


def test_information_flows(data):
    for (row, _), (model, _) in models(f'tpn-information-flow_{data}').items():
        assert model.neck.information_flow.name == row.replace('-', '_')


def test_frames(data):
    for (row, column), (model, config) in models(f'tpn-frames_{data}').items():
        length, interval = map(int, column.split()[-1].split('×'))
        for split in ('train', 'val', 'test'):
            pipeline = config[f'{split}_dataloader'].dataset.pipeline
            (sampling,) = (s for s in pipeline if s.type == 'SampleFrames')
            assert (sampling.clip_len, sampling.frame_interval) == (length, interval)
        assert model.with_neck == (row == 'with TPN')
        if model.with_neck:
            assert list(config.model.neck.temporal_rates) == [length // 2, length]


@pytest.mark.parametrize('table', TABLES[:3])
def test_demo_rows_are_the_papers(table):
    paper, demo = (
        [
            (cell.row, cell.published)
            for cell in read_family(FOLDER / f'tpn-{table}_{data}.py').cells
        ]
        for data in ('kinetics400', 'tempo-demo')
    )
    assert paper == demo
