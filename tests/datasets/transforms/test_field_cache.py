"""The cache of fields: found again, told apart, safe to share and to damage."""

import errno
import logging
import multiprocessing
import os

import numpy as np
import pytest
from moving_samples import moving_sample

from tpn_tsn_plugin.datasets.transforms import (
    ComputeOpticalFlow,
    WarpOpticalFlow,
    field_cache,
)
from tpn_tsn_plugin.datasets.transforms import compute_optical_flow as module
from tpn_tsn_plugin.datasets.transforms.field_cache import (
    FieldCache,
    StoredField,
    frame_digest,
)

SETTINGS = {'algorithm': 'dis', 'bound': 20.0}
FRAMES = (b'before', b'after')


def some_field(seed=0, steadied=True):
    rng = np.random.default_rng(seed)
    return StoredField(rng.integers(0, 256, (6, 5, 2), dtype=np.uint8), steadied)


def files_in(folder):
    return sorted(path for path in folder.rglob('*') if path.is_file())


@pytest.fixture
def computed(monkeypatch):
    """How many fields were estimated."""
    counts = []

    def count(pairs, *arguments):
        pairs = list(pairs)
        counts.append(len(pairs))
        return real(pairs, *arguments)

    real = module.estimate_pairs
    monkeypatch.setattr(module, 'estimate_pairs', count)
    return counts


@pytest.mark.parametrize('steadied', [True, False])
def test_what_is_stored_is_found(tmp_path, steadied):
    FieldCache(tmp_path / 'new', SETTINGS).store(FRAMES, some_field(steadied=steadied))
    found = FieldCache(tmp_path / 'new', SETTINGS).load(FRAMES)
    assert found.steadied is steadied
    assert found.levels.dtype == np.uint8
    assert np.array_equal(found.levels, some_field().levels)


def test_what_differs_is_not_found(tmp_path, monkeypatch):
    cache = FieldCache(tmp_path, SETTINGS)
    cache.store(FRAMES, some_field())
    assert cache.load(FRAMES[::-1]) is None
    assert cache.load((b'before', b'other')) is None
    assert FieldCache(tmp_path, {**SETTINGS, 'bound': 10.0}).load(FRAMES) is None
    monkeypatch.setattr(field_cache, 'CACHE_VERSION', 0)
    assert FieldCache(tmp_path, SETTINGS).load(FRAMES) is None


def test_digests_tell_frames_apart():
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4)
    other = frame.copy()
    other[2, 3] += 1
    digests = {frame_digest(f) for f in (frame, other, frame.reshape(4, 3), frame.T)}
    assert len(digests) == 4
    assert frame_digest(frame[:, ::-1][:, ::-1]) == frame_digest(frame)


@pytest.mark.parametrize('damage', ['cut', 'byte', 'empty', 'other', 'small'])
def test_damaged_file_counts_as_missing(tmp_path, damage):
    cache = FieldCache(tmp_path, SETTINGS)
    cache.store(FRAMES, some_field())
    (path,) = files_in(tmp_path)
    content = bytearray(path.read_bytes())
    if damage == 'cut':
        del content[-9:]
    elif damage == 'byte':
        content[len(content) // 2] ^= 1
    elif damage == 'empty':
        content.clear()
    elif damage == 'other':
        content[:] = b'no field at all'
    else:
        content[:] = field_cache.zlib.compress(b'\6\0')
    path.write_bytes(content)
    assert cache.load(FRAMES) is None
    cache.store(FRAMES, some_field())
    assert np.array_equal(cache.load(FRAMES).levels, some_field().levels)


def test_nothing_is_left_by_an_interrupted_write(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    cache = FieldCache(tmp_path, SETTINGS)
    monkeypatch.setattr(field_cache.os, 'replace', fail)
    with pytest.raises(KeyboardInterrupt):
        cache.store(FRAMES, some_field())
    assert cache.load(FRAMES) is None


def test_full_disk_is_reported_once(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = FieldCache(tmp_path, SETTINGS)
    said = []
    monkeypatch.setattr(field_cache.os, 'replace', fail)
    monkeypatch.setattr(
        field_cache, 'print_log', lambda text, **options: said.append((text, options))
    )
    for _ in range(3):
        cache.store(FRAMES, some_field())
    assert files_in(tmp_path) == []
    ((text, options),) = said
    assert f'kept in {tmp_path} (No space left on device): free the disk' in text
    assert options == {'logger': 'current', 'level': logging.WARNING}


def _store_often(folder):
    cache = FieldCache(folder, SETTINGS)
    for _ in range(100):
        cache.store(FRAMES, some_field())


def test_processes_share_a_folder(tmp_path):
    fork = multiprocessing.get_context('fork')
    writers = [fork.Process(target=_store_often, args=(tmp_path,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    cache, seen = FieldCache(tmp_path, SETTINGS), 0
    while any(writer.is_alive() for writer in writers):
        found = cache.load(FRAMES)
        # Missing at first, but never half there.
        assert found is not None or not seen
        seen += found is not None
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    assert np.array_equal(cache.load(FRAMES).levels, some_field().levels)
    assert len(files_in(tmp_path)) == 1


def test_second_epoch_computes_nothing(tmp_path, computed):
    first = ComputeOpticalFlow('dis', cache_dir=str(tmp_path))(moving_sample())
    again = ComputeOpticalFlow('dis', cache_dir=str(tmp_path))(moving_sample())
    plain = ComputeOpticalFlow('dis')(moving_sample())
    assert computed == [6, 0, 6]
    assert np.array_equal(again['imgs'], first['imgs'])
    assert np.array_equal(plain['imgs'], first['imgs'])
    again['imgs'][0][:] = 0  # what is read can be changed


def test_only_what_is_missing_is_computed(tmp_path, computed):
    cached = ComputeOpticalFlow('dis', cache_dir=str(tmp_path))
    cached(moving_sample([0], 4))
    partly = cached(moving_sample([2], 4))
    assert computed == [3, 2]
    plain = ComputeOpticalFlow('dis')(moving_sample([2], 4))
    assert np.array_equal(partly['imgs'], plain['imgs'])


def test_a_damaged_field_is_computed_again(tmp_path, computed):
    cached = ComputeOpticalFlow('dis', cache_dir=str(tmp_path))
    first = cached(moving_sample())
    files_in(tmp_path)[0].write_bytes(b'')
    again = cached(moving_sample())
    assert computed == [6, 1]
    assert np.array_equal(again['imgs'], first['imgs'])


@pytest.mark.parametrize(
    'other',
    [
        ComputeOpticalFlow('dis', bound=10),
        ComputeOpticalFlow('farneback'),
        ComputeOpticalFlow('dis', parameters={'patch_stride': 4}),
        WarpOpticalFlow('dis'),
    ],
    ids=str,
)
def test_other_options_find_nothing(tmp_path, other):
    ComputeOpticalFlow('dis', cache_dir=str(tmp_path))(moving_sample())
    options = {'bound': other.bound, 'parameters': other.parameters}
    cached = type(other)(other.algorithm, cache_dir=str(tmp_path), **options)
    assert np.array_equal(
        cached(moving_sample())['imgs'], other(moving_sample())['imgs']
    )
    assert len(files_in(tmp_path)) == 2 * 6


def test_kept_rgb_frames_share_fields(tmp_path, computed):
    ComputeOpticalFlow('dis', cache_dir=str(tmp_path))(moving_sample())
    paired = ComputeOpticalFlow('dis', keep_rgb='all', cache_dir=str(tmp_path))
    assert len(paired(moving_sample())['imgs']) == 6 + 6
    assert computed == [6, 0]
