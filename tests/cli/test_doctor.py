import os
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tpn_tsn_plugin
from tpn_tsn_plugin import compat
from tpn_tsn_plugin.cli import doctor, main


def run() -> Result:
    return CliRunner().invoke(main.cli, ['doctor'], prog_name='tpn-tsn')


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Versions that the doctor is made to see; the rest is as it is."""
    versions: dict[str, str | None] = {}

    def version(name: str) -> str:
        found = versions[name] if name in versions else real(name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    real = metadata.version
    monkeypatch.setattr(metadata, 'version', version)
    return versions


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch):
    """Hide a module; None in sys.modules is what Python treats as not installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def line_of(result: Result, name: str) -> str:
    lines = result.output.splitlines()
    (line,) = [line for line in lines if line[10:].startswith(f'{name} ')]
    return line


def test_sound_machine() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert result.output.endswith('Everything that is needed works.\n')
    for name in ('python', 'torch', 'mmengine', 'mmaction2', 'numpy', 'decord'):
        assert 'tested: ' in line_of(result, name)
    assert metadata.version('torch') in line_of(result, 'torch')
    assert tpn_tsn_plugin.__version__ in line_of(result, 'tpn_tsn_plugin')
    assert 'GPU' in result.output


def test_each_fault_and_its_repair_is_listed() -> None:
    result = run()
    for report in compat.reports():
        state = 'repaired' if report.repaired else 'not found'
        assert state in line_of(result, report.name)
        assert report.upstream in result.output


def test_reads_well_when_piped() -> None:
    output = run().output
    assert '\x1b' not in output
    assert '…' not in output
    assert max(len(line) for line in output.splitlines()) < 80


def test_missing_needed_part(installed, hidden) -> None:
    installed['decord'] = None
    hidden('decord')
    result = run()
    assert result.exit_code == 1
    assert line_of(result, 'decord').split() == ['BROKEN', 'decord', 'not', 'installed']
    assert 'To mend decord:\n  pip install decord==0.6.0\n' in result.output
    assert result.output.endswith('Broken: decord.\n')


def test_neither_mmcv_nor_mmcv_lite(installed, hidden) -> None:
    installed.update({'mmcv': None, 'mmcv-lite': None})
    hidden('mmcv')
    result = run()
    assert result.exit_code == 1
    assert line_of(result, 'mmcv-lite or mmcv').endswith('  not installed')
    assert f'  {doctor.MMCV_REMEDY}\n' in result.output


def test_both_mmcv_and_mmcv_lite(installed) -> None:
    installed['mmcv'] = '2.1.0'
    result = run()
    assert result.exit_code == 0
    assert 'mmcv-lite and mmcv overwrite each other' in result.output
    assert f'  {doctor.MMCV_REMEDY}\n' in result.output


def test_untested_version_is_told_and_no_failure(installed) -> None:
    installed['numpy'] = '2.9.0'
    result = run()
    assert result.exit_code == 0
    words = line_of(result, 'numpy').split()
    assert words == ['note', 'numpy', '2.9.0', 'tested:', '2.4.6']


@pytest.mark.parametrize(
    ('version', 'tested', 'expected'),
    [
        ('2.13.0+cpu', '2.13', True),
        ('2.13', '2.13', True),
        ('0.10.7', '0.10.7', True),
        ('2.130.0', '2.13', False),
        ('0.10.70', '0.10.7', False),
        ('2.12.1', '2.13', False),
    ],
)
def test_is_tested(version: str, tested: str, expected: bool) -> None:
    assert doctor.is_tested(version, tested) is expected


def test_optical_flow_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is left of cv2.optflow under opencv-python: a folder without a module.
    monkeypatch.setattr('cv2.optflow', types.ModuleType('cv2.optflow'))
    result = run()
    assert result.exit_code == 0
    assert line_of(result, 'cv2.optflow').split()[:3] == [
        'note',
        'cv2.optflow',
        'missing,',
    ]
    assert (
        'To mend cv2.optflow:\n  pip install --force-reinstall --no-deps '
        'opencv-contrib-python==' in result.output
    )


