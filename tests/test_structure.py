"""The package's structure, read from its source: ranks of imports, sizes, habits."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = 'tpn_tsn_plugin'
# A part may import itself and parts of lower rank.
RANKS = {
    'errors': 0,
    'import_hook': 0,
    'output_files': 1,
    'native_messages': 1,
    'containers': 1,
    'compat': 1,
    'registry': 1,
    'functional': 1,
    'models': 2,
    'datasets': 2,
    'engine': 2,
    'evaluation': 2,
    'analysis': 3,
    'converters': 3,
    'cli': 4,
}
# Importing the package itself runs all of it, which only the outermost part may do.
ROOT_IMPORTERS = {'cli'}
# module -> the one part that may import it (None: no part)
DOORS = {'mmaction.registry': 'registry', 'matplotlib': 'analysis', 'torchvision': None}
# What runs code from a file. (np.load would only with allow_pickle; nothing needs it.)
CARELESS = {
    'pickle.load',
    'pickle.loads',
    'mmengine.load',
    'mmengine.fileio.load',
    'joblib.load',
    'numpy.load',
    'np.load',
    'pandas.read_pickle',
    'shelve.open',
    'torch.hub.load',
    'torch.jit.load',
    'yaml.load',
    'yaml.unsafe_load',
}
# Asks what torch's default is, with a file that it has just made.
PROBE = Path('compat/checkpoint_loading.py')
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 70


def part_of(module: list[str]) -> str:
    """Name the part that a dotted name inside the package belongs to; '' is its top."""
    return module[0] if module else ''


def imported_names(tree: ast.AST, folder: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the line and absolute dotted name of every import, `from` parts included.

    Args:
        tree: Parsed module.
        folder: Dotted path of the folder that holds the module, package first.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module.split('.') if node.module else []
            if node.level:
                base = folder[: len(folder) - node.level + 1] + base
            for alias in node.names:
                yield node.lineno, '.'.join([*base, alias.name])


def import_faults(tree: ast.AST, path: Path) -> Iterator[str]:
    """Yield what is wrong with a module's imports."""
    own = part_of(list(path.with_suffix('').parts))
    if own == '__init__':
        own = ''
    for line, name in imported_names(tree, [PACKAGE, *path.parent.parts]):
        for door, keeper in DOORS.items():
            if f'{name}.'.startswith(f'{door}.') and own != keeper:
                yield f'line {line}: {name} is for {keeper or "nobody"} only'
        if own == '' or name.split('.')[0] != PACKAGE:
            continue
        target = part_of(name.split('.')[1:])
        if target not in RANKS:
            if own not in ROOT_IMPORTERS:
                yield f'line {line}: {name} is the package itself or no known part'
        elif target != own and RANKS[target] >= RANKS[own]:
            yield (
                f'line {line}: {own} (rank {RANKS[own]}) imports {target} '
                f'(rank {RANKS[target]})'
            )


def habit_faults(tree: ast.AST) -> Iterator[str]:
    """Yield `assert` statements, `force=True` and functions that fill two screens."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield f'line {node.lineno}: assert checks nothing under python -O'
        elif isinstance(node, ast.keyword) and node.arg == 'force':
            if isinstance(node.value, ast.Constant) and node.value.value is True:
                yield f'line {node.value.lineno}: force=True'
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            length = (node.end_lineno or first) - first + 1
            if length > MAX_FUNCTION_LINES:
                yield f'line {first}: {node.name} has {length} lines'


def loading_faults(tree: ast.AST) -> Iterator[str]:
    """Yield what would run code that a file from elsewhere brings with it.

    Pickles are read by a subclass of Python's unpickler that looks up nothing.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f'{node.module}.{alias.name}' in CARELESS:
                    yield f'line {node.lineno}: {node.module}.{alias.name} runs code'
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in CARELESS:
            yield f'line {node.lineno}: {ast.unparse(node)} runs code'
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if name in ('pickle.Unpickler', 'pickle._Unpickler'):
                yield f'line {node.lineno}: {name} runs code'
            elif name == 'torch.load' and options.get('weights_only') != 'True':
                yield f'line {node.lineno}: {name} without weights_only=True'


def faults(path: Path, source: str) -> list[str]:
    """List what is wrong with one module.

    Args:
        path: Path of the module inside the package.
        source: Its text.
    """
    found = []
    part = path.with_suffix('').parts[0]
    if part not in RANKS and part not in ('__init__', '.mim'):
        found.append(f'{part} has no rank')
    else:
        tree = ast.parse(source)
        found += [*import_faults(tree, path), *habit_faults(tree)]
        found += loading_faults(tree) if path != PROBE else ()
    length = len(source.splitlines())
    if length > MAX_FILE_LINES:
        found.append(f'{length} lines')
    return [f'{path.as_posix()}: {fault}' for fault in found]


def package_modules(root: Path) -> list[Path]:
    """List the package's modules, without the configs that .mim links to."""
    package = root / PACKAGE
    paths = (path.relative_to(package) for path in sorted(package.rglob('*.py')))
    return [path for path in paths if path.parts[:2] != ('.mim', 'configs')]


