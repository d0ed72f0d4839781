#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: pictures.py TCPREUSE [DIR]

Makes the pictures of README.md anew, in docs/pictures or DIR: terminal.svg, the listing as a terminal shows it, and page.png, the
report page in headless Chromium, both of examples/verdicts.pcap. Needs Chromium.
"""
import fcntl
import html
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = 'examples/verdicts.pcap'
COLUMNS = 112
CELL, LINE, MARGIN = 7.8, 18, 16            # pixels: a character's width, a line's height, the border
COLOURS = {'31': '#ff7b72', '32': '#7ee787', '33': '#f2cc60', '35': '#d2a8ff', '36': '#79c0ff', '2': '#9198a1'}
PAGE = 1100, 1180                           # the part of the page that is shown


def on_a_terminal(command):
    """What the command writes to a terminal of COLUMNS columns, as lines."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('4H', 24, COLUMNS, 0, 0))
    environment = {'PATH': os.environ['PATH'], 'TERM': 'xterm-256color', 'LC_ALL': 'C.UTF-8'}
    process = subprocess.Popen(command, cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    text = b''
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:                     # the end, as Linux tells it of a terminal
            break
        if not piece:
            break
        text += piece
    os.close(leader)
    if process.wait():
        raise SystemExit('%s: exit status %d' % (' '.join(command), process.returncode))
    return text.decode().replace('\r', '').rstrip('\n').split('\n')


def spans(line):
    """A line with escape sequences, as pieces of (column, text, attributes of SVG)."""
    column, style = 0, ''
    for piece in re.split(r'(\x1b\[[\d;]*[A-Za-z])', line):
        if piece.startswith('\x1b'):
            codes = piece[2:-1].split(';')
            bold = ' font-weight="bold"' if '1' in codes else ''
            style = bold + ''.join(' fill="%s"' % COLOURS[code] for code in codes if code in COLOURS)
        elif piece:
            yield column, piece, style
            column += len(piece)


def terminal(tcpreuse, path):
    lines = ['\x1b[2m$\x1b[0m tcpreuse verdicts.pcap'] + on_a_terminal([tcpreuse, EXAMPLE])
    with open(path, 'w') as file:
        width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="DejaVu Sans Mono, Menlo, '
                   'Consolas, monospace" font-size="13" fill="#e6edf3">\n' % (width, height))
        file.write('<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n')
        for row, line in enumerate(lines):
            for column, text, style in spans(line):
                if text.strip():
                    blank = len(text) - len(text.lstrip())
                    text = text.strip()
                    file.write('<text x="%g" y="%g" textLength="%g"%s>%s</text>\n' % (
                        MARGIN + (column + blank) * CELL, MARGIN + (row + 0.75) * LINE, len(text) * CELL, style,
                        html.escape(text).replace(' ', '\u00a0')))         # or a browser makes one of several
        file.write('</svg>\n')


def page(tcpreuse, path):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tcpreuse, '-q', '-o', folder, '--reports', 'page', EXAMPLE], cwd=ROOT, check=True)
        subprocess.run([shutil.which('chromium') or 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
                        '--window-size=%d,%d' % PAGE, '--screenshot=' + path, 'file://%s/report.html' % folder],
                       check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith('-'):
        raise SystemExit(__doc__.strip())
    tcpreuse = os.path.abspath(sys.argv[1])
    folder = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else os.path.join(ROOT, 'docs', 'pictures')
    os.makedirs(folder, exist_ok=True)
    terminal(tcpreuse, os.path.join(folder, 'terminal.svg'))
    page(tcpreuse, os.path.join(folder, 'page.png'))


if __name__ == '__main__':
    main()
