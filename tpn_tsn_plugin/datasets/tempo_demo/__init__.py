"""Generated demo data, of three tasks.

What a class is lies in how fast things move (tempo; instances: once, with rest around
it), or in which object moves and how (correspondence).
"""

from .classes import CLASS_NAMES, MOTIONS, TEMPO_BANDS_HZ
from .correspondence import CORRESPONDENCE, CorrespondenceOptions
from .extraction import (
    FIELD_TEMPLATE,
    FIRST_FIELD,
    extract_optical_flow,
    optical_flow_folder,
    remove_optical_flow,
)
from .generate import CONTACT_SHEET, generate
from .instances import INSTANCES, InstanceOptions
from .options import DEFAULT_ROOT, SPLITS, TempoOptions
from .task import DemoTask
from .task_options import TRIMMED_SPLITS, TaskOptions
from .tasks import TASKS
from .tempo import TEMPO

__all__ = [
    'CLASS_NAMES',
    'CONTACT_SHEET',
    'CORRESPONDENCE',
    'DEFAULT_ROOT',
    'FIELD_TEMPLATE',
    'FIRST_FIELD',
    'INSTANCES',
    'MOTIONS',
    'SPLITS',
    'TASKS',
    'TEMPO',
    'TEMPO_BANDS_HZ',
    'TRIMMED_SPLITS',
    'CorrespondenceOptions',
    'DemoTask',
    'InstanceOptions',
    'TaskOptions',
    'TempoOptions',
    'extract_optical_flow',
    'generate',
    'optical_flow_folder',
    'remove_optical_flow',
]
