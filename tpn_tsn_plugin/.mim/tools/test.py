"""``mim test tpn_tsn_plugin CONFIG``: runs the tool that MMAction2 installs."""

import runpy
from importlib.resources import files

if __name__ == '__main__':
    tool = files('mmaction') / '.mim' / 'tools' / 'test.py'
    runpy.run_path(str(tool), run_name='__main__')
