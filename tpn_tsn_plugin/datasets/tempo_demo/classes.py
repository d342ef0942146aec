"""The twelve classes of the tempo task: a motion at a tempo.

The bands are stated once, here, in hertz. They do not overlap, and each spans a
factor of about 1.5, so a class is a range of tempi and not one number.
"""

from itertools import product

MOTIONS: tuple[str, ...] = ('swing_horizontal', 'swing_vertical', 'orbit', 'pulse')

TEMPO_BANDS_HZ: dict[str, tuple[float, float]] = {
    'slow': (0.25, 0.40),
    'medium': (0.60, 0.90),
    'fast': (1.30, 1.90),
}

CLASS_NAMES: tuple[str, ...] = tuple(
    f'{motion}_{tempo}' for motion, tempo in product(MOTIONS, TEMPO_BANDS_HZ)
)


def motion_and_tempo(label: int) -> tuple[str, str]:
    """Split a class index into its motion and its tempo.

    Args:
        label: Index into ``CLASS_NAMES``.

    Returns:
        The motion, one of ``MOTIONS``, and the tempo, a key of ``TEMPO_BANDS_HZ``.

    Raises:
        ValueError: ``label`` is not the index of a class.
    """
    if not 0 <= label < len(CLASS_NAMES):
        raise ValueError(
            f'label must be from 0 to {len(CLASS_NAMES) - 1}, got {label!r}'
        )
    motion, tempo = divmod(label, len(TEMPO_BANDS_HZ))
    return MOTIONS[motion], tuple(TEMPO_BANDS_HZ)[tempo]
