"""The sixteen classes of the correspondence task: an object in a motion.

An object is its hue. All have the same brightness, so grey pictures, which optical
flow is computed from, show them all alike; shapes and sizes belong to no object.
"""

from itertools import product

from tpn_tsn_plugin.datasets.tempo_demo.classes import MOTIONS

# Angle in the plane of blue-yellow (Cb) and red-green (Cr) of ITU-R BT.601, in degrees.
HUES: dict[str, float] = {'pink': 65.0, 'yellow': 155.0, 'green': 245.0, 'blue': 335.0}

CLASS_NAMES: tuple[str, ...] = tuple(
    f'{name}_{motion}' for name, motion in product(HUES, MOTIONS)
)


def object_and_motion(label: int) -> tuple[str, str]:
    """Split a class index into the object that moves and its motion.

    Args:
        label: Index into ``CLASS_NAMES``.

    Returns:
        The object, a key of ``HUES``, and the motion, one of ``MOTIONS``.

    Raises:
        ValueError: ``label`` is not the index of a class.
    """
    if not 0 <= label < len(CLASS_NAMES):
        raise ValueError(
            f'label must be from 0 to {len(CLASS_NAMES) - 1}, got {label!r}'
        )
    which, motion = divmod(label, len(MOTIONS))
    return tuple(HUES)[which], MOTIONS[motion]
