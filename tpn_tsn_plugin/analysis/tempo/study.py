"""A whole tempo study: measured, compared, tested, and written into one folder."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tpn_tsn_plugin.analysis.trained_model import load_model, read_config
from tpn_tsn_plugin.output_files import write_whole

from . import sections
from .curve_file import collect_curves
from .curves import Curve, FrameClassifier
from .files import (
    Part,
    claim_folder,
    digest,
    digest_text,
    finish_folder,
    write_table,
)
from .gain import study_gain
from .measurement import ClassTempo, Instance, measure, tempo_by_class
from .pipelines import read_with_imports
from .report import Section, to_html
from .robustness import RobustnessStudy, TestedModel, TestResult
from .truth import compare_with_truth, find_truth

Report = Callable[[int, int], None]
# Gives what shows how far a job has come, by its name.
Shown = Callable[[str], AbstractContextManager[Report]]
TITLE = 'Visual tempo'


@dataclass(frozen=True)
class StudyOptions:
    """What a study is made of.

    Attributes:
        config: Of the network that measures tempo.
        checkpoint: Its weights.
        out: Folder of the study.
        cfg_options: What changes in the config, ``key=value`` each.
        split: Whose videos are measured, ``'test'`` or ``'val'``.
        groups: For each class what it counts as in a second accuracy of the tests, or
            None.
        device: Where the network runs.
        baseline: What half of a curve is counted from.
        smooth: Standard deviation, in frames, of what smooths curves; 0 for nothing.
        unit: Of widths, ``'frames'`` or ``'seconds'``.
        bin_by: Of what there is ``bin_size`` in a bin.
        bin_size: How much.
        models: Models to compare; the first is the baseline of gains.
        dumps: Saved predictions of baseline and model, in place of ``models``.
        intervals: Sampling intervals to test with; None for the usual ones.
        metric: What accuracy is in these tests.
    """

    config: Path
    checkpoint: Path
    out: Path
    cfg_options: tuple[str, ...] = ()
    split: str = 'test'
    groups: tuple[str, ...] | None = None
    device: str = 'cpu'
    baseline: str = 'zero'
    smooth: float = 0
    unit: str = 'frames'
    bin_by: str = 'classes'
    bin_size: float = 10
    models: tuple[TestedModel, ...] = ()
    dumps: tuple[Path, ...] = ()
    intervals: tuple[int, ...] | None = None
    metric: str = 'acc/top1'

    def parts(self, config_text: str) -> Iterator[Part]:
        """What the folder's content depends on."""
        yield Part(
            'curves',
            dict(
                config=digest_text(config_text),
                checkpoint=digest(self.checkpoint),
                split=self.split,
            ),
            'curves.csv',
        )
        for model in self.models:
            yield Part(
                f'model {model.name}',
                dict(
                    config=digest_text(read_config(model.config).pretty_text),
                    checkpoint=digest(model.checkpoint),
                ),
                f'tests/{model.name}_interval*',
            )
        if self.dumps:
            yield Part('dumps', dict(dumps=digest(*self.dumps)))
        shown = (
            'baseline',
            'smooth',
            'unit',
            'bin_by',
            'bin_size',
            'intervals',
            'metric',
            'groups',
        )
        yield Part('report', {name: getattr(self, name) for name in shown})


