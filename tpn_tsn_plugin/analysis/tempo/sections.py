"""What a tempo study found, in words, numbers and pictures."""

from collections.abc import Sequence

import numpy as np

from tpn_tsn_plugin.functional.tempo_gain import Correlation

from . import figures
from .curves import Curve
from .gain import GainStudy
from .measurement import ClassTempo, Instance
from .report import Section
from .robustness import TestResult
from .truth import TruthComparison


def describe(found: Correlation | None) -> str:
    """A correlation in one line."""
    if found is None:
        return 'no correlation, which needs three points that differ'
    names = {'pearson': 'Pearson', 'spearman': 'Spearman'}
    interval = (
        'too few points for an interval'
        if np.isnan(found.low)
        else f'95 % interval {found.low:+.3f} to {found.high:+.3f}'
    )
    return (
        f'{names[found.kind]} {found.coefficient:+.3f} ({interval}, '
        f'p = {found.p_value:.2g}, n = {found.count})'
    )


def measurement_section(
    curves: Sequence[Curve],
    instances: Sequence[Instance],
    tempi: Sequence[ClassTempo],
    left_out: Sequence[str],
    *,
    baseline: str,
    smooth: float,
    unit: str,
) -> Section:
    """Widths of instances and their variance by class."""
    smoothed = (
        f' Curves were smoothed with a Gaussian of {smooth:g} frames first (grey: as '
        'they were), so that single doubtful frames do not cut a lobe in two.'
        if smooth
        else ''
    )
    from_what = 'zero' if baseline == 'zero' else "the curve's minimum"
    return Section(
        'Visual tempo of instances and classes',
        tuple(_measured(instances, tempi, left_out, unit)),
        (
            'For each video the network classifies the snippet around every frame. The '
            "probability of the video's own class draws a curve; its full width at "
            f'half maximum (FWHM, half counted from {from_what}), the red line below, '
            'measures how long the instance lasts: the wider, the slower. The width is '
            'that of the main lobe, around the greatest value; where the curve is '
            'still above half at a border of the video, it is cut there.' + smoothed,
            'The bars show how much this tempo varies from instance to instance of a '
            'class (the bottom of Figure 1 of the TPN paper).',
        ),
        {
            'curves.png': figures.to_png(
                figures.draw_curves(curves, instances, baseline, smooth)
            ),
            'variance.png': figures.to_png(figures.draw_variances(tempi, unit)),
        },
        ('class', 'instances', 'cut', f'mean FWHM, {unit}', f'variance, {unit}²'),
        tuple(
            (
                own.class_name,
                str(own.instances),
                str(own.censored),
                f'{own.mean_width:.3g}',
                f'{own.variance:.3g}',
            )
            for own in tempi
        ),
    )


def _measured(
    instances: Sequence[Instance],
    tempi: Sequence[ClassTempo],
    left_out: Sequence[str],
    unit: str,
) -> list[str]:
    widths = np.array([own.width(unit) for own in instances])
    numbers = [
        f'{len(instances)} instances of {len(tempi) + len(left_out)} classes; FWHM '
        f'median {np.median(widths):.3g}, from {widths.min():.3g} to '
        f'{widths.max():.3g} {unit}',
        f'{sum(own.censored for own in instances)} instances are cut at a border of '
        f'the video (censored), {sum(own.peaks > 1 for own in instances)} have several '
        'peaks above half',
        f'variance of FWHM from {tempi[-1].variance:.3g} {unit}² '
        f'({tempi[-1].class_name}) to {tempi[0].variance:.3g} ({tempi[0].class_name})',
    ]
    if left_out:
        numbers.append(
            f'{len(left_out)} classes have one instance and no variance: '
            f'{", ".join(left_out[:5])}{", …" if len(left_out) > 5 else ""}'
        )
    rates = sorted({own.fps for own in instances if own.fps is not None})
    if len(rates) > 1 and unit == 'frames':
        numbers.append(
            f'frame rates differ ({rates[0]:g} to {rates[-1]:g} fps), so widths in '
            'frames cannot be compared from video to video; take --unit seconds'
        )
    return numbers


