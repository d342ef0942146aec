"""What is extracted, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.optical_flow import (
    BOUND,
    complete_parameters,
    require_bound,
)

from .names import FIELDS

# Raised whenever the same video and options give other files.
EXTRACTION_VERSION = 1
FORMATS = ('jpg', 'zip')
# OpenCV's default, which published extractions keep.
QUALITY = 95


@dataclass(frozen=True)
class ExtractionOptions:
    """What the files of a video depend on, beside the video.

    Attributes:
        algorithm: A key of ``ALGORITHMS``.
        warped: Whether the camera's motion is removed.
        bound: Largest displacement that is told from larger ones, in pixels.
        file_format: ``'jpg'``, a folder of JPEG files, or ``'zip'``, one file that
            holds the same.
        names: What fields are called: ``'flow_x'`` (``flow_x_00001.jpg``), or ``'x'``
            (``x_00001.jpg``), for the configs of MMAction2 1.x.
        frames: Whether RGB frames are written too.
        resize: Short side of frames and fields in pixels, None for the video's.
        quality: JPEG quality, 1 to 100.
        parameters: Parameters of the algorithm that differ from its defaults.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    algorithm: str = 'tvl1'
    warped: bool = False
    bound: float = BOUND
    file_format: str = 'jpg'
    names: str = 'flow_x'
    frames: bool = False
    resize: int | None = None
    quality: int = QUALITY
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete_parameters(self.algorithm, self.parameters)
        require_bound(self.bound)
        require_one_of('file_format', self.file_format, FORMATS)
        require_one_of('names', self.names, FIELDS)
        if self.resize is not None:
            require_positive_int('resize', self.resize)
        if not isinstance(self.quality, Integral) or not 1 <= self.quality <= 100:
            raise ValueError(
                f'quality must be a whole number from 1 to 100, got {self.quality!r}'
            )

    def record(self) -> dict[str, Any]:
        """All of it, as JSON reads it back."""
        return {
            'version': EXTRACTION_VERSION,
            'algorithm': self.algorithm,
            'parameters': complete_parameters(self.algorithm, self.parameters),
            'warped': self.warped,
            'bound': float(self.bound),
            'format': self.file_format,
            'names': self.names,
            'frames': self.frames,
            'resize': self.resize,
            'quality': self.quality,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> 'ExtractionOptions':
        """The options of which :meth:`record` made a record.

        Raises:
            ValueError: Something is missing or unknown, or has a value that is not
                allowed.
        """
        given = {key: record[key] for key in record if key not in ('version', 'format')}
        try:
            return cls(**given, file_format=record['format'])
        except (KeyError, TypeError) as error:
            raise ValueError(f'{error} in the record of an extraction') from error

    def field_name(self, axis: str, number: int) -> str:
        """Name of a file; ``axis`` is ``'x'`` or ``'y'``."""
        return FIELDS[self.names].format(axis, number)
