"""The tempo task: what a class is lies in how fast things move."""

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ
from .clips import make_clip
from .contact_sheet import write_contact_sheet
from .options import DEFAULT_ROOT, TempoOptions
from .task import DemoTask
from .untrimmed import make_untrimmed

TEMPO = DemoTask(
    name=TempoOptions.TASK,
    summary='a motion at a tempo',
    class_names=CLASS_NAMES,
    default_root=DEFAULT_ROOT,
    options=TempoOptions,
    version=1,
    make_clip=make_clip,
    write_contact_sheet=write_contact_sheet,
    make_untrimmed=make_untrimmed,
    constants={
        'tempo_bands_hz': {name: list(band) for name, band in TEMPO_BANDS_HZ.items()}
    },
)
