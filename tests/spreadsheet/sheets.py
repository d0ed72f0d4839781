# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of this folder share: a run into a directory that stays, and readers of what it holds."""
import csv
import io
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import duck  # noqa: E402, F401
import program  # noqa: E402

REPORTS = 'reuse', 'conversations', 'packets', 'episodes', 'endpoints'
MARK = b'\xef\xbb\xbf'
# Names of files that a spreadsheet would compute, or a reader of CSV would take apart.
FORMULAS = '=1+1.pcap', '+2.pcap', '-3.pcap', '@4.pcap', '\t=5.pcap', '\r6.pcap', '=7,"8"\n.pcap', '\uff1d9.pcap'


def run(tcpreuse, out, reports, arguments, **more):
    """A run with -o into `out`, which has to succeed."""
    result = program.bare([tcpreuse, '-q', '-o', out, '--reports', ','.join(reports), *arguments], **more)
    if result.status:
        raise SystemExit('Bail out! %s: %s' % (' '.join(result.command), result.describe()))
    return result


def read(out, name):
    with open(os.path.join(out, name), 'rb') as file:
        return file.read()


def rows(data):
    """The fields of CSV, the header first; a byte order mark is taken away."""
    text = data.decode('utf-8-sig', 'surrogateescape')
    return list(csv.reader(io.StringIO(text, newline='')))


def package(out):
    """{resource's name: (path, fields)} of datapackage.json, in its order."""
    with open(os.path.join(out, 'datapackage.json'), encoding='utf-8') as file:
        resources = json.load(file)['resources']
    return {r['name']: (r['path'], r['schema']['fields']) for r in resources}


def copies(directory, source, names):
    """Copies of a file under other names."""
    return [shutil.copy(source, os.path.join(directory, name)) for name in names]
