"""Files that are written whole or not at all, and never over something by mistake."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tpn_tsn_plugin.errors import PluginError

# In the names of files that are not complete yet.
PARTIAL = '.partial'
FULL = (errno.ENOSPC, errno.EDQUOT)


def require_free(
    outputs: Sequence[Path], inputs: Sequence[Path], *, force: bool
) -> None:
    """Check that nothing is lost where files are to be written.

    Args:
        outputs: Files that will be written.
        inputs: Files that will be read.
        force: Whether other files may be replaced.

    Raises:
        PluginError: A file is read and written, written twice, or there and not to be
            replaced.
    """
    read = {path.resolve() for path in inputs}
    written: set[Path] = set()
    for path in outputs:
        if path.is_dir():
            raise PluginError(f'{path} is a folder; give the name of a file')
        if path.resolve() in read:
            raise PluginError(f'{path} is read; give another name to write to')
        if path.resolve() in written:
            raise PluginError(f'{path} would be written twice; give other names')
        if path.exists() and not force:
            raise PluginError(
                f'{path} exists; give another name, or --force to replace it'
            )
        written.add(path.resolve())


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write beside a file, and put the result in its place when it is complete.

    Args:
        path: The file.

    Yields:
        Where to write, with the same suffix.

    Raises:
        OSError: It cannot be written; the file is named, as Python's own error of a
            full disk does not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.stem}.{os.getpid()}{PARTIAL}{path.suffix}')
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        if error.filename is not None or error.errno not in FULL:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Args:
        path: The file, in a folder that is made if it is not there.
        content: Text, which is encoded in UTF-8, or bytes.
    """
    with written_whole(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
