"""Computed fields kept on disk, so that later epochs do not compute them again."""

import hashlib
import json
import logging
import os
import struct
import uuid
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

# Raised whenever the same frames and options give other fields or files.
CACHE_VERSION = 1
# Height, width, and whether the field is steadied.
HEADER = struct.Struct('<II?')
# The fastest: a field takes a fifth of its size, and more effort gains little.
COMPRESSION = 1


class StoredField(NamedTuple):
    """Optical flow as grey levels.

    Attributes:
        levels: (H, W, 2) uint8, x before y.
        steadied: Whether the camera's motion was removed.
    """

    levels: NDArray[Any]
    steadied: bool


def frame_digest(frame: NDArray[Any]) -> bytes:
    """Digest of a grey frame, (H, W) uint8: equal for equal frames alone."""
    digest = hashlib.sha256(repr(frame.shape).encode())
    digest.update(np.ascontiguousarray(frame).data)
    return digest.digest()


class FieldCache:
    """Fields by the content of their frames and all that they were made with.

    Each field is a file of its own, compressed without loss, and appears whole or not
    at all: any number of workers and ranks may share a folder. A damaged file counts
    as missing. Nothing is ever removed; delete the folder to free the disk.

    Args:
        folder: Where the files go; made when the first field is stored.
        settings: What fields depend on beside their frames, as JSON takes it.
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, Any]) -> None:
        made = {'version': CACHE_VERSION, 'opencv': cv2.__version__, **settings}
        self.folder = Path(folder)
        self._settings = json.dumps(made, sort_keys=True).encode()
        self._writable = True

    def load(self, frames: tuple[bytes, bytes]) -> StoredField | None:
        """Look for a field.

        Args:
            frames: Digests of the frame before and the frame after.

        Returns:
            The field, or None if it is not there or damaged.
        """
        try:
            content = zlib.decompress(self._path(frames).read_bytes())
            height, width, steadied = HEADER.unpack_from(content)
            levels = np.frombuffer(content, np.uint8, offset=HEADER.size)
            return StoredField(levels.reshape(height, width, 2), steadied)
        except (OSError, zlib.error, struct.error, ValueError, MemoryError):
            return None

    def store(self, frames: tuple[bytes, bytes], field: StoredField) -> None:
        """Keep a field; a disk that takes no more is reported once, and not an error.

        Args:
            frames: As in :meth:`load`.
            field: The field.
        """
        if not self._writable:
            return
        height, width, _ = field.levels.shape
        header = HEADER.pack(height, width, field.steadied)
        content = zlib.compress(header + field.levels.tobytes(), COMPRESSION)
        path = self._path(frames)
        partial = path.with_name(f'.{path.name}.{uuid.uuid4().hex}')
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_bytes(content)
                os.replace(partial, path)
            except OSError:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            self._writable = False
            print_log(
                f'optical flow is no longer kept in {self.folder} ({error.strerror}): '
                'free the disk or set another cache_dir; it is computed anew meanwhile',
                logger='current',
                level=logging.WARNING,
            )

    def _path(self, frames: tuple[bytes, bytes]) -> Path:
        name = hashlib.sha256(self._settings + b''.join(frames)).hexdigest()
        # A folder of all files would be slow to look into.
        return self.folder / name[:2] / f'{name[2:]}.field'
