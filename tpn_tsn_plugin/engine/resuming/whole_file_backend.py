"""Files on disk that are there whole or not at all."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.output_files import write_whole

WHOLE_FILES = 'whole'


class WholeFileBackend(LocalBackend):
    """Writes beside a file and then puts it in its place.

    MMEngine's own writes into the file, so that a kill meanwhile or a full disk leaves
    a piece of a checkpoint under a checkpoint's name.

    ``CheckpointHook(backend_args=dict(backend='whole'))`` uses it;
    :class:`ResumableEpochLoop` and :class:`ResumableIterLoop` see to that.
    """

    def put(self, obj: bytes | memoryview, filepath: str | Path) -> None:
        """Write bytes.

        Raises:
            CheckpointError: They cannot be written; what was there is there still.
        """
        try:
            write_whole(Path(filepath), bytes(obj))
        except OSError as error:
            raise CheckpointError(
                f'{filepath} cannot be written ({error.strerror or error}); earlier '
                'checkpoints are whole: make room and start again with --resume'
            ) from error


register_backend(WHOLE_FILES, WholeFileBackend)
