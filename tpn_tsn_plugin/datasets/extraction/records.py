"""What is known of a video that was extracted, written beside its files.

A record is written last, and its folder or archive then renamed to its place: where one
is found, the video is complete.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.errors import FrameFolderError, require_positive_int

from .names import RECORD
from .options import EXTRACTION_VERSION, FORMATS, ExtractionOptions


@dataclass(frozen=True)
class Record:
    """How the files of a video were made.

    Attributes:
        options: As :meth:`ExtractionOptions.record` gives them.
        made_with: Versions by name.
        fields: Number of fields.
        unwarped: Of these, how many keep the camera's motion, which could not be told;
            None where it was not to be removed.
        size: Width and height in pixels.
    """

    options: Mapping[str, Any]
    made_with: Mapping[str, str]
    fields: int
    unwarped: int | None
    size: tuple[int, int]

    def to_json(self) -> str:
        """The text of its file."""
        return json.dumps(self.__dict__, indent=1) + '\n'


def place_of(out: Path, name: str, file_format: str) -> Path:
    """Where a video's files go: a folder, or one file.

    Args:
        out: Folder of all videos' files.
        name: The video's.
        file_format: One of ``FORMATS``.
    """
    return out / f'{name}.zip' if file_format == 'zip' else out / name


def find_record(out: Path, name: str) -> Record | None:
    """Find a video's record, whatever the format of its files.

    Args:
        out: Folder of all videos' files.
        name: The video's.

    Returns:
        The record, or None if the video was not extracted.

    Raises:
        FrameFolderError: Something else is in its place.
    """
    for file_format in FORMATS:
        place = place_of(out, name, file_format)
        try:
            return _parse(_read(place))
        except FileNotFoundError:
            if place.is_dir() and any(place.iterdir()):
                raise _foreign(place) from None
        except Exception as error:
            # What damaged archives cause is nowhere said.
            raise _foreign(place) from error
    return None


def require_same(name: str, made: Record, wanted: Mapping[str, Any]) -> None:
    """Refuse files that were made with other options.

    Args:
        name: The video's.
        made: Its record.
        wanted: Options as :meth:`ExtractionOptions.record` gives them.

    Raises:
        FrameFolderError: The message names what differs.
    """
    old, new = _flatten(made.options), _flatten(wanted)
    differing = [
        f'{key} is {old.get(key)!r}, asked for {new.get(key)!r}'
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    if differing:
        raise FrameFolderError(
            f'{name} was extracted with other options: {"; ".join(differing)}; ask for '
            'the same, choose another folder, or extract such videos anew with --force'
        )


def _flatten(options: Mapping[str, Any]) -> dict[str, Any]:
    flat = {key: value for key, value in options.items() if key != 'parameters'}
    # Parameters say nothing that another algorithm's name does not.
    return flat | {
        f'{options["algorithm"]}.{key}': value
        for key, value in options['parameters'].items()
    }


def _read(place: Path) -> bytes:
    if place.suffix != '.zip' or place.is_dir():
        return (place / RECORD).read_bytes()
    with zipfile.ZipFile(place) as archive:
        return archive.read(RECORD)


def _parse(text: bytes) -> Record:
    record = Record(**json.loads(text))
    options = record.options
    if not options['algorithm'] or options['format'] not in FORMATS:
        raise ValueError('a record names its algorithm and the format of its files')
    if not isinstance(options['parameters'], dict):
        raise TypeError('parameters must be an object')
    if options['version'] == EXTRACTION_VERSION:
        ExtractionOptions.from_record(options)
    require_positive_int('fields', record.fields)
    if record.unwarped is not None:
        require_positive_int('1 + unwarped', 1 + record.unwarped)
    return record


def _foreign(place: Path) -> FrameFolderError:
    return FrameFolderError(
        f'{place} exists but was not written by extract-flow (no usable {RECORD}); '
        'choose another folder or remove it'
    )
