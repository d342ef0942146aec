"""What is built from the source tree: contents of the wheel, and mim with it alone."""

import re
import runpy
import subprocess
import sys
import zipfile
from collections import Counter
from email.message import Message
from email.parser import Parser
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

PACKAGE = 'tpn_tsn_plugin'
CONFIG_NAME = 'packaging_probe.py'
# Two frames of two folders of pictures, through MMAction2's smallest recogniser.
CONFIG = """
custom_imports = dict(imports=['tpn_tsn_plugin'])
default_scope = 'mmaction'
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18),
    cls_head=dict(
        type='TSNHead',
        num_classes=2,
        in_channels=512,
        consensus=dict(type='AvgConsensus', dim=1),
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[0.0] * 3, std=[255.0] * 3))
train_dataloader = val_dataloader = test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='RawframeDataset',
        ann_file='list.txt',
        pipeline=[
            dict(type='SampleFrames', clip_len=1, num_clips=2),
            dict(type='RawFrameDecode'),
            dict(type='FormatShape', input_format='NCHW'),
            dict(type='PackActionInputs')]))
val_evaluator = test_evaluator = dict(type='AccMetric')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
"""


@pytest.fixture(scope='module')
def wheel_files(built_wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(built_wheel) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.fixture(scope='module')
def metadata(wheel_files: dict[str, bytes]) -> Message:
    (text,) = (t for n, t in wheel_files.items() if n.endswith('.dist-info/METADATA'))
    return Parser().parsestr(text.decode())


def files_below(folder: Path, prefix: str, pattern: str = '*') -> dict[str, bytes]:
    """Map ``prefix/path`` to the content of every such file of a folder."""
    return {
        f'{prefix}/{path.relative_to(folder).as_posix()}': path.read_bytes()
        for path in folder.rglob(pattern)
        if path.is_file() and '__pycache__' not in path.parts
    }


def test_wheel_holds_package_configs_and_tools(
    repo_root: Path, wheel_files: dict[str, bytes]
) -> None:
    mim = f'{PACKAGE}/.mim'
    modules = {
        name: content
        for name, content in files_below(repo_root / PACKAGE, PACKAGE, '*.py').items()
        if not name.startswith(mim)
    }
    configs = files_below(repo_root / 'configs', f'{mim}/configs')
    tools = {
        f'{mim}/tools/{name}': (repo_root / mim / 'tools' / name).read_bytes()
        for name in ('train.py', 'test.py')
    }
    assert len(modules) > 20
    assert len(configs) > 10
    packed = {n: c for n, c in wheel_files.items() if '.dist-info/' not in n}
    # both ways: nothing is missing, and neither tests nor leftovers came along
    assert set(packed) == {*modules, *configs, *tools}
    assert packed == {**modules, **configs, **tools}


def test_version_is_the_package_s(repo_root: Path, metadata: Message) -> None:
    source = (repo_root / PACKAGE / '__init__.py').read_text(encoding='utf-8')
    version = re.search(r"^__version__ = '(.+)'$", source, flags=re.MULTILINE)
    assert version is not None
    assert metadata['Version'] == version.group(1)


def test_metadata(metadata: Message, wheel_files: dict[str, bytes]) -> None:
    assert metadata['Name'] == 'tpn-tsn-plugin'
    assert set(metadata.get_all('Provides-Extra', [])) == {
        'dev',
        'lite',
        'mim',
        'onnx',
        'tests',
    }
    needed = {
        re.split(r'[^A-Za-z0-9_.-]', line)[0]
        for line in metadata.get_all('Requires-Dist', [])
        if 'extra ==' not in line
    }
    assert {'torch', 'mmengine', 'mmaction2', 'importlib_metadata'} <= needed
    # mmcv and mmcv-lite exclude each other; the others need what few have
    assert not needed & {'mmcv', 'mmcv-lite', 'torchvision', 'timm', 'mmpretrain'}
    (scripts,) = (t for n, t in wheel_files.items() if n.endswith('/entry_points.txt'))
    assert b'tpn-tsn = tpn_tsn_plugin.cli.main:main' in scripts.splitlines()
    assert any(name.endswith('/LICENSE') for name in wheel_files)


def test_source_archive_keeps_the_configs(source_copy: Path, tmp_path: Path) -> None:
    """A wheel built from a source archive must not lose what a link brought in."""
    build = 'from setuptools import build_meta; import sys; '
    build += 'print(build_meta.build_sdist(sys.argv[1]))'
    done = subprocess.run(
        [sys.executable, '-c', build, str(tmp_path)],
        cwd=source_copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    archive = tmp_path / done.stdout.split()[-1]
    listing = subprocess.run(
        ['tar', 'tzf', str(archive)], capture_output=True, text=True, check=True
    ).stdout
    for config in (source_copy / 'configs').rglob('*.py'):
        name = config.relative_to(source_copy).as_posix()
        assert f'/{PACKAGE}/.mim/{name}\n' in listing


def test_config_names_are_unique(repo_root: Path) -> None:
    """`mim train tpn_tsn_plugin NAME` refuses a name that two folders hold."""
    folder = repo_root / 'configs'
    names = Counter(
        path.name
        for path in folder.rglob('*.py')
        if '_base_' not in path.relative_to(folder).parts
    )
    runnable = {name: count for name, count in names.items() if count > 1}
    assert runnable == {}
    bases = {path.name for path in (folder / '_base_').rglob('*.py')}
    assert bases & set(names) == set()


@pytest.mark.parametrize('tool', ['train', 'test'])
def test_tool_is_mmaction2_s(
    tool: str,
    repo_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = (
        repo_root / PACKAGE / '.mim' / 'tools' / f'{tool}.py',
        Path(str(files('mmaction'))) / '.mim' / 'tools' / f'{tool}.py',
    )
    monkeypatch.setattr(sys, 'argv', [f'{tool}.py', '--help'])
    helps = []
    for path in paths:
        with pytest.raises(SystemExit):
            runpy.run_path(str(path), run_name='__main__')
        helps.append(capsys.readouterr().out)
    assert helps[0] == helps[1]
    assert '--cfg-options' in helps[0]


def test_readme_has_the_commands_that_ci_runs(repo_root: Path) -> None:
    readme = (repo_root / 'README.md').read_text(encoding='utf-8')
    for name in ('demo', 'tests'):
        marker = f'<!-- command: {name} -->'
        assert readme.count(marker) == 1
        block = readme.split(marker)[1].split('```')[1]
        assert block.startswith('bash\n')
        assert 'pip install' in block


def test_linter_versions_agree(repo_root: Path) -> None:
    """pre-commit and the extra `dev` must not format differently."""
    hooks = (repo_root / '.pre-commit-config.yaml').read_text(encoding='utf-8')
    pinned = re.search(r'ruff-pre-commit\n +rev: v(\S+)', hooks)
    assert pinned is not None
    setup = (repo_root / 'setup.py').read_text(encoding='utf-8')
    assert f"'ruff=={pinned.group(1)}'" in setup


@pytest.fixture
def elsewhere(tmp_path: Path, installed_plugin: Path) -> Path:
    """A user's folder: pictures of two clips; the probe lies among the configs."""
    probe = installed_plugin / PACKAGE / '.mim' / 'configs' / 'demo' / CONFIG_NAME
    probe.write_text(CONFIG, encoding='utf-8')
    for label in (0, 1):
        (tmp_path / f'clip{label}').mkdir()
        for index in (1, 2):
            picture = np.full((32, 32, 3), 200 * label, np.uint8)
            cv2.imwrite(str(tmp_path / f'clip{label}/img_{index:05d}.jpg'), picture)
    (tmp_path / 'list.txt').write_text('clip0 2 0\nclip1 2 1\n', encoding='utf-8')
    return tmp_path


def run_mim(folder: Path, env: dict[str, str], *arguments: str) -> str:
    """Run ``mim`` in a folder and return all it printed."""
    done = subprocess.run(
        [sys.executable, '-m', 'mim', *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.integration
def test_mim_works_with_the_wheel_alone(
    elsewhere: Path, installed_plugin: Path, installed_env: dict[str, str]
) -> None:
    """Train by name and by path, then test, from a folder without the source tree."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    folder = str(installed_plugin / PACKAGE / '.mim')
    printed = run_mim(elsewhere, installed_env, 'train', PACKAGE, CONFIG_NAME)
    assert f'{folder}/tools/train.py' in printed
    assert 'Training finished successfully' in printed
    checkpoint = elsewhere / 'work_dirs' / 'packaging_probe' / 'epoch_1.pth'
    assert checkpoint.is_file()

    path = f'{folder}/configs/demo/{CONFIG_NAME}'
    options = ('--work-dir', 'by_path')
    printed = run_mim(elsewhere, installed_env, 'train', 'mmaction', path, *options)
    assert 'Training finished successfully' in printed
    assert (elsewhere / 'by_path' / 'epoch_1.pth').is_file()

    options = ('--checkpoint', str(checkpoint))
    printed = run_mim(elsewhere, installed_env, 'test', PACKAGE, CONFIG_NAME, *options)
    assert f'{folder}/tools/test.py' in printed
    assert 'acc/top1' in printed