def truth_section(truth: TruthComparison) -> Section:
    """Measured against true tempo."""
    numbers = [
        f'all instances: {describe(truth.overall)}',
        f'not cut at a border: {describe(truth.uncensored)}',
    ]
    numbers += [
        f'{name.replace("_", " ")}: {describe(found)}'
        for name, found in truth.within.items()
    ]
    timed = [own for own in truth.instances if own.true_seconds is not None]
    if timed:
        errors = [own.width_seconds - (own.true_seconds or 0) for own in timed]
        numbers.append(
            'FWHM less the true length of the action: median '
            f'{np.median(errors):+.2f} s, half of all between '
            f'{np.percentile(errors, 25):+.2f} and {np.percentile(errors, 75):+.2f} s'
        )
    return Section(
        'Measured against true tempo',
        tuple(numbers),
        (
            'These are generated videos whose true tempo is known. The correlations '
            'are of the measured FWHM with the true period: 1 would be the true order '
            'of all tempi, 0 none of it. Hollow points are of instances that are cut '
            'at a border of the video, so that their true FWHM may be greater.',
        ),
        {'truth.png': figures.to_png(figures.draw_truth(truth))},
    )


def gain_section(study: GainStudy, unit: str, bins: str, number: int) -> Section:
    """Gain against variance."""
    gains = [own.gain for own in study.classes]
    line = f'gain = {study.intercept:+.2f} {study.slope:+.3g} · variance ({unit}²)'
    fitted = 'no line, for all classes have one variance'
    return Section(
        f'Gain of {study.model} over {study.baseline} against variance of tempo',
        (
            f'mean gain {np.mean(gains):+.1f} points over {len(gains)} classes',
            f'least squares: {fitted if np.isnan(study.slope) else line}',
            describe(study.pearson),
            describe(study.spearman),
        ),
        (
            f'Each grey point is a class; a red one is the mean of a bin ({bins}); the '
            'line is fitted to the classes (Figure 4 of the TPN paper). '
            + _dependence(study.pearson),
        ),
        {f'gain_{number}.png': figures.to_png(figures.draw_gain(study, unit, bins))},
        ('class', f'variance, {unit}²', 'videos', study.baseline, study.model, 'gain'),
        tuple(
            (
                own.class_name,
                f'{own.variance:.3g}',
                str(own.videos),
                f'{own.baseline_accuracy:.1f}',
                f'{own.model_accuracy:.1f}',
                f'{own.gain:+.1f}',
            )
            for own in study.classes
        ),
    )


def _dependence(found: Correlation | None) -> str:
    """What a correlation of variance and gain means."""
    if found is None:
        return 'Too few classes differ in variance and in gain to tell a dependence.'
    if found.p_value >= 0.05:
        return (
            'No dependence can be told from chance with these classes (p above 0.05).'
        )
    direction = 'more' if found.coefficient > 0 else 'less'
    return f'Classes whose tempo varies more gain {direction}.'


def robustness_section(results: Sequence[TestResult]) -> Section:
    """Accuracy over sampling intervals."""
    grouped = any(own.group_accuracy is not None for own in results)
    numbers = []
    for name in dict.fromkeys(own.model for own in results):
        own = [result for result in results if result.model == name]
        worst = max(own, key=lambda result: result.drop)
        trained = next(result for result in own if result.speed == 1)
        found = f'{name}: {trained.accuracy:.1f} % at the trained interval '
        found += str(trained.interval)
        others = [result.drop for result in own if result is not trained]
        if others:
            found += (
                f'; at worst {worst.drop:.1f} points less, at interval '
                f'{worst.interval}; {np.mean(others):.1f} points less on average over '
                'the others'
            )
        numbers.append(found)
    pictures = {'robustness.png': figures.to_png(figures.draw_robustness(results))}
    text = [
        'Each model is tested with clips whose frames are nearer to each other or '
        'farther apart than in training, as if the video were slower or faster (Figure '
        '5 of the TPN paper). The flatter the curve, the less a model minds the '
        'tempo. Where a clip (frames times interval) is longer than its video, the '
        'sampler repeats frames.',
    ]
    header: tuple[str, ...] = (
        'model',
        'interval',
        'speed',
        'accuracy, %',
        'drop, points',
    )
    if grouped:
        text.append(
            'The second picture counts the classes of a group as one. It is the one to '
            'look at where classes of a group differ in tempo alone: there, a faster '
            'video rightly gets the name of a faster class.'
        )
        pictures['robustness_groups.png'] = figures.to_png(
            figures.draw_robustness(results, grouped=True)
        )
        header = (*header, 'groups, %')
    return Section(
        'Robustness to tempo',
        tuple(numbers),
        tuple(text),
        pictures,
        header,
        tuple(_test_row(own) for own in results),
    )


def _test_row(own: TestResult) -> tuple[str, ...]:
    row = (
        own.model,
        str(own.interval),
        f'{own.speed:g}',
        f'{own.accuracy:.1f}',
        f'{own.drop:.1f}',
    )
    if own.group_accuracy is None:
        return row
    return (*row, f'{own.group_accuracy:.1f}')
