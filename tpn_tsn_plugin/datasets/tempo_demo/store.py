"""A folder that is made once, whole or not at all, whoever asks for it first.

Everything is written into a hidden sibling folder, the manifest last, and the sibling
is renamed when it is complete. A run that is killed leaves a sibling that nobody
trusts and that the next run removes. Knows nothing of what the folder holds.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mmengine.logging import print_log

from tpn_tsn_plugin.errors import DemoDataError

MANIFEST = 'manifest.json'


def read_manifest(root: Path) -> dict[str, Any] | None:
    """Read a folder's manifest.

    Returns:
        The manifest, or None if the folder is missing or empty.

    Raises:
        DemoDataError: The folder holds something else, or its manifest is broken.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return None
    try:
        manifest = json.loads((root / MANIFEST).read_text())
        parameters, files = manifest['parameters'], manifest['files']
        if not isinstance(parameters, dict) or not isinstance(files, dict):
            raise TypeError('parameters and files must be objects')
        _flatten(parameters)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DemoDataError(
            f'{root} exists but holds no demo data (no usable {MANIFEST}); '
            'choose another folder or remove this one'
        ) from error
    return manifest


def _flatten(value: Any, name: str = '') -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat.update(_flatten(inner, f'{name}.{key}' if name else key))
    return flat


def require_same(root: Path, made: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse a folder that was made with other parameters.

    Raises:
        DemoDataError: The message names the parameters that differ.
    """
    old, new = _flatten(made), _flatten(wanted)
    differing = [
        f'{key} is {old.get(key)!r}, asked for {new.get(key)!r}'
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    if differing:
        raise DemoDataError(
            f'{root} was made with other parameters: {"; ".join(differing)}; ask for '
            'the same, choose another folder, or delete this one '
            '(`tpn-tsn make-demo-data --force` remakes it)'
        )


def require_whole(root: Path, files: dict[str, int]) -> None:
    """Refuse a folder in which files have since been lost or changed.

    Args:
        root: The folder.
        files: Size in bytes per path relative to ``root``.

    Raises:
        DemoDataError: The message gives the number of files and one of them.
    """
    damaged = [name for name, size in files.items() if _size(root / name) != size]
    if damaged:
        raise DemoDataError(
            f'{root} is damaged: {len(damaged)} of {len(files)} files are missing or '
            f'changed, first {damaged[0]}; delete it to have it made anew '
            '(`tpn-tsn make-demo-data --force` remakes it)'
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        # No file can have some names.
        return -1


def make_once(
    root: Path,
    parameters: dict[str, Any],
    fill: Callable[[Path], dict[str, Any]],
    force: bool = False,
) -> bool:
    """Make a folder unless it is there, with one maker among all processes.

    Args:
        root: The folder.
        parameters: What its content depends on, as JSON reads it back.
        fill: Writes the content into the folder that it is given; what it returns
            is added to the manifest.
        force: Remake a folder that was made with other parameters or is damaged.
            What is there is kept until the new one is complete.

    Returns:
        Whether the folder was made now.

    Raises:
        DemoDataError: The folder holds other or damaged data and ``force`` is off,
            or it holds something that is no demo data.
    """
    # A link to another disk stays a link: what it points to is renamed, not itself.
    root = root.resolve()
    if not force and _usable(root, parameters):
        return False
    with _locked(root):
        _recover(root)
        # Another process may have made it while this one waited for the lock.
        if not force and _usable(root, parameters):
            return False
        read_manifest(root)
        partial = Path(
            tempfile.mkdtemp(prefix=f'.{root.name}.partial-', dir=root.parent)
        )
        try:
            partial.chmod(0o755)
            extra = fill(partial)
            _write_manifest(partial, {'parameters': parameters, **extra})
            _swap(partial, root)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return True


def _usable(root: Path, parameters: dict[str, Any]) -> bool:
    manifest = read_manifest(root)
    if manifest is None:
        return False
    require_same(root, manifest['parameters'], parameters)
    require_whole(root, manifest['files'])
    return True


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    try:
        # A lock that cannot be created would be waited for without end.
        root.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root.parent).close()
    except OSError as error:
        raise DemoDataError(
            f'cannot write in {root.parent} ({error.strerror}); choose another folder'
        ) from error
    lock = FileLock(root.parent / f'.{root.name}.lock')
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print_log(f'waiting for the process that makes {root}', logger='current')
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _retired(root: Path) -> Path:
    return root.parent / f'.{root.name}.old'


def _recover(root: Path) -> None:
    """Clean up after runs that were killed; only called under the lock."""
    for partial in root.parent.glob(f'.{root.name}.partial-*'):
        shutil.rmtree(partial, ignore_errors=True)
    retired = _retired(root)
    if retired.exists() and not root.exists():
        retired.rename(root)
    shutil.rmtree(retired, ignore_errors=True)


def _swap(partial: Path, root: Path) -> None:
    if root.exists():
        root.rename(_retired(root))
    partial.rename(root)
    shutil.rmtree(_retired(root), ignore_errors=True)


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
    text = json.dumps({**manifest, 'files': files}, indent=1)
    with open(folder / MANIFEST, 'w') as file:
        file.write(text + '\n')
        file.flush()
        os.fsync(file.fileno())
