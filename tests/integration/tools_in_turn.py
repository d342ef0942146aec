"""Several of MMAction2's tools one after the other, so that ranks start only once.

A program: ``tools_in_turn.py '[["train.py", "config.py", …], …]'``.
"""

import json
import runpy
import sys

from process_jobs import TOOLS

if __name__ == '__main__':
    # The launcher puts an argument of its own in front.
    for tool, *arguments in json.loads(sys.argv[-1]):
        sys.argv = [tool, *arguments]
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
