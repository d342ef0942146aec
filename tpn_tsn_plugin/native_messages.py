"""Messages that libraries print past Python, of which each error has one of ours."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what C++ code writes to the standard error; for moments only."""
    with open(os.devnull, 'wb') as nowhere, _standard_error_into(nowhere):
        yield


@contextmanager
def silenced_on_error() -> Iterator[None]:
    """Drop what is written to the standard error if the block raises."""
    with tempfile.TemporaryFile() as kept:
        with _standard_error_into(kept):
            yield
        kept.seek(0)
        with os.fdopen(os.dup(2), 'wb') as standard_error:
            shutil.copyfileobj(kept, standard_error)


@contextmanager
def _standard_error_into(file: BinaryIO) -> Iterator[None]:
    sys.stderr.flush()
    before = os.dup(2)
    try:
        os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
