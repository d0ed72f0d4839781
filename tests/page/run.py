#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN

The report `page` in headless Chromium: it says nothing on the console, its figures are those of summary.json and reuse.csv,
the table sorts, filters, pages and copies, and no name becomes markup. TAP output. Skipped, with the reason, where Chromium
or the library for charts is missing.
"""
import csv
import json
import os
import re
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import browser  # noqa: E402
import capture  # noqa: E402
import program  # noqa: E402

NO_REUSE = '''
name: C 10.0.0.1:40000
name: S 10.0.0.2:80
0.000  C > S  S   seq 1000
0.001  S > C  SA  seq 77 ack 1001
'''
REUSED = NO_REUSE + '''
0.002  C > S  R   seq 1001
9.500  C > S  S   seq 900000
9.600  S > C  SA  seq 5 ack 900001
'''
# What would do harm if it were taken for markup or script: / stands between a directory and a file in it.
HOSTILE = [b'a<', b'script><img src=x onerror=console.log(1)><!--<script>\xe2\x80\xa8"\'&amp;\\u003c\xff.pcap']
ROWS = "[...document.querySelectorAll('#reuse-rows tr.reuse')].map(r => [...r.cells].map(c => c.textContent))"


class Pages:
    """Runs of the program, each with its page."""

    def __init__(self, exe, folder):
        self.exe, self.folder, self.number = exe, folder, 0

    def make(self, paths, *arguments, reports='reuse,summary,page'):
        self.number += 1
        out = os.path.join(self.folder, 'out%d' % self.number)
        result = program.bare([self.exe, '-q', '-o', out, '--reports', reports, *arguments, *paths])
        if result.status:
            raise RuntimeError('%s: %s' % (result.command, result.describe()))
        return out

    def text(self, name, scenario):
        return program.write(self.folder, name, capture.Scenario(scenario).files[0][1].data())


def embedded(out):
    """The page's data, as JSON: (data, rows)."""
    with open(os.path.join(out, 'report.html'), encoding='utf-8') as file:
        page = file.read()
    part = {name: re.search('<script type="application/json" id="%s">(.*?)</script>' % name, page, re.DOTALL)[1]
            for name in ('data', 'rows-data')}
    return json.loads(part['data']), json.loads(part['rows-data'])


def read_rows(out):
    with open(os.path.join(out, 'reuse.csv'), encoding='utf-8') as file:
        return list(csv.DictReader(file))


def read_summary(out):
    with open(os.path.join(out, 'summary.json'), encoding='utf-8') as file:
        return json.load(file)


def number(text):
    return int(text.replace(',', ''))


def opened(page, out):
    page.messages.clear()
    page.requests.clear()
    return page.open(os.path.join(out, 'report.html'))


def quiet(page):
    """What the page said, or fetched; there must be neither."""
    page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))')
    return list(page.messages) + ['it fetched ' + url for url in page.requests if not url.startswith(('file://', 'data:'))]


def differ(what, got, wanted):
    return [] if got == wanted else ['%s: %r, not %r' % (what, got, wanted)]


def test_figures(page, out):
    summary, rows, (data, _) = read_summary(out), read_rows(out), embedded(out)
    opened(page, out)
    text = lambda name: page.evaluate("document.getElementById('%s').textContent" % name)   # noqa: E731
    wrong = differ('frames', number(text('frames')), summary['frames']['read'])
    wrong += differ('conversations', number(text('conversations')), summary['conversations'])
    wrong += differ('reuses', number(text('reuse-total')), summary['reuses']['total'])
    wrong += differ('headline', text('headline').split(' ')[0], '{:,}'.format(summary['reuses']['total']))
    for name, count in summary['reuses']['by_verdict'].items():
        shown = page.evaluate("document.getElementById('verdict-%s')?.firstChild.textContent" % name)
        wrong += differ('verdict ' + name, number(shown or '0'), count)
    for chart, bins in (('times', data['times']['bins']), ('gaps', data['gaps'])):
        wrong += differ('counts of the chart ' + chart, sum(sum(b[1:]) for b in bins), summary['reuses']['total'])
        for k, verdict in enumerate(data['verdicts']):
            wrong += differ('%s of the chart %s' % (verdict['name'], chart), sum(b[1 + k] for b in bins),
                            summary['reuses']['by_verdict'][verdict['name']])
    wrong += differ('delays', sum(sum(b[1:]) for b in data['delays']), sum(r['answer_delay'] != '' for r in rows))
    return wrong + quiet(page)


