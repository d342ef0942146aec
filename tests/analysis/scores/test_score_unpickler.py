"""What a file of predictions may hold, and that nothing in it runs."""

import io
import os
import pickle
import re
import sys
import warnings
from collections import OrderedDict
from functools import partial
from pathlib import Path

import mmengine
import numpy as np
import pytest
import torch
from score_dumps import toy_probabilities, write_dump

from tpn_tsn_plugin.analysis.scores.unpickler import (
    PIECES,
    ScoreUnpickler,
    load_samples,
)
from tpn_tsn_plugin.errors import ScoreFileError

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


class Call:
    """Pickles into a call, with a state to build afterwards if there is one."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.reduced


def through_file(value, protocol=2):
    return ScoreUnpickler(io.BytesIO(pickle.dumps(value, protocol))).load()


@pytest.fixture
def write(tmp_path):
    def to_file(value):
        path = tmp_path / 'a.pkl'
        path.write_bytes(value if isinstance(value, bytes) else pickle.dumps(value, 2))
        return path

    return to_file


def test_a_dump_reads_as_with_pickle(tmp_path):
    values = toy_probabilities([0, 1, 2, 1], 3, seed=0)
    path = write_dump(tmp_path / 'a.pkl', values, [0, 1, 2, 1], video_id=list('abcd'))
    theirs = mmengine.load(path)
    samples = load_samples(path)
    assert len(samples) == len(theirs) == 4
    for ours, other in zip(samples, theirs):
        assert ours.keys() == other.keys() >= {'pred_score', 'gt_label', 'video_id'}
        assert ours['img_shape'] == other['img_shape']
        assert type(ours['pred_score']) is np.ndarray
        np.testing.assert_array_equal(ours['pred_score'], other['pred_score'].numpy())
        # what belongs to other samples of the batch is not kept
        assert ours['pred_score'].base is None


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize(
    'tensor',
    [
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(6)[2:4],
        torch.zeros(0),
        torch.tensor(2.5, dtype=torch.float64),
        torch.tensor([True, False]),
        torch.tensor([1.5, -2], dtype=torch.float16),
        torch.ones(2, requires_grad=True),
    ],
)
def test_tensors_come_out_as_arrays(tensor, protocol):
    loaded = through_file([tensor], protocol)[0]
    expected = tensor.detach().numpy()
    assert loaded.dtype == expected.dtype
    np.testing.assert_array_equal(loaded, expected)


def test_bfloat16_becomes_float32():
    loaded = through_file(torch.tensor([0.5, 3], dtype=torch.bfloat16))
    assert loaded.dtype == np.float32
    assert loaded.tolist() == [0.5, 3]


def test_no_warning_is_given():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert through_file(torch.ones(2)).tolist() == [1, 1]


@pytest.mark.parametrize('protocol', PROTOCOLS[:-1])
@pytest.mark.parametrize('code', ['?', 'i8', 'f2', '>f4', 'f8'])
def test_numpys_own(code, protocol):
    array = np.arange(6).reshape(2, 3).astype(code)
    loaded = through_file([array, array[0, 1], np.zeros((0,), code)], protocol)
    np.testing.assert_array_equal(loaded[0], array)
    assert loaded[1] == array[0, 1]
    assert loaded[2].shape == (0,)


def test_plain_values():
    value = dict(
        a=[1, 2.5, None, True], b=('x', b'yz', b''), c=OrderedDict(d='é' * 300)
    )
    assert through_file(value) == value


class Evil:
    """Leaves a trace if it is ever called."""

    def __reduce__(self):
        return os.mkdir, ('evil',)


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize(
    ('value', 'named'),
    [
        (Evil(), r'posix\.mkdir|nt\.mkdir'),
        (dict(pred_score=Evil()), 'mkdir'),
        (Call(eval, '1'), 'eval'),
        (Call(getattr, 'a', 'upper'), 'getattr'),
        (partial(print, 'x'), 'functools.partial'),
        (torch.nn.Linear(1, 1), 'torch.nn.modules.linear.Linear'),
        (torch.nn.Parameter(torch.ones(1)), '_rebuild_parameter'),
        (np.array([object()]), 'numpy.dtype|builtins.object'),
        (Path('a'), 'pathlib'),
        ({1, 2}, 'set'),
    ],
)
def test_the_rest_is_refused_by_name(value, named, protocol, tmp_path, monkeypatch):
    if type(value) is set and protocol > 3:
        pytest.skip('later protocols write sets without naming anything')
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps([value], protocol))
    with pytest.raises(ScoreFileError, match='is refused: it asks for') as caught:
        load_samples(path)
    assert re.search(named, str(caught.value))
    assert '\n' not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_code_in_the_bytes_of_a_tensor_does_not_run(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = io.BytesIO()
    torch.save(Evil(), file, _use_new_zipfile_serialization=False)
    inner = Call(torch.storage._load_from_bytes, file.getvalue())
    with pytest.raises(ScoreFileError, match=r'cannot be read .*Unpickling'):
        load_samples(write([dict(pred_score=inner)]))
    assert not (tmp_path / 'evil').exists()


def test_bytes_of_something_else_than_a_tensor(write):
    file = io.BytesIO()
    torch.save({'a': 1}, file)
    inner = Call(torch.storage._load_from_bytes, file.getvalue())
    with pytest.raises(ScoreFileError, match='dict in place of a tensor'):
        load_samples(write([inner]))


def test_tensor_does_not_reach_beyond_its_bytes(write):
    storage = torch.arange(4.0)._typed_storage()
    rebuild = torch._utils._rebuild_tensor_v2
    for offset, size, stride in [(0, (5,), (1,)), (3, (2,), (1,)), (0, (2,), (9,))]:
        args = (storage, offset, size, stride, False, OrderedDict())
        with pytest.raises(ScoreFileError, match=r'cannot be read .*setStorage'):
            load_samples(write([Call(rebuild, *args)]))


def test_what_may_be_called_cannot_be_changed(write):
    # GLOBAL names a piece, BUILD sets its state
    for name in PIECES:
        module, _, function = name.rpartition('.')
        for state in (b'}X\x01\x00\x00\x00aK\x01s', b'N}X\x01\x00\x00\x00aK\x01s\x86'):
            hostile = f'c{module}\n{function}\n'.encode() + state + b'b.'
            with pytest.raises(ScoreFileError, match='a change of what it may call'):
                load_samples(write(b'\x80\x02' + hostile))
            assert not hasattr(PIECES[name], 'a')


def test_objects_cannot_be_slipped_under_numbers(write):
    state = (1, (1,), np.dtype('O'), False, [Evil()])
    tensor = Call(
        torch._utils._rebuild_tensor_v2,
        *(torch.ones(1)._typed_storage(), 0, (1,), (1,), False, OrderedDict()),
        state=state,
    )
    with pytest.raises(ScoreFileError):
        load_samples(write([tensor]))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'cannot be read as a pickle of predictions .EOFError'),
        (b'not a pickle', 'cannot be read as a pickle'),
        (pickle.dumps([dict(a=1)] * 9)[:-5], 'test again if it is cut short'),
        (dict(a=1), 'holds no list of dictionaries, one a sample'),
        ([dict(a=1), 3], 'holds no list of dictionaries'),
        ([], 'holds no sample'),
        (b'\x80\x02cos\nsystem\x1b[31m\n.', r'asks for os\.system\?\[31m'),
        (b'\x80\x02Pid\n.', 'cannot be read'),
    ],
)
def test_other_files_are_refused_in_one_line(content, message, write):
    with pytest.raises(ScoreFileError, match=message) as caught:
        load_samples(write(content))
    assert str(caught.value).startswith(str(write(content)))
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(write(content)))


def test_checkpoint_in_place_of_a_dump(tmp_path):
    torch.save({'state_dict': {}}, tmp_path / 'a.pth')
    with pytest.raises(ScoreFileError, match='give the file that --dump wrote'):
        load_samples(tmp_path / 'a.pth')


def test_missing_file_is_named_by_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_samples(tmp_path / 'nothing.pkl')


def test_nothing_is_imported(write):
    name = 'antigravity'
    sys.modules.pop(name, None)
    with pytest.raises(ScoreFileError, match=r'asks for antigravity\.fly'):
        load_samples(write(b'\x80\x02cantigravity\nfly\n.'))
    assert name not in sys.modules
