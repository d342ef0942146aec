import io
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from tpn_tsn_plugin.compat.checkpoint_loading import allow_pieces
from tpn_tsn_plugin.compat.checkpoint_pieces import (
    ForeignPieceError,
    PlainArray,
    to_plain,
)


def through_file(value: Any) -> Any:
    """Save a value and load it with the pieces allowed."""
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    with allow_pieces():
        return to_plain(torch.load(file, weights_only=True))


class Call:
    """Pickles into a call, with a state to build afterwards if there is one."""

    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self.reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


@pytest.mark.parametrize('code', ['?', 'i1', 'u2', '>i4', 'i8', 'f2', 'f4', 'f8', 'c8'])
@pytest.mark.parametrize('shape', [(), (0,), (3,), (2, 3)])
def test_plain_arrays_survive(code: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(code)
    loaded = through_file({'array': np.asfortranarray(array)})['array']
    assert type(loaded) is np.ndarray
    # NumPy's own pickles swap foreign byte orders while they load as well.
    assert loaded.dtype == array.dtype.newbyteorder('=')
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize(
    'scalar', [np.float64(0.1), np.int32(-3), np.bool_(True), np.str_('left')]
)
def test_plain_scalars_survive(scalar: np.generic) -> None:
    loaded = through_file([scalar])[0]
    assert type(loaded) is type(scalar)
    assert loaded == scalar


def test_files_of_numpy_1_load() -> None:
    source, target = io.BytesIO(), io.BytesIO()
    torch.save([np.arange(3.0), np.float64(2)], source)
    with zipfile.ZipFile(source) as new, zipfile.ZipFile(target, 'w') as old:
        for record in new.infolist():
            data = new.read(record).replace(b'numpy._core.', b'numpy.core.')
            old.writestr(record.filename, data)
    assert b'numpy.core.multiarray' in target.getvalue()
    target.seek(0)
    with allow_pieces():
        array, scalar = to_plain(torch.load(target, weights_only=True))
    np.testing.assert_array_equal(array, [0, 1, 2])
    assert scalar == 2


RECONSTRUCT = np.zeros(1).__reduce__()[0]
# Built into a dtype that claims to have no objects, this one makes NumPy follow raw
# bytes as a pointer (a segmentation fault with NumPy 2.4).
HOSTILE_STATE = (3, '|', None, ('a',), {'a': (np.dtype('O'), 0)}, 8, 1, 0)
# NumPy takes over these flags, and then holds numbers for objects.
HOSTILE_FLAGS = (3, '<', None, None, None, -1, -1, 63)


@pytest.mark.parametrize(
    ('value', 'named'),
    [
        (Call(getattr, HistoryBuffer, '__init__'), r"getattr\(HistoryBuffer, '__init"),
        (Call(getattr, {}, 'keys'), r"getattr\(dict, 'keys'\)"),
        (np.array([object()]), r"numpy.dtype\('O8?'\)"),
        (np.zeros(2, dtype='f8,i4'), r"numpy.dtype\('V12'\)"),
        (Call(np.dtype, 'V8', False, True, state=HOSTILE_STATE), r"dtype\('V8'\)"),
        (Call(np.dtype, '(2,)f8', False, True), r'numpy.dtype'),
        (np.datetime64('2020-01-01'), r"numpy.dtype\('M8"),
    ],
)
def test_the_rest_is_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(ForeignPieceError, match=named):
        through_file(value)


def test_objects_cannot_be_slipped_under_a_number() -> None:
    dtype = Call(np.dtype, 'f8', False, True, state=HOSTILE_FLAGS)
    state = (1, (1,), dtype, False, b'A' * 8)
    loaded = through_file(Call(RECONSTRUCT, np.ndarray, (0,), b'b', state=state))
    assert loaded.dtype == np.dtype('f8')
    assert not loaded.dtype.hasobject


@pytest.mark.parametrize('data', [b'short', [1.0, 2.0]])
def test_array_of_another_size_or_kind_is_refused(data: Any) -> None:
    dtype = Call(np.dtype, 'f8', False, True, state=(3, '<'))
    state = (1, (2,), dtype, False, data)
    array = Call(RECONSTRUCT, np.ndarray, (0,), b'b', state=state)
    with pytest.raises((ForeignPieceError, ValueError)):
        through_file(array)


def test_to_plain_keeps_containers() -> None:
    array = np.arange(3).view(PlainArray)
    metadata = OrderedDict(version=1)
    state = OrderedDict(weight=torch.ones(1))
    state._metadata = metadata
    value = {'list': [array, array], 'tuple': (array, 'text'), 'state': state}
    value['self'] = value
    plain = to_plain(value)
    assert plain is value
    assert plain['self'] is plain
    assert plain['list'][0] is plain['list'][1] is plain['tuple'][0]
    assert type(plain['list'][0]) is np.ndarray
    assert plain['state'] is state
    assert state._metadata is metadata


def test_to_plain_visits_shared_lists_once() -> None:
    value: list[Any] = []
    for _ in range(60):
        value = [value, value]
    # 2 ** 60 visits would not end.
    assert to_plain(value) is value


def test_history_of_loaded_buffer_can_be_extended_and_saved() -> None:
    buffer = through_file(HistoryBuffer([1.0, 2.0], [1, 1]))
    buffer.update(6.0)
    assert buffer.mean() == pytest.approx(3.0)
    assert type(buffer.data[0]) is np.ndarray
    assert pickle.loads(pickle.dumps(buffer)).mean() == pytest.approx(3.0)
