"""Generated demo data: what a class is lies in how fast things move."""

from .classes import CLASS_NAMES, MOTIONS, TEMPO_BANDS_HZ
from .generate import CONTACT_SHEET, generate
from .options import DEFAULT_ROOT, SPLITS, TempoOptions
from .progress import progress

__all__ = [
    'CLASS_NAMES',
    'CONTACT_SHEET',
    'DEFAULT_ROOT',
    'MOTIONS',
    'SPLITS',
    'TEMPO_BANDS_HZ',
    'TempoOptions',
    'generate',
    'progress',
]
