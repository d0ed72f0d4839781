#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: recipes.py TCPREUSE SOURCE

The recipes of docs/reports.md are run as they stand there, and give what they promise. Those whose program is not installed are
skipped. TAP output.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import sheets
import xlsx_files
from sheets import program

# What a recipe begins with: its program, and what its output has (a path: what it writes).
RECIPES = {
    'soffice': ('soffice', 'reuse.ods'),
    'import pandas': ('pandas', r'refused.*198\.51|192\.0\.2\.14'),
    'cd out': ('sqlite3', r'192\.0\.2\.14(.|\n)*\bretry\b'),
    'tshark': ('tshark', r'(?:.*→.*\n){10}'),
}


def python_with_pandas():
    for python in (sys.executable, '/usr/bin/python3'):
        if os.path.exists(python) and not subprocess.run([python, '-c', 'import pandas'], stderr=subprocess.DEVNULL).returncode:
            return python
    return None


def blocks(path):
    with open(path, encoding='utf-8') as file:
        section = re.search(r'^## Recipes\n(.*?)^## ', file.read(), re.DOTALL | re.MULTILINE)[1]
    return re.findall(r'^```\n(.*?)^```', section, re.DOTALL | re.MULTILINE)


def main():
    tcpreuse, source = map(os.path.abspath, sys.argv[1:3])
    tap = program.Tap()
    first, *recipes = blocks(os.path.join(source, 'docs', 'reports.md'))
    pandas = python_with_pandas()
    with tempfile.TemporaryDirectory() as top:
        os.symlink(os.path.join(source, 'examples'), os.path.join(top, 'examples'))
        environment = dict(os.environ, HOME=top, LC_ALL='C.UTF-8', PATH=os.path.dirname(tcpreuse) + ':' + os.environ['PATH'])
        if not xlsx_files.available(tcpreuse):
            first = first.replace(',xlsx', '')
        if program.bare(['sh', '-ec', first], cwd=top, env=environment).status:
            raise SystemExit('Bail out! ' + first)
        for text in recipes:
            (name, promised), = [value for key, value in RECIPES.items() if text.startswith(key)]
            if not (pandas if name == 'pandas' else shutil.which(name)):
                tap.skip(name, 'it is not installed')
                continue
            command = [pandas, '-c', text] if name == 'pandas' else ['sh', '-ec', text]
            done = program.bare(command, 300, cwd=top, env=environment)
            said = done.out.decode(errors='replace')
            kept = os.path.exists(os.path.join(top, promised)) or re.search(promised, said)
            tap.ok('the recipe for ' + name, [] if done.status == 0 and kept else [done.describe(), said])
        tap.ok('all of them', [] if len(recipes) == len(RECIPES) else ['%d recipes' % len(recipes)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