def test_rows(page, out):
    """All rows, as the page decodes them, are those of reuse.csv."""
    rows = read_rows(out)
    page.evaluate("document.getElementById('size').value = '250'; document.getElementById('size').dispatchEvent(new Event('change'))")
    shown = []
    while True:
        shown += page.evaluate(ROWS)
        if page.evaluate("document.getElementById('page-on').disabled"):
            break
        page.evaluate("document.getElementById('page-on').click()")
    wrong = differ('rows', len(shown), len(rows))
    host = lambda a, p: ('[%s]:%s' if ':' in a else '%s:%s') % (a, p)   # noqa: E731
    for got, row in zip(shown, rows):
        source, destination = host(row['src'], row['src_port']), host(row['dst'], row['dst_port'])
        if row['trigger'].startswith('synack'):
            source, destination = destination, source
        wanted = [row['frame'], source, destination, row['trigger'], row['verdict'], row['previous_close'], row['answer']]
        wrong += differ('row', [got[0], *got[2:4], *got[5:9]], wanted)
        wrong += [] if row['time'].split('T')[-1].endswith(got[1][-9:]) or '.' in row['time'] else ['time %s' % got[1]]
    return wrong[:10] + quiet(page)


def click(page, selector):
    page.evaluate("document.querySelector(%s).click()" % json.dumps(selector))


def choose(page, name, value):
    page.evaluate("(() => { const s = document.getElementById('%s'); s.value = %s; s.dispatchEvent(new Event('change')); })()"
                  % (name, json.dumps(value)))


def find(page, text):
    page.evaluate("(() => { const s = document.getElementById('find'); s.value = %s; s.dispatchEvent(new Event('input')); })()"
                  % json.dumps(text))
    page.evaluate('new Promise((done) => setTimeout(done, 300))')     # the page waits for the end of typing, too


def test_table(page, out):
    rows = read_rows(out)
    opened(page, out)
    column = lambda k: [r[k] for r in page.evaluate(ROWS)]      # noqa: E731
    gaps = sorted(rows, key=lambda r: float(r['gap']))
    click(page, '#head-gap button')
    wrong = differ('least gaps', column(0)[:5], [r['frame'] for r in gaps[:5]])
    wrong += differ('aria-sort', page.evaluate("document.getElementById('head-gap').getAttribute('aria-sort')"), 'ascending')
    click(page, '#head-gap button')
    wrong += differ('largest gaps', column(0)[:5], [r['frame'] for r in gaps[:-6:-1]])
    click(page, '#head-frame button')
    counts = {}
    for row in rows:
        counts[row['verdict']] = counts.get(row['verdict'], 0) + 1
    names = [v['name'] for v in embedded(out)[0]['verdicts']]
    for verdict, count in counts.items():
        choose(page, 'by-verdict', str(names.index(verdict)))
        wrong += differ('verdicts of the rows', set(column(6)), {verdict})
        wrong += differ('count of ' + verdict, number(re.search(r'of ([\d,]+)', page.evaluate(
            "document.getElementById('row-count').textContent"))[1]), count)
    choose(page, 'by-verdict', '')
    port = rows[-1]['src_port']
    find(page, rows[-1]['src'] + ' ' + port)
    wrong += differ('found', rows[-1]['frame'] in column(0), True)
    find(page, 'no such thing')
    wrong += differ('found', column(0), [])
    find(page, '')
    wrong += differ('first page', len(column(0)), 25)
    click(page, '#page-on')
    wrong += differ('second page', column(0)[0], rows[25]['frame'])
    click(page, '#page-last')
    wrong += differ('last page', column(0)[-1], rows[-1]['frame'])
    click(page, '#time-chart button')       # zoom in
    wrong += differ('rows while zoomed', 'filtered' in page.evaluate("document.getElementById('row-count').textContent"), True)
    return wrong + quiet(page)


