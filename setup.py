"""Build and installation of ``tpn_tsn_plugin``."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
PACKAGE = 'tpn_tsn_plugin'

# MMAction2 1.2.0 is the last release, and the repairs in compat/ are written
# against it and MMEngine 0.10.7; torch is bounded by what the tests have seen.
REQUIREMENTS = [
    'click>=8.1',
    'decord==0.6.0',
    'filelock>=3.12',
    'importlib_metadata',  # MMAction2 imports it without declaring it
    'matplotlib>=3.7',
    'mmaction2==1.2.0',
    'mmengine>=0.10.7,<0.11',
    'numpy>=1.26,<3',
    # cv2.optflow; MMEngine brings opencv-python, which installs the same cv2/
    'opencv-contrib-python>=4.8',
    'pillow>=10',
    'rich>=13',
    'scipy>=1.11',  # .mat files of THUMOS14; MMAction2 brings it
    'torch>=2.6,<2.14',
]

# openmim imports pkg_resources, which setuptools 81 dropped; openmim 0.3.9 pins
# a setuptools that torch refuses.
SETUPTOOLS = 'setuptools>=77.0.3,<81'

EXTRAS = {
    'lite': ['mmcv-lite==2.1.0'],
    'mim': ['openmim==0.3.7', SETUPTOOLS],
    'onnx': ['onnx>=1.17', 'onnxruntime>=1.20', 'onnxscript>=0.5'],
    'tests': ['hypothesis>=6.100', 'pytest>=8', 'pytest-xdist>=3.6', SETUPTOOLS],
    # linters are pinned: another version finds and formats other things
    'dev': ['build>=1.2', 'mypy==2.4.1', 'pre-commit>=4', 'ruff==0.17.5'],
}


def read_version() -> str:
    """Read ``__version__`` without importing the package, which needs torch."""
    source = (ROOT / PACKAGE / '__init__.py').read_text(encoding='utf-8')
    match = re.search(r"^__version__ = '([^']+)'$", source, flags=re.MULTILINE)
    if match is None:
        raise RuntimeError(f"{PACKAGE}/__init__.py has no line __version__ = '…'")
    return match.group(1)


def read_long_description() -> str:
    """Return the README, or nothing where a source archive left it out."""
    readme = ROOT / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.is_file() else ''


setup(
    name='tpn-tsn-plugin',
    version=read_version(),
    description=(
        'Temporal Pyramid Networks and Temporal Segment Networks as a plugin '
        'for MMAction2'
    ),
    long_description=read_long_description(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords='action recognition, video, MMAction2, OpenMMLab, TPN, TSN',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    python_requires='>=3.11',
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    # .mim/configs is a link to configs/: the wheel gets the files themselves
    package_data={PACKAGE: ['.mim/**/*']},
    exclude_package_data={PACKAGE: ['.mim/*__pycache__*']},
    entry_points={'console_scripts': ['tpn-tsn = tpn_tsn_plugin.cli.main:main']},
    zip_safe=False,
)
