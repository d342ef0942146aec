"""TSN's consensus functions and K, and stream fusions, as families on public data."""

import re
from pathlib import Path

import pytest
import torch

from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.analysis.experiments.training_log import training_length
from tpn_tsn_plugin.analysis.trained_model import build_model, read_config
from tpn_tsn_plugin.models import (
    AttentionConsensus,
    AvgConsensus,
    LinearConsensus,
    MaxConsensus,
    TopKConsensus,
)

FOLDER = Path(__file__).resolve().parents[2] / 'configs' / 'ablations'
CONSENSUS = {
    'average': AvgConsensus,
    'maximum': MaxConsensus,
    'top-k, k = 2': TopKConsensus,
    'top-k, k = 3': TopKConsensus,
    'linear': LinearConsensus,
    'attention': AttentionConsensus,
}
# The two-stream fusion paper's networks are others, but where parameters go is not:
# fc6 and its like are most of them, and concatenation doubles fc6.
FUSIONS = {
    'late fusion': [],
    'maximum': ['MaxFusion'],
    'concatenation': ['ConcatFusion'],
    'bilinear': ['BilinearFusion'],
    'sum': ['SumFusion'],
    'convolution': ['ConvFusion'],
}


def cells(name):
    return read_family(FOLDER / f'{name}.py').cells


def read(cell):
    """A cell's config and its model; weights have shapes only."""
    config = read_config(cell.config, cell.options)
    with torch.device('meta'):
        return config, build_model(config)


@pytest.mark.parametrize(
    'path', sorted(FOLDER.glob('*.py')), ids=lambda path: path.stem
)
def test_every_experiment_trains_as_long_as_its_config_is_called(path):
    family = read_family(path)
    trained = [cell for cell in (*family.sources, *family.cells) if not cell.checkpoint]
    assert not any('train_cfg' in ' '.join(cell.options) for cell in trained)
    for config in {cell.config for cell in trained}:
        count, unit = re.search(r'-(\d+)([ei])_', config.stem).groups()
        length = training_length(read_config(config))
        assert (length.count, length.by_epoch) == (int(count), unit == 'e')


@pytest.mark.parametrize('name', ['tsn-consensus_ucf101', 'tsn-consensus_activitynet'])
def test_consensus(name):
    for cell in cells(name):
        config, model = read(cell)
        assert type(model.cls_head.consensus) is CONSENSUS[cell.row]
        if cell.row.startswith('top-k'):
            assert model.cls_head.consensus.k == int(cell.row[-1])
        if cell.row == 'linear':
            # 25 segments are tested
            assert type(model.cls_head.test_consensus) is AvgConsensus
        flow = cell.column == 'optical flow'
        assert config.model.backbone.get('in_channels', 3) == (10 if flow else 3)


def test_number_of_segments():
    for cell in cells('tsn-segments_ucf101'):
        config, _ = read(cell)
        sampling = {
            split: config[f'{split}_dataloader'].dataset.pipeline[1].num_clips
            for split in ('train', 'test')
        }
        assert sampling == {'train': int(cell.row.split()[-1]), 'test': 25}


def test_stream_fusions():
    parameters = {}
    for cell in cells('two-stream-fusion_ucf101'):
        config, model = read(cell)
        fusions = [fusion.type for fusion in config.model.stream_fusion]
        assert fusions == FUSIONS[cell.row]
        sampling = config.train_dataloader.dataset.pipeline[1]
        assert (sampling.num_clips, sampling.clip_len) == (1, 11)
        parameters[cell.row] = sum(p.numel() for p in model.parameters())
    fc6 = 512 * 7 * 7 * 4096
    assert parameters['sum'] == parameters['maximum']
    assert parameters['concatenation'] == parameters['sum'] + fc6
    assert parameters['convolution'] == parameters['sum'] + 2 * 512 * 512 + 512
    assert parameters['bilinear'] < parameters['sum'] < parameters['late fusion']