def test_story(page, out):
    row = next(r for r in read_rows(out) if r['verdict'] == 'early-accepted' and r['previous_close'] == 'fin')
    opened(page, out)
    page.call('Browser.grantPermissions', permissions=['clipboardReadWrite', 'clipboardSanitizedWrite'])
    page.call('Emulation.setFocusEmulationEnabled', enabled=True)
    find(page, row['frame'])
    page.evaluate("[...document.querySelectorAll('.frame-button')].find((b) => b.textContent === '%s').click()" % row['frame'])
    story = page.evaluate("document.querySelector('.story')?.textContent") or ''
    wrong = ['the story has no %r: %s' % (words, story) for words in (
        'Stream %s had the ports' % row['previous_stream'], 'closed by FINs of both sides', 'Too early for ', 'A SYN/ACK, ',
        'Accepted at once') if words not in story]
    low, high = sorted((int(row['stream']), int(row['previous_stream'])))
    end, copied = time.monotonic() + 10, None
    while not copied and time.monotonic() < end:
        time.sleep(0.1)
        copied = page.evaluate('navigator.clipboard.readText()')
    return wrong + differ('copied', copied, 'tcp.stream in {%d, %d}' % (low, high)) + quiet(page)


def test_clock(page, pages):
    """The span shown begins a hundredth of it before the first frame, which is rounded, into the next second and day if need be."""
    wrong = []
    for first, last, shown in ((86400, 86403, '1970-01-02 00:00:00.0'), (20, 20.4, '1970-01-01 00:00:20.00'),
                               (20, 20.6, '1970-01-01 00:00:19.99')):
        scenario = NO_REUSE[:NO_REUSE.index('0.000')] + ''.join(
            '%.3f  C > S  S  seq %d\n' % (at, seq) for at, seq in ((first, 1000), (first + 0.001, 2000), (last, 3000)))
        path = pages.text('clock.pcap', scenario)
        opened(page, pages.make([path]))
        text = page.evaluate("document.getElementById('time-chart').textContent")
        wrong += differ('the span from %s' % first, re.findall(r' from (\S+ \S+) UTC', text)[:1], [shown])
    return wrong + quiet(page)


def test_accessible(page, out):
    opened(page, out)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    return page.evaluate('''new Promise((done) => setTimeout(done, 200)).then(() => {
      const all = (s) => [...document.querySelectorAll(s)], wrong = [];
      for (const name of ['header', 'nav', 'main', 'footer', 'h1', '[role=status]'])
        if (!document.querySelector(name)) wrong.push('no ' + name);
      for (const th of all('th')) if (!th.scope) wrong.push('a header cell without scope: ' + th.textContent);
      for (const c of all('canvas'))
        if (c.getAttribute('role') !== 'img' || (c.getAttribute('aria-label') || '').length < 40) wrong.push('a chart without words');
      if (all('canvas').length < 4) wrong.push('charts are missing');
      for (const s of all('section'))
        if (!document.getElementById(s.getAttribute('aria-labelledby'))) wrong.push('a section without a name');
      for (const f of all('input, select, button'))
        if (!f.labels?.length && !f.textContent.trim() && !f.ariaLabel) wrong.push('a control without a name');
      const ids = all('[id]').map((e) => e.id);
      if (new Set(ids).size !== ids.length) wrong.push('an id twice');
      if (all('[aria-sort]').length !== 1) wrong.push('aria-sort');
      if (document.querySelector('#time-chart table').rows.length < 2) wrong.push('no numbers of the chart');
      return wrong;
    })''') + quiet(page)


def test_sizes(page, out, folder):
    wrong = []
    for width, dark in ((1400, False), (1400, True), (400, False), (320, True)):
        page.size(width, 900, dark)
        opened(page, out)
        wrong += differ('width at %d' % width, page.evaluate('document.documentElement.scrollWidth'), width)
        light = int(re.search(r'\d+', page.evaluate('getComputedStyle(document.body).backgroundColor'))[0])
        wrong += differ('light at %s' % ('dark' if dark else 'light'), light > 128, not dark)
        wrong += quiet(page)
    page.size(1400, 900, True)
    opened(page, out)
    page.print(os.path.join(folder, 'page.pdf'))
    if os.path.getsize(os.path.join(folder, 'page.pdf')) < 20000:
        wrong.append('nothing on paper')
    page.size(1400, 900)
    return wrong + quiet(page)


