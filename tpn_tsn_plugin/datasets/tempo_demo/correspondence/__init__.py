"""The correspondence task: which object moves, and how.

It shows what the fusion of RGB and optical flow place by place is for (Feichtenhofer,
Pinz and Zisserman, CVPR 2016, section 3): RGB sees which objects are there, optical
flow sees how something moves, and only both together see which one does.
"""

from tpn_tsn_plugin.datasets.tempo_demo.task import DemoTask

from .classes import CLASS_NAMES, HUES
from .clips import make_clip
from .contact_sheet import write_contact_sheet
from .options import DEFAULT_ROOT, CorrespondenceOptions, CorrespondenceScene

CORRESPONDENCE = DemoTask(
    name=CorrespondenceOptions.TASK,
    summary='an object that moves among others, and its motion',
    class_names=CLASS_NAMES,
    default_root=DEFAULT_ROOT,
    options=CorrespondenceOptions,
    version=1,
    make_clip=make_clip,
    write_contact_sheet=write_contact_sheet,
    constants={'hues': dict(HUES)},
)

__all__ = ['CORRESPONDENCE', 'CorrespondenceOptions', 'CorrespondenceScene']
