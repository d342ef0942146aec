"""``tpn-tsn doctor``: what is installed, what is broken, and how to mend it.

Needs only ``click``, so that it runs where the host cannot be imported.
"""

import importlib.util
import platform
import textwrap
from collections.abc import Iterator
from importlib import import_module, metadata
from typing import NamedTuple

import click

import tpn_tsn_plugin
from tpn_tsn_plugin.converters.onnx.dependencies import PACKAGES as ONNX_PACKAGES

OK, NOTE, BROKEN = 'ok', 'note', 'BROKEN'
COLOURS = {OK: 'green', NOTE: 'yellow', BROKEN: 'red'}
WIDTH = 79

TESTED_PYTHON = '3.11'
TESTED_MIM = '0.3.7'
# MMEngine depends on opencv-python, which installs the same files: a reinstallation
# puts the ones with cv2.optflow back and leaves `pip check` content.
OPENCV_REMEDY = (
    'pip install --force-reinstall --no-deps opencv-contrib-python==5.0.0.93'
)
OPENGL_REMEDY = 'apt-get install -y libgl1 libglib2.0-0'
MMCV_REMEDY = 'pip uninstall -y mmcv mmcv-lite && pip install mmcv-lite==2.1.0'
SETUPTOOLS_REMEDY = 'pip install "setuptools>=77.0.3,<81"'
MIM_REMEDY = f'{SETUPTOOLS_REMEDY} openmim=={TESTED_MIM}'
ONNX_REMEDY = "pip install 'tpn-tsn-plugin[onnx]'"


class Part(NamedTuple):
    """A package that the plugin cannot do without.

    Args:
        distributions: Names on the package index, any one of which will do.
        module: What is imported.
        tested: The version that the plugin's tests ran with.
        remedy: Command that installs it.
    """

    distributions: tuple[str, ...]
    module: str
    tested: str
    remedy: str


PARTS = (
    Part(('torch',), 'torch', '2.13', 'pip install "torch>=2.13,<2.14"'),
    Part(('mmengine',), 'mmengine', '0.10.7', 'pip install mmengine==0.10.7'),
    Part(('numpy',), 'numpy', '2.4.6', 'pip install numpy==2.4.6'),
    Part(('opencv-contrib-python',), 'cv2', '5.0.0.93', OPENCV_REMEDY),
    Part(('mmcv-lite', 'mmcv'), 'mmcv', '2.1.0', MMCV_REMEDY),
    Part(('mmaction2',), 'mmaction', '1.2.0', 'pip install mmaction2==1.2.0'),
    Part(('decord',), 'decord', '0.6.0', 'pip install decord==0.6.0'),
)


class Finding(NamedTuple):
    """One line of the report.

    Args:
        status: ``OK``, ``NOTE`` (works, but worth knowing) or ``BROKEN`` (needed).
        name: What was looked at.
        text: What was found.
        remedy: Command that mends it; empty where nothing is to be done.
    """

    status: str
    name: str
    text: str
    remedy: str = ''


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, ``None`` without one."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def is_tested(version: str, tested: str) -> bool:
    """Tell whether a version is the tested one, or a patch or build of it."""
    return version == tested or version.startswith((f'{tested}.', f'{tested}+'))


def import_error(module: str) -> Exception | None:
    """Import a module and return what it raises, if anything."""
    try:
        imported = import_module(module)
    except Exception as error:
        # Not only ImportError: MMAction2 asserts its versions when it is imported.
        return error
    if getattr(imported, '__file__', None) is None:
        # Left-over folders import as an empty package.
        return ImportError('its files are gone')
    return None


def registration_error() -> Exception | None:
    """Register all that the package has and return what that raises, if anything."""
    try:
        tpn_tsn_plugin.register()
        # Which waits until somebody needs data.
        import_module('tpn_tsn_plugin.datasets')
    except Exception as error:
        return error
    return None


def check_part(part: Part, broken: set[str]) -> Finding:
    """Check one needed package: installed, importable, of the tested version.

    Args:
        part: The package.
        broken: Modules found broken before it; the part's own is added.

    Returns:
        What is to be told about it.
    """
    found = [name for name in part.distributions if installed_version(name)]
    name = found[0] if found else ' or '.join(part.distributions)
    version = installed_version(name) or 'unknown version'
    error = import_error(part.module)
    if error is not None:
        broken.add(part.module)
        if not found and isinstance(error, ModuleNotFoundError):
            return Finding(BROKEN, name, 'not installed', part.remedy)
        text = f'{version}, but `import {part.module}` fails: {_one_line(error)}'
        return Finding(BROKEN, name, text, _remedy(part, error, broken))
    if len(found) > 1:
        text = f'{" and ".join(found)} overwrite each other'
        return Finding(NOTE, name, text, part.remedy)
    if not is_tested(version, part.tested):
        return Finding(NOTE, name, f'{version:<14}  tested: {part.tested}')
    return Finding(OK, name, f'{version:<14}  tested: {part.tested}')


def _remedy(part: Part, error: Exception, broken: set[str]) -> str:
    missing = getattr(error, 'name', None) or ''
    if missing.partition('.')[0] in broken - {part.module}:
        return ''
    if 'libGL' in str(error):
        return OPENGL_REMEDY
    if isinstance(error, AssertionError) and 'MMCV' in str(error):
        return MMCV_REMEDY
    return part.remedy


