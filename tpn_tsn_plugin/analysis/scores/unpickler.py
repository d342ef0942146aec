"""Reading a pickle of predictions without running anything that it asks for.

What ``--dump`` writes are Python's plain values, tensors, and NumPy's arrays and
numbers. A pickle builds these by calling functions that it names. Here each name stands
for a function that does just that job, behind an object that a pickle can call and
cannot change; every other name is refused. The bytes of tensors are themselves read by
``torch.load`` with ``weights_only=True``.
"""

import io
import pickle
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import torch

from tpn_tsn_plugin.compat.checkpoint_pieces import (
    ForeignPieceError,
    PlainArray,
    PlainDType,
    empty_bytes,
    new_array,
    new_scalar,
)
from tpn_tsn_plugin.errors import ScoreFileError

SHOWN_CHARACTERS = 120

OpenFile = Callable[[Path], BinaryIO]


class Piece:
    """A function that a pickle may call, and nothing else.

    Args:
        function: What is called.
    """

    __slots__ = ('_function',)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        """Do what the pickle asks for."""
        return self._function(*args)

    def __setstate__(self, state: Any) -> NoReturn:
        """Refuse the one way in which a pickle changes an object.

        Raises:
            ForeignPieceError: Always.
        """
        raise ForeignPieceError('a change of what it may call')


def read_storage(data: bytes) -> np.ndarray:
    """Read the numbers that one or several tensors look at.

    Returns:
        All of them, one after the other.

    Raises:
        ForeignPieceError: The bytes are something else.
    """
    storage = torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    if not isinstance(storage, torch.TypedStorage):
        raise ForeignPieceError(f'{type(storage).__name__} in place of a tensor')
    numbers = torch.empty(0, dtype=storage.dtype).set_(storage)
    # NumPy has no bfloat16.
    held = numbers.float() if numbers.dtype == torch.bfloat16 else numbers
    return held.numpy()


def new_tensor(
    numbers: np.ndarray,
    offset: int,
    size: Sequence[int],
    stride: Sequence[int],
    *_: Any,
) -> np.ndarray:
    """Make a tensor as an array; what concerns gradients is left aside.

    Raises:
        ForeignPieceError: ``numbers`` were not read by :func:`read_storage`.
        RuntimeError: The tensor would reach beyond them, or repeat them.
    """
    if not isinstance(numbers, np.ndarray):
        raise ForeignPieceError(f'a tensor made of {type(numbers).__name__}')
    tensor = torch.from_numpy(numbers).as_strided(tuple(size), tuple(stride), offset)
    # By strides of zero, a few bytes could stand for more than the memory holds.
    if tensor.numel() > numbers.size:
        raise RuntimeError('a tensor says that it holds more numbers than the file')
    # A batch's samples share their numbers, which would stay whole for each of them.
    return tensor.numpy().copy()


def encode(text: str, encoding: str) -> bytes:
    """Make bytes, which protocol 2 writes as text.

    Raises:
        ForeignPieceError: Another encoding is asked for.
    """
    if not isinstance(text, str) or encoding != 'latin1':
        raise ForeignPieceError(f'_codecs.encode to {encoding!r}')
    return text.encode('latin1')


# The names are those in the files; NumPy 2 moved numpy.core to numpy._core, and
# Python 2 called its built-ins otherwise, which protocol 2 still does.
PIECES: dict[str, Piece] = {
    name: Piece(function)
    for name, function in (
        # Unlike an OrderedDict, a dict takes no attributes.
        ('collections.OrderedDict', dict),
        ('torch._utils._rebuild_tensor_v2', new_tensor),
        ('torch.storage._load_from_bytes', read_storage),
        ('_codecs.encode', encode),
        ('__builtin__.bytes', empty_bytes),
        ('builtins.bytes', empty_bytes),
        ('numpy.dtype', PlainDType),
        ('numpy.core.multiarray._reconstruct', new_array),
        ('numpy._core.multiarray._reconstruct', new_array),
        ('numpy.core.multiarray.scalar', new_scalar),
        ('numpy._core.multiarray.scalar', new_scalar),
        # Only handed to _reconstruct, which takes no notice of it.
        ('numpy.ndarray', PlainArray),
    )
}


class ScoreUnpickler(pickle._Unpickler):
    """Unpickler of plain values, tensors and arrays; both come out as arrays.

    Python's own, as that of ``torch.load``: the one in C makes room for as many values
    as a file says it will refer to, which can be more than the memory has.

    Args:
        file: The pickle.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return what stands for a name.

        Raises:
            ForeignPieceError: The name is none of ``PIECES``.
        """
        name = f'{module_name}.{global_name}'
        if name not in PIECES:
            raise ForeignPieceError(name)
        return PIECES[name]


def open_binary(path: Path) -> BinaryIO:
    """Open a file to read bytes."""
    return path.open('rb')


def load_samples(path: Path, open_file: OpenFile = open_binary) -> list[dict[str, Any]]:
    """Read what ``--dump`` wrote.

    Args:
        path: The file.
        open_file: Opens it; one that counts what is read can show how far it is.

    Returns:
        A dictionary a sample, with arrays in place of tensors.

    Raises:
        ScoreFileError: The file is no such list, is cut short, or asks for anything
            beyond ``PIECES``.
        OSError: It cannot be opened.
    """
    with open_file(path) as file:
        try:
            samples = ScoreUnpickler(file).load()
        except ForeignPieceError as error:
            raise ScoreFileError(
                f'{path} is refused: it asks for {_printable(str(error))}, which could '
                'run code while loading; only plain values, tensors and arrays are '
                'allowed, as --dump of MMAction2 writes them'
            ) from None
        except Exception as error:
            raise ScoreFileError(
                f'{path} cannot be read as a pickle of predictions '
                f'({_printable(f"{type(error).__name__}: {error}")}); give the file '
                'that --dump wrote, or test again if it is cut short'
            ) from error
    # An exact type has no methods that a file could have replaced.
    if type(samples) is not list or not all(type(s) is dict for s in samples):
        raise ScoreFileError(
            f'{path} holds no list of dictionaries, one a sample, which --dump of '
            'MMAction2 writes'
        )
    if not samples:
        raise ScoreFileError(f'{path} holds no sample; test again on a list of videos')
    return samples


def _printable(text: str) -> str:
    # A hostile file can write anything into a name, terminal controls included.
    return textwrap.shorten(re.sub(r'[^\x20-\x7e]', '?', text), SHOWN_CHARACTERS)
