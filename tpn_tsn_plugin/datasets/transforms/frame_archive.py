"""Frame folders that are packed into one file each, read where they lie.

A set of a million small files is slow to copy and to list; one archive a video is not.
"""

import errno
import os
import os.path as osp
import zipfile
from types import TracebackType

from tpn_tsn_plugin.errors import FrameFolderError

SUFFIX = '.zip'


def find_archive(folder: str) -> str | None:
    """Find the archive that stands in the place of a folder.

    Args:
        folder: Path of the folder, or of the archive.

    Returns:
        Path of the archive, or None if there is the folder, or neither.
    """
    if osp.isdir(folder):
        return None
    for path in (folder, folder.rstrip('/') + SUFFIX):
        if path.endswith(SUFFIX) and osp.isfile(path):
            return path
    return None


class FrameArchive:
    """The files of an archive, as if it were a folder.

    It is opened anew for each sample: data workers are forked, and would share their
    place in a file that is open.

    Args:
        path: The archive.
        folder: The folder that it stands for.

    Raises:
        FrameFolderError: It cannot be read.
    """

    def __init__(self, path: str, folder: str) -> None:
        self.path = path
        self.folder = folder
        try:
            self._archive = zipfile.ZipFile(path)
        except Exception as error:
            # What damaged archives cause is nowhere said.
            raise self._damaged(error) from error

    def __enter__(self) -> 'FrameArchive':
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._archive.close()

    def names(self) -> list[str]:
        """Names of its files."""
        return self._archive.namelist()

    def get(self, filepath: str) -> bytes:
        """Read a file, as MMEngine's file clients do.

        Args:
            filepath: Its path, as if the archive were a folder.

        Raises:
            FileNotFoundError: There is none of that name.
            FrameFolderError: The archive is damaged.
        """
        try:
            return self._archive.read(osp.relpath(filepath, self.folder))
        except KeyError:
            text = os.strerror(errno.ENOENT)
            raise FileNotFoundError(errno.ENOENT, text, filepath) from None
        except Exception as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> FrameFolderError:
        return FrameFolderError(
            f'{self.path} cannot be read ({error}); extract the video again'
        )
