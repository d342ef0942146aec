"""What a checkpoint written by MMEngine holds beside tensors, as safe pieces.

``torch.load(weights_only=True)`` refuses everything that is not on its list, and lets
a caller say which object answers to which name. The real objects are not safe enough
to be named: with ``getattr`` a file can reach and change any module, and with
``numpy.dtype`` it can build an array that takes raw bytes for object pointers. The
pieces here do what MMEngine's files need and refuse the rest. Arrays come out as a
subclass of ``numpy.ndarray``; :func:`to_plain` turns them into ordinary ones.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler

# Booleans, integers, floats, complex numbers, byte strings and strings.
PLAIN_KINDS = frozenset('biufcSU')

# A HistoryBuffer writes its statistics as getattr(HistoryBuffer, 'mean'), …, and a
# one-cycle schedule its annealing function in the same way.
METHODS: dict[tuple[type, str], Callable[..., Any]] = {
    (owner, name): getattr(owner, name)
    for owner, names in (
        (HistoryBuffer, ('min', 'max', 'current', 'mean')),
        (OneCycleParamScheduler, ('_annealing_cos', '_annealing_linear')),
    )
    for name in names
}


class ForeignPieceError(Exception):
    """A checkpoint asks for something that is not on the list; names it."""


class PlainDType:
    """Stands for a NumPy data type without fields, sub-arrays or objects.

    Args:
        spec: Kind and size, such as ``f8``.
        align: Part of NumPy's pickles, without meaning for plain types.
        copy: Likewise.

    Raises:
        ForeignPieceError: The type is not a plain one.
    """

    def __init__(self, spec: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(spec, str) or np.dtype(spec).kind not in PLAIN_KINDS:
            raise ForeignPieceError(f'numpy.dtype({spec!r})')
        self.value = np.dtype(spec)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take over the byte order; the rest follows from the kind and the size."""
        self.value = self.value.newbyteorder(state[1])


class PlainArray(np.ndarray):
    """An array that is read from a checkpoint; it has a plain data type."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Fill the array as NumPy does, from raw bytes only.

        Raises:
            ForeignPieceError: The array holds objects, or is no plain array.
        """
        _, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, PlainDType) or not isinstance(data, bytes):
            raise ForeignPieceError('numpy.ndarray of objects')
        super().__setstate__((1, shape, dtype.value, is_fortran, data))


def new_array(kind: type, shape: tuple[int, ...], typecode: bytes) -> PlainArray:
    """Make the empty array that ``PlainArray.__setstate__`` fills."""
    return PlainArray((0,))


def new_scalar(dtype: PlainDType, data: bytes) -> np.generic:
    """Make a NumPy scalar from its bytes.

    Raises:
        ForeignPieceError: The scalar holds an object, or is no plain scalar.
    """
    if not isinstance(dtype, PlainDType) or not isinstance(data, bytes):
        raise ForeignPieceError('numpy scalar of objects')
    (scalar,) = np.frombuffer(data, dtype=dtype.value)
    return scalar


def empty_bytes() -> bytes:
    """Stand for ``bytes()``, as which the data of an empty array are written."""
    return b''


def get_method(owner: type, name: str) -> Callable[..., Any]:
    """Look up one of ``METHODS``, and nothing else that ``getattr`` could reach.

    Raises:
        ForeignPieceError: The attribute is none of ``METHODS``.
    """
    try:
        return METHODS[owner, name]
    except (KeyError, TypeError):
        shown = getattr(owner, '__qualname__', type(owner).__qualname__)
        raise ForeignPieceError(f'builtins.getattr({shown}, {name!r})') from None


def to_plain(value: Any, done: dict[int, Any] | None = None) -> Any:
    """Turn the arrays in a loaded checkpoint into ordinary ``numpy.ndarray``.

    Args:
        value: What was loaded: containers, tensors, numbers, …; changed in place
            where it can be changed.
        done: Results by ``id`` of what was met before, so that shared and cyclic
            containers are visited once.

    Returns:
        The value, or what takes its place.
    """
    done = {} if done is None else done
    if id(value) in done:
        return done[id(value)]
    done[id(value)] = value
    if isinstance(value, PlainArray):
        done[id(value)] = np.array(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            value[key] = to_plain(item, done)
    elif isinstance(value, list):
        value[:] = [to_plain(item, done) for item in value]
    elif isinstance(value, HistoryBuffer):
        to_plain(vars(value), done)
    elif type(value) is tuple:
        done[id(value)] = tuple(to_plain(item, done) for item in value)
    return done[id(value)]


# The names are those in the files; NumPy 2 moved numpy.core to numpy._core.
PIECES: tuple[tuple[Callable[..., Any], str], ...] = (
    (HistoryBuffer, 'mmengine.logging.history_buffer.HistoryBuffer'),
    (
        OneCycleParamScheduler,
        'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler',
    ),
    (get_method, 'builtins.getattr'),
    (empty_bytes, 'builtins.bytes'),
    (PlainDType, 'numpy.dtype'),
    (PlainArray, 'numpy.ndarray'),
    (new_array, 'numpy.core.multiarray._reconstruct'),
    (new_array, 'numpy._core.multiarray._reconstruct'),
    (new_scalar, 'numpy.core.multiarray.scalar'),
    (new_scalar, 'numpy._core.multiarray.scalar'),
)
