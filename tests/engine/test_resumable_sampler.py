"""The order of samples: MMEngine's, from any place on, on any rank."""

import pickle

import pytest
from mmengine.dataset import DefaultSampler

from tpn_tsn_plugin.engine import ResumableSampler
from tpn_tsn_plugin.engine.resuming import resumable_sampler

DATA = range(23)


@pytest.fixture
def ranks(monkeypatch):
    """Make samplers believe that they are one of several ranks."""

    def be(rank, count):
        for place in (resumable_sampler, 'mmengine.dataset.sampler'):
            name = place if isinstance(place, str) else place.__name__
            monkeypatch.setattr(f'{name}.get_dist_info', lambda: (rank, count))

    return be


def indices(sampler, count=None):
    keys = iter(sampler)
    found = list(keys) if count is None else [next(keys) for _ in range(count)]
    return [key.index for key in found]


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize(('rank', 'count'), [(0, 1), (0, 4), (3, 4)])
def test_order_of_an_epoch_is_mmengines(ranks, shuffle, rank, count):
    ranks(rank, count)
    ours = ResumableSampler(DATA, shuffle=shuffle, seed=5)
    theirs = DefaultSampler(DATA, shuffle=shuffle, seed=5)
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        theirs.set_epoch(epoch)
        assert indices(ours) == list(theirs)
        assert len(ours) == len(theirs) == len(list(ours))


def test_keys_know_their_epoch_and_seed_also_in_workers():
    sampler = ResumableSampler(DATA, seed=5)
    sampler.set_epoch(2)
    key = pickle.loads(pickle.dumps(next(iter(sampler))))
    assert (key.epoch, key.seed) == (2, 5)


def test_start_counts_for_one_epoch():
    sampler = ResumableSampler(DATA, seed=5)
    whole = indices(sampler)
    sampler.start_at(8)
    assert indices(sampler) == whole[8:]
    assert len(sampler) == 23
    sampler.start_at(23)
    assert indices(sampler) == []
    sampler.set_epoch(1)
    assert len(indices(sampler)) == 23


@pytest.mark.parametrize('count', [1, 3])
def test_endless_order_is_one_epoch_after_another(ranks, count):
    parts = []
    for rank in range(count):
        ranks(rank, count)
        parts.append(indices(ResumableSampler(DATA, seed=5, endless=True), 46))
    together = [index for step in zip(*parts) for index in step]
    epochs = [together[i : i + 23] for i in range(0, 23 * 2 * count, 23)]
    assert all(sorted(epoch) == list(DATA) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_endless_order_from_any_place_on(ranks):
    ranks(1, 3)
    sampler = ResumableSampler(DATA, seed=5, endless=True)
    whole = indices(sampler, 60)
    sampler.start_at(37)
    assert indices(sampler, 23) == whole[37:]
