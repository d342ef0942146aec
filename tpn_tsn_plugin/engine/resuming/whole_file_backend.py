"""Files on disk that are there whole or not at all."""

from pathlib import Path
from typing import ClassVar

from mmengine.fileio import LocalBackend, register_backend

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.output_files import write_whole

WHOLE_FILES = 'whole'


class WholeFileBackend(LocalBackend):
    """Writes beside a file and then puts it in its place; deletes after that.

    MMEngine's own writes into the file, so that a kill meanwhile or a full disk leaves
    a piece of a checkpoint under a checkpoint's name. And its hook deletes the earlier
    checkpoint first, the best one too.

    ``CheckpointHook(backend_args=dict(backend='whole'))`` uses it;
    :class:`ResumableEpochLoop` and :class:`ResumableIterLoop` see to that.
    """

    # Of all instances: MMEngine deletes with one of them and writes with another.
    _outdated: ClassVar[set[Path]] = set()

    def remove(self, filepath: str | Path) -> None:
        """Delete a file as soon as the next one in its folder is whole."""
        self._outdated.add(Path(filepath))

    def put(self, obj: bytes | memoryview, filepath: str | Path) -> None:
        """Write bytes, and delete what this outdates.

        Raises:
            CheckpointError: They cannot be written; what was there is there still.
        """
        path = Path(filepath)
        outdated = {own for own in self._outdated if own.parent == path.parent}
        self._outdated.difference_update(outdated)
        try:
            write_whole(path, bytes(obj))
        except OSError as error:
            raise CheckpointError(
                f'{path} cannot be written ({error.strerror or error}); earlier '
                'checkpoints are whole: make room and start again with --resume'
            ) from error
        for own in outdated - {path}:
            own.unlink(missing_ok=True)


register_backend(WHOLE_FILES, WholeFileBackend)
