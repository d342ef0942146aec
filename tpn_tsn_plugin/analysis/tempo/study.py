"""A whole tempo study: measured, compared, tested, and written into one folder."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tpn_tsn_plugin.analysis.scores.files import read_score_file
from tpn_tsn_plugin.analysis.trained_model import load_model
from tpn_tsn_plugin.errors import TempoStudyError
from tpn_tsn_plugin.output_files import write_whole

from . import sections
from .curve_file import collect_curves
from .curves import FrameClassifier
from .files import Tables, claim_folder, finish_folder
from .gain import study_gain
from .measurement import ClassTempo, Instance, measure, tempo_by_class
from .options import StudyOptions
from .pipelines import read_with_imports
from .report import Section, to_html
from .robustness import RobustnessStudy, TestResult
from .truth import compare_with_truth, find_truth

Report = Callable[[int, int], None]
# Gives what shows how far a job has come, by its name.
Shown = Callable[[str], AbstractContextManager[Report]]
TITLE = 'Visual tempo'


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
    classes = _class_names(options, classifier)
    # Predictions that cannot be used are told before the work, not after it.
    for path in options.dumps:
        read_score_file(path)
    parts = list(options.parts(config.pretty_text))
    claim_folder(options.out, parts, force)

    with shown(f'frames of the {options.split} videos') as report:
        curves = collect_curves(classifier, options.out / 'curves.csv', report)
    instances = measure(curves, classes, options.baseline, options.smooth)
    tempi, left_out = tempo_by_class(instances, options.unit)
    tables = Tables(options.out)
    tables.write('instances.csv', instances)
    tables.write('classes.csv', tempi)
    measured = sections.measurement_section(
        curves,
        instances,
        tempi,
        left_out,
        baseline=options.baseline,
        smooth=options.smooth,
        unit=options.unit,
    )
    found = [measured, *_truth(classifier, instances, tables)]
    results: list[TestResult] = []
    for test in tests:
        with shown(f'tests of {test.model.name}') as report:
            results += test.run(options.groups, report)
    found += _gains(options, tests, tempi, classifier.num_classes, tables)
    if results:
        tables.write('robustness.csv', results)
        found.append(sections.robustness_section(results))
    written = [*tables.names, *_write_report(options, found)]
    finish_folder(options.out, parts, written)
    return found


def _class_names(
    options: StudyOptions, classifier: FrameClassifier
) -> Sequence[str] | None:
    """Names of the classes, one for each, or None where nothing names them."""
    names = options.labels or classifier.classes
    if names and len(names) != classifier.num_classes:
        whose = '--labels' if options.labels else f'the {options.split} data set'
        raise TempoStudyError(
            f'{whose} names {len(names)} classes, but the model of '
            f'{options.config.name} has {classifier.num_classes}; give the label map '
            'of the data that it was trained on (--labels)'
        )
    return names


def _truth(
    classifier: FrameClassifier, instances: Sequence[Instance], tables: Tables
) -> Iterator[Section]:
    """Measured against true tempo, on demo data."""
    path = find_truth(classifier.dataset)
    if path is not None:
        truth = compare_with_truth(instances, path)
        tables.write('truth.csv', truth.instances)
        yield sections.truth_section(truth)


def _gains(
    options: StudyOptions,
    tests: Sequence[RobustnessStudy],
    tempi: Sequence[ClassTempo],
    num_classes: int,
    tables: Tables,
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
        tables.write('gain.csv', rows)
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


def _write_report(options: StudyOptions, found: Sequence[Section]) -> list[str]:
    """Write numbers, pictures and the page, and tell the names of the pictures."""
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
    figures = {name: png for section in found for name, png in section.figures.items()}
    for name, png in figures.items():
        write_whole(options.out / name, png)
    write_whole(options.out / 'report.html', to_html(TITLE, found, made_of))
    return list(figures)