def test_package_keeps_its_structure(repo_root: Path) -> None:
    modules = package_modules(repo_root)
    found = [
        fault
        for path in modules
        for fault in faults(path, (repo_root / PACKAGE / path).read_text('utf-8'))
    ]
    assert found == []
    # the walk saw the package
    assert {'errors.py', 'registry.py', 'cli/main.py'} <= {str(p) for p in modules}


@pytest.mark.parametrize(
    ('path', 'source', 'fault'),
    [
        ('models/a.py', 'from tpn_tsn_plugin.datasets import x', 'imports datasets'),
        ('models/a.py', 'from tpn_tsn_plugin import datasets', 'imports datasets'),
        ('models/a.py', 'import tpn_tsn_plugin.cli.main', 'imports cli'),
        ('models/necks/a.py', 'from ...engine.hooks import x', 'imports engine'),
        ('models/__init__.py', 'from .. import evaluation', 'imports evaluation'),
        ('models/a.py', 'def f():\n    from ..analysis import x', 'imports analysis'),
        ('functional/a.py', 'from ..registry import MODELS', 'imports registry'),
        ('errors.py', 'from . import functional', 'imports functional'),
        ('analysis/a.py', 'from ..converters.b import x', 'imports converters'),
        ('models/a.py', 'from tpn_tsn_plugin import __version__', 'the package itself'),
        ('models/a.py', 'from mmaction.registry import MODELS', 'for registry only'),
        ('models/a.py', 'from mmaction import registry', 'for registry only'),
        ('cli/a.py', 'import matplotlib.pyplot as plt', 'for analysis only'),
        ('datasets/a.py', 'import torchvision', 'for nobody only'),
        ('__init__.py', 'from torchvision.ops import nms', 'for nobody only'),
        ('compat/a.py', 'assert True', 'assert'),
        ('models/a.py', '@MODELS.register_module(force=True)\nclass A: ...', 'force'),
        ('engine/a.py', 'import pickle\npickle.load(file)', 'pickle.load runs code'),
        ('engine/a.py', 'import pickle\nread = pickle.loads', 'pickle.loads runs code'),
        ('engine/a.py', 'from pickle import loads', 'pickle.loads runs code'),
        ('engine/a.py', 'pickle.Unpickler(file).load()', 'Unpickler runs code'),
        ('datasets/a.py', 'mmengine.load(path)', 'mmengine.load runs code'),
        ('datasets/a.py', 'from mmengine.fileio import load', 'load runs code'),
        ('models/a.py', 'torch.load(path)', 'without weights_only=True'),
        ('models/a.py', 'torch.load(path, weights_only=False)', 'without weights_only'),
        ('models/a.py', 'def f():\n' + '    x = 1\n' * 70, 'f has 71 lines'),
        ('models/a.py', 'x = 1\n' * 301, '301 lines'),
        ('misc/a.py', '', 'misc has no rank'),
    ],
)
def test_checker_finds_fault(path: str, source: str, fault: str) -> None:
    found = faults(Path(path), source)
    assert len(found) == 1
    assert found[0].startswith(path)
    assert fault in found[0]


@pytest.mark.parametrize(
    ('path', 'source'),
    [
        ('models/necks/a.py', 'from ..heads.b import c\nfrom ...registry import D'),
        ('models/a.py', 'from tpn_tsn_plugin.functional import pyramid'),
        ('cli/a.py', 'from tpn_tsn_plugin import __version__, converters'),
        ('registry.py', 'from mmaction.registry import MODELS'),
        ('analysis/a.py', 'import matplotlib.pyplot\nfrom ..models import x'),
        ('__init__.py', 'from . import models, datasets'),
        ('models/a.py', 'import torch\nfrom mmaction.models.heads import BaseHead'),
        ('models/a.py', 'def f():\n' + '    x = 1\n' * 69),
        ('models/a.py', 'torch.load(path, weights_only=True)'),
        ('analysis/a.py', 'import pickle\nclass A(pickle.Unpickler): ...'),
    ],
)
def test_checker_accepts(path: str, source: str) -> None:
    assert faults(Path(path), source) == []


def test_every_folder_is_a_package(repo_root: Path) -> None:
    """Folders without ``__init__.py`` would silently stay out of the wheel."""
    modules = set(package_modules(repo_root))
    folders = {path.parent for path in modules if '.mim' not in path.parts}
    bare = [folder for folder in folders if folder / '__init__.py' not in modules]
    assert bare == []


def test_top_level_is_as_fixed(repo_root: Path) -> None:
    built = {'build', 'dist', '__pycache__'}
    names = {
        path.name
        for path in repo_root.iterdir()
        if not path.name.startswith('.')
        and path.name not in built
        and path.suffix != '.egg-info'
    }
    assert names == {
        'LICENSE',
        'README.md',
        'configs',
        'setup.py',
        'tests',
        PACKAGE,
        'work_dirs',
    }