def test_hostile(page, pages):
    data = open(pages.text('plain.pcap', REUSED), 'rb').read()
    folder = os.path.join(pages.folder.encode(), HOSTILE[0])
    os.makedirs(folder)
    paths = [os.path.join(folder, HOSTILE[1]), os.path.join(folder, b'b.pcap')]
    for path in paths:
        with open(path, 'wb') as file:
            file.write(data)
    with open(os.path.join(folder, b'c' + HOSTILE[1]), 'wb') as file:
        file.write(data[:-3])               # cut: its name and what is wrong with it go to the page, too
    out = os.path.join(pages.folder, 'hostile')
    program.bare([pages.exe, '-q', '-o', out, '--reports', 'page', *paths, os.path.join(folder, b'c' + HOSTILE[1])])
    opened(page, out)
    name = (pages.folder.encode() + b'/' + HOSTILE[0] + b'/' + HOSTILE[1]).decode(errors='replace')
    text = page.evaluate("document.getElementById('read').textContent")
    wrong = [] if name in text else ['no name %r in %r' % (name, text)]
    wrong += differ('names', text.count('<img src=x onerror='), 3)
    wrong += differ('images', page.evaluate("document.querySelectorAll('img').length"), 0)
    wrong += differ('scripts', page.evaluate("document.querySelectorAll('script').length"), 4)
    click(page, '.frame-button')
    story = page.evaluate("document.querySelector('.story').textContent")
    wrong += [] if '<img src=x' in story else ['no name in the story: %s' % story]
    wrong += quiet(page)
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.harm = 1'}))")
    wrong += differ('a script that was added ran', page.evaluate('window.harm'), None)
    return wrong + ([] if page.messages else ['the policy let a script in'])


def test_empty(page, pages):
    out = pages.make([pages.text('none.pcap', NO_REUSE)])
    opened(page, out)
    wrong = differ('headline', page.evaluate("document.getElementById('headline').textContent"), 'No TCP ports were reused.')
    wrong += differ('charts', page.evaluate("document.querySelectorAll('canvas').length"), 0)
    wrong += differ('shown', page.evaluate(
        "[...document.querySelectorAll('section')].filter((s) => !s.hidden).map((s) => s.id)"), ['read', 'verdicts'])
    return wrong + quiet(page)


def test_less(page, pages, trace):
    wrong = []
    for arguments, words in ((['--verdicts', 'off'], '--verdicts off'), (['--expire', '5'], 'leave out --expire')):
        out = pages.make([trace], *arguments)
        opened(page, out)
        text = page.evaluate('document.body.innerText')
        wrong += [] if words in text else ['%s is not named' % words]
        wrong += differ('rows', len(page.evaluate(ROWS)), 25)
        wrong += [' '.join(arguments) + ': ' + m for m in quiet(page)]
    return wrong


def test_networks(page, pages):
    """--key: the network of a reuse stands in its row and in its story, and can be found."""
    tagged = ''.join(line + ' vlan %d\n' % vlan if line.startswith(('0.', '9.')) else line + '\n'
                     for vlan in (907, 703) for line in (REUSED if vlan == 907 else REUSED.split('\n', 3)[3]).splitlines())
    out = pages.make([pages.text('vlans.pcap', tagged)], '--key', 'tuple,vlan,interface')
    opened(page, out)
    networks = lambda: [r[4] for r in page.evaluate(ROWS)]      # noqa: E731
    wrong = differ('networks', networks(), ['VLAN 907, interface 0', 'VLAN 703, interface 0'])
    click(page, '#head-network button')
    wrong += differ('by network', networks(), ['VLAN 703, interface 0', 'VLAN 907, interface 0'])
    find(page, 'vlan 907')
    wrong += differ('found', networks(), ['VLAN 907, interface 0'])
    click(page, '.frame-button')
    story = page.evaluate("document.querySelector('.story').textContent")
    wrong += [] if ', VLAN 907, interface 0' in story else ['no network in the story: ' + story]
    return wrong + quiet(page)


def task_seconds(page):
    """What the page's thread has worked so far, in seconds of a processor."""
    return {m['name']: m['value'] for m in page.call('Performance.getMetrics')['metrics']}['TaskDuration']


