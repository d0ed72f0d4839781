# SPDX-License-Identifier: BSD-2-Clause
"""An SVG picture of the results: bars for the tools, curves for what changes along an axis."""
import math

WIDTH, MARGIN, PANEL_GAP = 960, 28, 46
NAME_WIDTH, BAR, ROW = 110, 13, 19
INK, FAINT, OURS, CAT, THEIRS = '#1f2933', '#cbd2d9', '#1868b7', '#5f6c7b', '#b6bec8'
LINES = ('#1868b7', '#c2571a', '#2e8b57', '#8e44ad', '#b8860b')


def escape(text):
    return str(text).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def number(value):
    """Three digits, in thousands or millions where it is large."""
    if value >= 1e6:
        return '%g M' % round(value / 1e6, 2)
    if value >= 1e3:
        return '%g k' % round(value / 1e3, 1)
    return '%.3g' % value


class Picture:
    def __init__(self):
        self.parts, self.y = [], MARGIN

    def text(self, x, y, text, size=12, anchor='start', colour=INK, weight='normal'):
        self.parts.append('<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" fill="%s" font-weight="%s">%s</text>'
                          % (x, y, size, anchor, colour, weight, escape(text)))

    def line(self, x1, y1, x2, y2, colour=FAINT, width=1):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"/>'
                          % (x1, y1, x2, y2, colour, width))

    def title(self, text, under=()):
        self.text(MARGIN, self.y + 6, text, 17, weight='bold')
        self.y += 14
        for line in under:
            self.y += 15
            self.text(MARGIN, self.y, line, 11, colour='#52606d')
        self.y += 34

    def bars(self, title, unit, rows):
        """rows: (name, value, colour, remark), on a logarithmic axis."""
        left, right = MARGIN + NAME_WIDTH, WIDTH - MARGIN - 210
        low = 10 ** math.floor(math.log10(min(value for _, value, _, _ in rows) / 1.5))
        high = 10 ** math.ceil(math.log10(max(value for _, value, _, _ in rows)))
        at = lambda value: left + (right - left) * math.log10(value / low) / math.log10(high / low)
        self.text(MARGIN, self.y, title, 13, weight='bold')
        self.text(right, self.y, unit + ', logarithmic', 10, 'end', '#52606d')
        top, bottom = self.y + 8, self.y + 14 + ROW * len(rows)
        tick = low
        while tick <= high * 1.0001:
            self.line(at(tick), top, at(tick), bottom)
            self.text(at(tick), bottom + 13, number(tick), 10, 'middle', '#52606d')
            tick *= 10
        for i, (name, value, colour, remark) in enumerate(rows):
            y = top + 5 + ROW * i
            self.text(left - 8, y + BAR - 2, name, 11, 'end')
            self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>'
                              % (left, y, max(at(value) - left, 1), BAR, colour))
            self.text(at(value) + 6, y + BAR - 2, remark, 11)
        self.y = bottom + PANEL_GAP

    def curves(self, title, x_title, unit, lines):
        """lines: name -> [(x, y)], x logarithmic, y from 0 on."""
        left, right, height = MARGIN + 60, WIDTH - MARGIN - 130, 180
        points = [p for line in lines.values() for p in line]
        x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
        y_high = nice(max(y for _, y in points) * 1.05)
        span = math.log(x_high / x_low) or 1
        self.text(MARGIN, self.y, title, 13, weight='bold')
        self.text(right, self.y, unit, 10, 'end', '#52606d')
        top, bottom = self.y + 14, self.y + 14 + height
        px = lambda x: left + (right - left) * math.log(x / x_low) / span
        py = lambda y: bottom - height * y / y_high
        for i in range(5):
            y = y_high * i / 4
            self.line(left, py(y), right, py(y))
            self.text(left - 6, py(y) + 4, number(y), 10, 'end', '#52606d')
        for x in sorted({x for x, _ in points}):
            self.line(px(x), bottom, px(x), bottom + 4, INK)
            self.text(px(x), bottom + 16, number(x), 10, 'middle', '#52606d')
        self.text((left + right) / 2, bottom + 31, x_title, 11, 'middle')
        ends = []
        for i, (name, line) in enumerate(lines.items()):
            colour = LINES[i % len(LINES)]
            line = sorted(line)
            self.parts.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>'
                              % (colour, ' '.join('%.1f,%.1f' % (px(x), py(y)) for x, y in line)))
            for x, y in line:
                self.parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (px(x), py(y), colour))
            ends.append([py(line[-1][1]) + 4, name, colour])
        ends.sort()
        for i, end in enumerate(ends):
            if i:
                end[0] = max(end[0], ends[i - 1][0] + 14)
            self.text(right + 8, end[0], end[1], 11, colour=end[2])
        self.y = bottom + 31 + PANEL_GAP

    def svg(self):
        return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
                'font-family="Helvetica, Arial, sans-serif">\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'
                % (WIDTH, self.y, WIDTH, self.y, '\n'.join(self.parts)))


def nice(value):
    """The next number of one digit, or 1.2, 1.6, 2.4."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if step * power >= value)


def draw(results, about, titles):
    """results: of compare; about: what machine.describe() says; titles: suite -> (title, title of the x axis, kind)."""
    p = Picture()
    p.title('tcpreuse beside other tools',
            ['%s; %s' % (about['machine'], about['kernel']), about['compiler'], 'commit %s; medians of interleaved runs, files in page cache '
             'unless it says otherwise; other programs wanted %s cores' % (about['commit'], about['load'])])
    for suite, (title, x_title, kind) in titles.items():
        mine = [r for r in results if r.suite == suite]
        if not mine or not kind:
            continue
        if kind == 'curve':
            lines = {}
            for r in mine:
                lines.setdefault(r.tool.name, []).append((r.x, 1e3 / r.ns))
            p.curves(title, x_title, 'million frames a second', lines)
            continue
        rows = []
        for r in mine:
            remark = '%s ns, CPU %s' % (number(r.ns), number(r.processor_ns)) + (', %s x cat' % number(r.cat) if r.cat and r.tool.name != 'cat' else '')
            colour = OURS if r.tool.threads else CAT if r.tool.name == 'cat' else THEIRS
            rows.append((r.tool.name if kind == 'tools' else r.label, r.ns, colour, remark))
        p.bars(title, 'ns a frame', rows)
    return p.svg()