def make_study(
    options: StudyOptions, shown: Shown, *, force: bool = False
) -> list[Section]:
    """Make a study, or go on with one.

    Writes ``instances.csv``, ``classes.csv``, ``truth.csv`` on demo data, ``gain.csv``
    and ``robustness.csv`` with models, ``numbers.json``, the pictures, and
    ``report.html``.

    Args:
        options: What it is made of.
        shown: Shows how far a job has come.
        force: Whether to throw away what the folder holds with other settings.

    Raises:
        PluginError: Something that is needed cannot be used; the message says what.
        ValueError: An option, or a curve, cannot be used.
    """
    config = read_with_imports(options.config, options.cfg_options)
    model = load_model(config, options.checkpoint).to(options.device)
    tests = [
        RobustnessStudy(
            own, options.out / 'tests', options.intervals, metric=options.metric
        )
        for own in options.models
    ]
    classifier = FrameClassifier(config, model, options.split)
    parts = list(options.parts(config.pretty_text))
    claim_folder(options.out, parts, force)

    with shown(f'frames of the {options.split} videos') as report:
        curves = collect_curves(classifier, options.out / 'curves.csv', report)
    instances = measure(curves, classifier.classes, options.baseline, options.smooth)
    measured, tempi = _measure(options, curves, instances)
    found = [measured]
    truth_file = find_truth(config, options.split)
    if truth_file is not None:
        truth = compare_with_truth(instances, truth_file)
        write_table(options.out / 'truth.csv', truth.instances)
        found.append(sections.truth_section(truth))
    results: list[TestResult] = []
    for test in tests:
        with shown(f'tests of {test.model.name}') as report:
            results += test.run(options.groups, report)
    found += _gains(options, tests, tempi, classifier.num_classes)
    if results:
        write_table(options.out / 'robustness.csv', results)
        found.append(sections.robustness_section(results))
    _write_report(options, found)
    finish_folder(options.out, parts)
    return found


def _measure(
    options: StudyOptions, curves: Sequence[Curve], instances: Sequence[Instance]
) -> tuple[Section, list[ClassTempo]]:
    """Instances and classes."""
    tempi, left_out = tempo_by_class(instances, options.unit)
    write_table(options.out / 'instances.csv', instances)
    write_table(options.out / 'classes.csv', tempi)
    section = sections.measurement_section(
        curves,
        instances,
        tempi,
        left_out,
        baseline=options.baseline,
        smooth=options.smooth,
        unit=options.unit,
    )
    return section, tempi


def _gains(
    options: StudyOptions,
    tests: Sequence[RobustnessStudy],
    tempi: Sequence[ClassTempo],
    num_classes: int,
) -> list[Section]:
    """Each model against the baseline."""
    bins = f'{options.bin_size:g} classes'
    if options.bin_by == 'variance':
        bins = f'{options.bin_size:g} {options.unit}² wide'
    gains = [
        study_gain(
            names,
            dumps,
            tempi,
            num_classes,
            bin_by=options.bin_by,
            bin_size=options.bin_size,
        )
        for names, dumps in _pairs(options, tests)
    ]
    if gains:
        rows = [row for gain in gains for row in gain.classes]
        write_table(options.out / 'gain.csv', rows)
    return [
        sections.gain_section(gain, options.unit, bins, number)
        for number, gain in enumerate(gains, 1)
    ]


def _pairs(
    options: StudyOptions, tests: Sequence[RobustnessStudy]
) -> Iterator[tuple[tuple[str, str], tuple[Path, Path]]]:
    """Names and predictions of the baseline and of each model beside it."""
    if options.dumps:
        baseline, model = options.dumps
        yield (baseline.stem, model.stem), (baseline, model)
    for test in tests[1:]:
        names = tests[0].model.name, test.model.name
        yield names, (tests[0].dump(tests[0].trained), test.dump(test.trained))


def _write_report(options: StudyOptions, found: Sequence[Section]) -> None:
    made_of = [
        f'measured with {options.config.name} and {options.checkpoint}, '
        f'{options.split} videos',
        *(f'{m.name}: {m.config.name} and {m.checkpoint}' for m in options.models),
        *(f'predictions {path}' for path in options.dumps),
    ]
    numbers = {section.title: section.numbers for section in found}
    write_whole(
        options.out / 'numbers.json',
        json.dumps(numbers, indent=1, ensure_ascii=False) + '\n',
    )
    for section in found:
        for name, png in section.figures.items():
            write_whole(options.out / name, png)
    write_whole(options.out / 'report.html', to_html(TITLE, found, made_of))