def test_large(page, pages, trace):
    out = pages.make([trace], reports='summary,page')
    data, rows = embedded(out)
    total = read_summary(out)['reuses']['total']
    wrong = differ('more than fit', total > 100000, True) + differ('listed', len(rows['verdict']), 100000)
    # The counters belong to a renderer, and a page that is opened anew may get another: each opening has a browser of its own.
    # The least of three counts, since the machine may have more to do.
    openings = []
    for _ in range(3):
        with browser.Browser(browser.find()) as fresh:
            fresh.size(1400, 900)
            fresh.call('Performance.enable', timeDomain='threadTicks')
            opened(fresh, out)
            openings.append(task_seconds(fresh))
            wrong += quiet(fresh)
    spent = {'opening': min(openings)}
    wrong += [] if spent['opening'] > 0.1 else ['opening takes %.2f s, which nobody can believe' % spent['opening']]
    page.call('Performance.enable', timeDomain='threadTicks')
    opened(page, out)
    worked = lambda: task_seconds(page)     # noqa: E731
    for name, selector in (('sorting by client', '#head-client button'), ('sorting by gap', '#head-gap button')):
        before = worked()
        click(page, selector)
        spent[name] = worked() - before
    before = worked()
    find(page, '10.0')
    spent['finding'] = worked() - before
    print('# %d bytes; %s' % (os.path.getsize(os.path.join(out, 'report.html')),
                              ', '.join('%s %.2f s' % pair for pair in spent.items())))
    wrong += ['%s takes %.2f s of a processor, not 2' % (name, s) for name, s in spent.items() if s > 2]
    notice = page.evaluate("document.getElementById('cut')?.textContent") or ''
    wrong += [] if '{:,}'.format(total) in notice and 'reuse.csv' in notice else ['not said what is left out: %s' % notice]
    wrong += differ('counts', sum(sum(b[1:]) for b in data['times']['bins']), total)
    return wrong + quiet(page)


def test_threads(pages, trace):
    made = set()
    for threads in (1, 2, 3, 8):
        with open(os.path.join(pages.make([trace], '-j', str(threads), reports='page'), 'report.html'), 'rb') as file:
            made.add(file.read())
    return differ('pages of 1, 2, 3 and 8 threads', len(made), 1)


def generate(tracegen, path, *arguments):
    done = program.bare([tracegen, *arguments, '-w', path])
    if done.status:
        raise RuntimeError(done.describe())
    return path


def main():
    exe, tracegen = sys.argv[1:3]
    tap = program.Tap()
    version = program.bare([exe, '--version']).out.decode()
    chromium = browser.find()
    if 'Report page: not in this build' in version or not chromium:
        tap.skip('page', 'no Chromium here' if not chromium else 'this build has no pages')
        return tap.done()
    folder = tempfile.mkdtemp(prefix='tcpreuse-page-')
    try:
        pages = Pages(exe, folder)
        some = generate(tracegen, os.path.join(folder, 'some.pcap'), '--frames', '40000', '--flows', '500', '--reuse', '30',
                        '--ipv6', '40', '--refused', '5', '--syn-retransmit', '5', '--rate', '500')
        large = generate(tracegen, os.path.join(folder, 'large.pcap'), '--frames', '900000', '--flows', '2000', '--reuse', '100',
                         '--conversation-frames', '6', '--rate', '20000')
        out = pages.make([some])
        tap.ok('the same bytes for any number of threads', test_threads(pages, some))
        with browser.Browser(chromium) as page:
            page.size(1400, 900)
            tap.ok('figures are those of summary.json and reuse.csv', test_figures(page, out))
            tap.ok('rows are those of reuse.csv', test_rows(page, out))
            tap.ok('the table sorts, filters, pages and follows the zoom', test_table(page, out))
            tap.ok('a reuse tells its story and copies its display filter', test_story(page, out))
            tap.ok('times of day', test_clock(page, pages))
            tap.ok('landmarks, headers and charts have names', test_accessible(page, out))
            tap.ok('wide and narrow, dark and light, and on paper', test_sizes(page, out, folder))
            tap.ok('hostile names stay text, and nothing else runs', test_hostile(page, pages))
            tap.ok('no reuses', test_empty(page, pages))
            tap.ok('networks', test_networks(page, pages))
            tap.ok('without verdicts, and with bounded memory', test_less(page, pages, some))
            tap.ok('100,000 rows are there within 2 s', test_large(page, pages, large))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tap.done()


sys.exit(main())