def check_needed() -> Iterator[Finding]:
    """Check Python, the needed packages and the plugin's own import."""
    # First, since it repairs the host for all that follow.
    error = registration_error()
    version = platform.python_version()
    status = OK if is_tested(version, TESTED_PYTHON) else NOTE
    yield Finding(status, 'python', f'{version:<14}  tested: {TESTED_PYTHON}')
    broken: set[str] = set()
    for part in PARTS:
        yield check_part(part, broken)
    if error is None:
        yield Finding(OK, 'tpn_tsn_plugin', tpn_tsn_plugin.__version__)
    else:
        text = f'{tpn_tsn_plugin.__version__}, but it fails: {_one_line(error)}'
        yield Finding(BROKEN, 'tpn_tsn_plugin', text)


def check_faults() -> Iterator[Finding]:
    """List the host's known faults and what became of them."""
    if import_error('tpn_tsn_plugin.compat') is not None:
        yield Finding(NOTE, 'faults', 'unknown: the host cannot be imported')
        return
    for report in import_module('tpn_tsn_plugin.compat').reports():
        state = 'repaired' if report.repaired else 'not found'
        yield Finding(OK, report.name, f'{state} ({report.upstream})')


def check_optional() -> Iterator[Finding]:
    """Check the parts that only some commands and configs use."""
    if import_error('cv2') is None:
        yield _check_optical_flow()
    yield _check_mim()
    yield _check_onnx()
    version = installed_version('torchvision')
    yield Finding(OK, 'torchvision', f'{version or "not installed"}; not needed')
    if import_error('torch') is None:
        yield _check_gpu()


def _check_optical_flow() -> Finding:
    # opencv-python leaves the folder cv2/optflow of opencv-contrib-python, empty.
    optflow = getattr(import_module('cv2'), 'optflow', None)
    if hasattr(optflow, 'DualTVL1OpticalFlow_create'):
        return Finding(OK, 'cv2.optflow', 'TV-L1 optical flow is available')
    text = 'missing, overwritten by opencv-python: no TV-L1 optical flow'
    return Finding(NOTE, 'cv2.optflow', text, OPENCV_REMEDY)


def _check_mim() -> Finding:
    version = installed_version('openmim')
    if version is None:
        return Finding(NOTE, 'mim', 'not installed: no `mim train`', MIM_REMEDY)
    if importlib.util.find_spec('pkg_resources') is None:
        text = f'{version} needs pkg_resources, which setuptools 81 dropped'
        return Finding(NOTE, 'mim', text, SETUPTOOLS_REMEDY)
    text = f'{version:<14}  tested: {TESTED_MIM}'
    if is_tested(version, TESTED_MIM):
        return Finding(OK, 'mim', text)
    return Finding(NOTE, 'mim', text, MIM_REMEDY)


def _check_onnx() -> Finding:
    missing = [n for n in ONNX_PACKAGES if importlib.util.find_spec(n) is None]
    if missing:
        text = f'{", ".join(missing)} not installed: no `tpn-tsn export`'
        return Finding(NOTE, 'onnx', text, ONNX_REMEDY)
    # onnxruntime has other names for other devices.
    found = [f'{name} {installed_version(name) or ""}' for name in ONNX_PACKAGES]
    return Finding(OK, 'onnx', ', '.join(map(str.strip, found)))


def _check_gpu() -> Finding:
    cuda = import_module('torch').cuda
    if not cuda.is_available():
        return Finding(OK, 'GPU', 'none; models run on the CPU')
    names = [cuda.get_device_name(index) for index in range(cuda.device_count())]
    return Finding(OK, 'GPU', ', '.join(names))


def _one_line(error: Exception) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())}'


SECTIONS = (
    ('Needed', check_needed),
    ('Faults of the host', check_faults),
    ('Optional', check_optional),
)


@click.command(epilog='Example: tpn-tsn doctor')
@click.pass_context
def doctor(context: click.Context) -> None:
    """Check versions, faults of the host and optional parts.

    Prints what is installed beside what the plugin was tested with, each known fault
    of MMAction2 and MMEngine, and the command that mends what is missing. Ends with
    exit code 1 if something that is needed is broken, else with 0.
    """
    findings: list[Finding] = []
    for title, check in SECTIONS:
        section = list(check())
        _print_section(title, section)
        findings += section
    for finding in findings:
        if finding.remedy:
            click.echo(f'To mend {finding.name}:\n  {finding.remedy}\n')
    broken = [finding.name for finding in findings if finding.status == BROKEN]
    if broken:
        click.echo(f'Broken: {", ".join(broken)}.')
        context.exit(1)
    click.echo('Everything that is needed works.')


def _print_section(title: str, findings: list[Finding]) -> None:
    click.echo(click.style(title, bold=True))
    column = max(len(finding.name) for finding in findings)
    indent = ' ' * (column + 12)
    for status, name, text, _ in findings:
        lines = textwrap.wrap(text, WIDTH - len(indent), break_on_hyphens=False)
        mark = click.style(f'{status:<6}', fg=COLOURS[status])
        click.echo(f'  {mark}  {name:<{column}}  {lines[0]}')
        for line in lines[1:]:
            click.echo(f'{indent}{line}')
    click.echo()
