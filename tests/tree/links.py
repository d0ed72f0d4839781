#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: links.py ROOT

Links within the documentation lead somewhere: each relative link of a Markdown file names a file of the tree and, behind #, one
of its headings. TAP output.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402


def headings(path):
    """As links name them: small letters, no punctuation, hyphens for spaces."""
    with open(path, encoding='utf-8') as file:
        titles = re.findall(r'^#+ (.*)$', re.sub(r'^```.*?^```', '', file.read(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles}


def broken(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        links = re.findall(r'\]\(([^)\s]+)\)', file.read())
    for link in links:
        if re.match(r'[a-z]+:', link):
            continue
        name, _, heading = link.partition('#')
        target = os.path.join(root, os.path.dirname(path), name) if name else os.path.join(root, path)
        if not os.path.exists(target):
            yield '%s: there is no %s' % (path, link)
        elif heading and target.endswith('.md') and heading not in headings(target):
            yield '%s: no heading for %s' % (path, link)


def main():
    root, = sys.argv[1:]
    tap = program.Tap()
    paths = [name for name in os.listdir(root) if name.endswith('.md')]
    paths += [os.path.join('docs', name) for name in os.listdir(os.path.join(root, 'docs')) if name.endswith('.md')]
    tap.ok('%d documents' % len(paths), [] if len(paths) > 15 else ['too few: is %s the root?' % root])
    tap.ok('their links lead somewhere', sorted(complaint for path in paths for complaint in broken(root, path)))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
