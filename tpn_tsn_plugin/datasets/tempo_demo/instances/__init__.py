"""The instances task: clips in which an action starts and ends.

In a clip of the tempo task an action goes on from the first frame to the last. A
network recognises it all the time: a fast object stands still for less than a frame
where it turns. So the width of its probability curve is the length of the clip, and
tells nothing of the tempo. Here the object stands still, makes one cycle of its motion,
and stands still again. At f cycles a second that takes 1 / f seconds: the slower, the
wider the curve.
"""

from dataclasses import replace

from tpn_tsn_plugin.datasets.tempo_demo.tempo import TEMPO

from .clips import make_instance
from .contact_sheet import write_contact_sheet
from .options import InstanceOptions

INSTANCES = replace(
    TEMPO,
    name=InstanceOptions.TASK,
    summary='one cycle of a motion, at a tempo',
    default_root='work_dirs/demo_data/instances',
    options=InstanceOptions,
    make_clip=make_instance,
    write_contact_sheet=write_contact_sheet,
    make_untrimmed=None,
)

__all__ = ['INSTANCES', 'InstanceOptions']
