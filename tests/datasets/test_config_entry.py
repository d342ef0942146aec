"""The data set of a config's loader, in what repeats or joins data sets."""

import pytest
from mmengine.config import Config

from tpn_tsn_plugin.datasets.config_entry import find_dataset

VIDEOS = dict(type='VideoDataset', pipeline=[dict(type='DecordInit')])
OTHERS = dict(type='RawframeDataset', pipeline=[])


def config_of(dataset):
    return Config(dict(val_dataloader=dict(dataset=dataset)))


@pytest.mark.parametrize(
    'outer',
    [
        VIDEOS,
        dict(type='RepeatDataset', times=2, dataset=VIDEOS),
        dict(type='ConcatDataset', datasets=[VIDEOS, OTHERS]),
        dict(
            type='ClassBalancedDataset',
            dataset=dict(type='ConcatDataset', datasets=(VIDEOS, OTHERS)),
        ),
        dict(VIDEOS, dataset=OTHERS),
    ],
)
def test_innermost(outer):
    found = find_dataset(config_of(outer), 'val')
    assert (found.type, found.pipeline) == (VIDEOS['type'], VIDEOS['pipeline'])


def test_it_is_the_entry_itself():
    config = config_of(dict(type='RepeatDataset', times=2, dataset=VIDEOS))
    find_dataset(config, 'val')['pipeline'] = []
    assert config.val_dataloader.dataset.dataset.pipeline == []


@pytest.mark.parametrize(
    'config',
    [
        Config(dict(model={})),
        Config(dict(val_dataloader=None)),
        Config(dict(val_dataloader=dict(batch_size=2))),
        config_of(dict(type='ConcatDataset', datasets=[])),
    ],
)
def test_without_a_data_set_nothing_is_found(config):
    assert 'pipeline' not in find_dataset(config, 'val')


def test_data_set_without_a_pipeline():
    assert find_dataset(config_of(dict(type='A')), 'val') == dict(type='A')