def test_files_of_a_package_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    # `pip uninstall opencv-python` takes the files of opencv-contrib-python along.
    monkeypatch.setitem(sys.modules, 'cv2', types.ModuleType('cv2'))
    result = run()
    assert result.exit_code == 1
    assert 'its files are gone' in ' '.join(result.output.split())
    assert f'  {doctor.OPENCV_REMEDY}\n' in result.output


@pytest.mark.parametrize(
    ('module', 'error', 'remedy'),
    [
        ('mmaction', AssertionError('MMCV==2.2.0 is used'), doctor.MMCV_REMEDY),
        ('mmaction', ModuleNotFoundError('no mmcv', name='mmcv.cnn'), ''),
        (
            'mmaction',
            ModuleNotFoundError('no einops', name='einops'),
            'pip install mmaction2==1.2.0',
        ),
        ('cv2', ImportError('libGL.so.1: cannot open'), doctor.OPENGL_REMEDY),
    ],
)
def test_remedy_follows_the_cause(
    module: str, error: Exception, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (part,) = [part for part in doctor.PARTS if part.module == module]
    monkeypatch.setattr(doctor, 'import_error', lambda name: error)
    finding = doctor.check_part(part, broken={'mmcv'})
    assert finding.status == doctor.BROKEN
    assert str(error) in finding.text
    assert finding.remedy == remedy


def test_mim_missing(installed) -> None:
    installed['openmim'] = None
    result = run()
    assert result.exit_code == 0
    assert 'To mend mim:\n  pip install "setuptools>=77.0.3,<81" openmim==0.3.7\n' in (
        result.output
    )


def test_mim_without_pkg_resources(installed, hidden) -> None:
    installed['openmim'] = '0.3.7'
    hidden('pkg_resources')
    result = run()
    assert result.exit_code == 0
    assert 'To mend mim:\n  pip install "setuptools>=77.0.3,<81"\n' in result.output


def test_packages_of_export(monkeypatch, hidden) -> None:
    monkeypatch.setattr(doctor, 'ONNX_PACKAGES', ('click', 'numpy'))
    result = run()
    assert line_of(result, 'onnx').split()[:4] == [
        'ok',
        'onnx',
        'click',
        f'{metadata.version("click")},',
    ]
    hidden('some_runtime')
    monkeypatch.setattr(doctor, 'ONNX_PACKAGES', ('click', 'some_runtime'))
    result = run()
    assert result.exit_code == 0
    line = line_of(result, 'onnx')
    assert line.split()[:2] == ['note', 'onnx']
    assert 'some_runtime not installed: no `tpn-tsn export`' in line
    assert "To mend onnx:\n  pip install 'tpn-tsn-plugin[onnx]'\n" in result.output


def test_plugin_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def register() -> None:
        raise AssertionError('MMCV==2.2.0 is used but incompatible.')

    monkeypatch.setattr(tpn_tsn_plugin, 'register', register)
    result = run()
    assert result.exit_code == 1
    assert 'MMCV==2.2.0 is used but incompatible.' in ' '.join(result.output.split())
    assert result.output.endswith('Broken: tpn_tsn_plugin.\n')


@pytest.mark.parametrize('module', ['mmcv', 'torch', 'mmengine'])
def test_console_script_works_on_a_broken_host(
    module: str, repo_root: Path, tmp_path: Path
) -> None:
    script = tmp_path / 'tpn-tsn'
    script.write_text(
        f'import sys; sys.modules[{module!r}] = None\n'
        'from tpn_tsn_plugin.cli.main import main\n'
        'main()\n'
    )

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            env={**os.environ, 'PYTHONPATH': str(repo_root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = call('doctor')
    assert done.returncode == 1, done.stderr
    assert f'`import {module}` fails' in ' '.join(done.stdout.split())
    assert done.stdout.splitlines()[-1].startswith('Broken: ')
    done = call('make-demo-data', '--help')
    assert done.returncode == 1
    assert done.stderr.startswith('Error: tpn_tsn_plugin cannot be imported (')
    assert len(done.stderr.splitlines()) == 1
