"""Generated demo data: what a class is lies in how fast things move."""

from .classes import CLASS_NAMES, MOTIONS, TEMPO_BANDS_HZ
from .extraction import (
    FIELD_TEMPLATE,
    FIRST_FIELD,
    extract_optical_flow,
    optical_flow_folder,
    remove_optical_flow,
)
from .generate import CONTACT_SHEET, generate
from .options import DEFAULT_ROOT, SPLITS, TRIMMED_SPLITS, TempoOptions
from .progress import progress

__all__ = [
    'CLASS_NAMES',
    'CONTACT_SHEET',
    'DEFAULT_ROOT',
    'FIELD_TEMPLATE',
    'FIRST_FIELD',
    'MOTIONS',
    'SPLITS',
    'TEMPO_BANDS_HZ',
    'TRIMMED_SPLITS',
    'TempoOptions',
    'extract_optical_flow',
    'generate',
    'optical_flow_folder',
    'progress',
    'remove_optical_flow',
]
