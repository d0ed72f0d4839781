# SPDX-License-Identifier: BSD-2-Clause
"""usage: damage.py FOLDER

Writes a small capture of each format and flavour that the tests of formats know into FOLDER, for damage.c.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rare  # noqa: E402
import resync  # noqa: E402
import run  # noqa: E402
import texts  # noqa: E402
import translated  # noqa: E402

FRAMES = 6


def files():
    few = run.conversations(8, 2)[:FRAMES]
    many = run.conversations(8, 6)[:24]     # ERF is known by its first 20 records
    for name, (make, _) in resync.FLAVOURS.items():
        yield name, make(many if name == 'ERF' else few)
    yield 'pcapng simple', run.simple(few)
    for version in run.NETMON_VERSIONS:
        yield 'netmon %d.%d' % version, run.netmon(few, version)
    for name, (make, *_) in {**rare.FLAVOURS, **translated.FLAVOURS}.items():
        yield name, make(few)
    for name, (make, *_) in texts.FLAVOURS.items():
        yield 'text-' + name, make(few[:3])


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, data in files():
        data = data if isinstance(data, bytes) else data.encode()
        with open(os.path.join(folder, re.sub('[^a-z0-9.]+', '-', name.lower())), 'wb') as file:
            file.write(data)


main()
