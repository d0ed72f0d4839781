#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: forms.py TCPREUSE

The forms of the reports: NDJSON says what the CSV says, in each naming, and is valid whatever a file is called. The listing is
for terminals only, fits their windows, and says what the CSV says, too.
"""
import collections
import csv
import datetime
import decimal
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import hostile  # noqa: E402
import program  # noqa: E402

REPORTS = 'reuse', 'conversations', 'packets'
FEW = 'episodes', 'endpoints'
WORDS = 'undercuts', 'certainty', 'answers'     # lists of words, separated by spaces in the CSV
STRINGS = ('trigger', 'src', 'dst', 'client', 'server', 'previous_end', 'previous_closed_by', 'previous_close', 'acceptable', 'origin',
           'answer', 'episode_outcome', 'verdict', 'ended', 'ended_by', 'flags', 'file', 'client_by', 'handshake', 'close', 'closed_by',
           'community_id', 'outcome', 'role', 'address', 'port_order')
ENDS = {'src': 'source.ip', 'src_port': 'source.port', 'dst': 'destination.ip', 'dst_port': 'destination.port',
        'client': 'source.ip', 'client_port': 'source.port', 'server': 'destination.ip', 'server_port': 'destination.port'}
ECS = {'reuse': dict(ENDS, time='@timestamp'), 'packets': dict(ENDS, time='@timestamp'),
       'conversations': dict(ENDS, first_time='@timestamp', last_time='event.end', frames='network.packets', bytes='network.bytes',
                             client_frames='source.packets', server_frames='destination.packets',
                             duration='event.duration'),
       'episodes': dict({name: held for name, held in ENDS.items() if name[0] in 'cs'}, first_time='@timestamp'), 'endpoints': {}}
ZEEK = {'reuse': {'time': 'ts', 'src': 'id.orig_h', 'src_port': 'id.orig_p', 'dst': 'id.resp_h', 'dst_port': 'id.resp_p'},
        'conversations': {'first_time': 'ts', 'client': 'id.orig_h', 'client_port': 'id.orig_p', 'server': 'id.resp_h',
                          'server_port': 'id.resp_p', 'client_frames': 'orig_pkts', 'server_frames': 'resp_pkts',
                          'client_payload': 'orig_bytes', 'server_payload': 'resp_bytes'},
        'packets': {'time': 'ts'}, 'endpoints': {}}
ZEEK['episodes'] = {name: ZEEK['conversations'][name] for name in ('first_time', 'client', 'client_port', 'server', 'server_port')}
ECS['episodes'].update(vlan='network.vlan.id', interface='observer.ingress.interface.id')
ECS['reuse']['community_id'] = ECS['conversations']['community_id'] = 'network.community_id'
DATES = 'time', 'first_time', 'last_time', 'previous_first_time', 'previous_last_time'


def value(report, column, text):
    """What JSON has for a field of the CSV."""
    if report == 'episodes' and column == 'frames':
        return [decimal.Decimal(number) for number in text.split()]
    if column in WORDS:
        return text.split()
    if column == 'reused':
        return text == '1'
    if text == '':
        return None
    return text if column in STRINGS else decimal.Decimal(text)


def objects(data):
    """The rows of NDJSON; numbers as they are written."""
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError('a name twice')
        return dict(pairs)

    def not_json(word):
        raise ValueError(word)

    text = data.decode('utf-8', 'strict')
    if text and not text.endswith('\n'):
        raise ValueError('no line feed at the end')
    return [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal, parse_constant=not_json, object_pairs_hook=unique)
            for line in text.split('\n')[:-1]]


def utc(seconds):
    whole, point, fraction = seconds.partition('.')
    date = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=int(whole))
    return date.strftime('%Y-%m-%dT%H:%M:%S') + point + fraction + 'Z'


def expected(report, naming, row):
    """The object that a row of the CSV is, without what the naming adds."""
    out = {}
    for column, text in row.items():
        held = value(report, column, text)
        if naming == 'ecs':
            name = ECS[report].get(column, 'tcpreuse.' + column)
            if column in DATES:
                held = utc(text)
            elif name == 'event.duration':
                held = held * 10 ** 9
        else:
            name = column if naming == 'csv' else ZEEK[report].get(column, column)
        out[name] = held
    if report == 'reuse' and naming == 'zeek' and row['trigger'].startswith('synack'):     # the responder sent it
        for field in 'hp':
            out['id.orig_' + field], out['id.resp_' + field] = out['id.resp_' + field], out['id.orig_' + field]
    return out


def compare(report, naming, rows, found):
    complaints = [] if len(rows) == len(found) else ['%d rows, not %d' % (len(found), len(rows))]
    added = {'csv': set(), 'zeek': {'proto'} if report not in FEW else set(), 'ecs': {'ecs.version', 'event.kind', 'event.category', 'event.type', 'event.dataset',
                                                      'network.transport', 'event.start'}}[naming]
    for number, (row, is_) in enumerate(zip(rows, found), 1):
        wanted = expected(report, naming, row)
        own = {name: held for name, held in is_.items() if name not in added}
        if own != wanted:
            differ = [name for name in {**own, **wanted} if own.get(name, '-') != wanted.get(name, '-')]
            return complaints + ['row %d: %s: %s' % (number, name, (own.get(name, '-'), wanted.get(name, '-'))) for name in differ[:3]]
    if len({tuple(row) for row in found}) > 1:
        complaints.append('rows with other members')
    return complaints


def ndjson(tcpreuse, tap, paths):
    id_there = 'nettle' not in program.bare([tcpreuse, '--community-id', '-q', paths[0]]).err.decode()
    for more in ([], ['--verdicts', 'off'], ['--expire', '0.5', '-j', '1'], ['--community-id=7'] if id_there else ['-j', '3']):
        for inputs in paths[:1], paths:
            for report in REPORTS + (FEW if more[:1] not in (['--verdicts'], ['--expire']) else ()):
                command = [tcpreuse, '-q', '--reports', report, *more, *inputs]
                rows = list(csv.DictReader(io.StringIO(program.bare(command).out.decode('latin-1'), newline='')))
                for naming in 'csv', 'ecs', 'zeek':
                    done = program.bare(command + ['--format', 'ndjson', '--names', naming])
                    for row in rows:        # U+FFFD for what is no UTF-8
                        if 'file' in row:
                            row['file'] = row['file'].encode('latin-1').decode('utf-8', 'replace')
                            row['file'] = row['file'].encode('utf-8').decode('latin-1')
                    complaints = [] if len(rows) > (10 if report not in FEW else 3) else ['only %d rows' % len(rows)]
                    try:
                        wanted = [dict(row, **({'file': row['file'].encode('latin-1').decode()} if 'file' in row else {})) for row in rows]
                        complaints += compare(report, naming, wanted, objects(done.out))
                    except ValueError as wrong:
                        complaints += [str(wrong)]
                    tap.ok('%s as NDJSON, names %s, %d files%s' % (report, naming, len(inputs), ' '.join([''] + more)), complaints)


def control_characters(tcpreuse, tap, paths):
    """Escaped where JSON would not need it, too: a terminal may show the rows."""
    out = program.bare([tcpreuse, '-q', '--format', 'ndjson', *paths]).out.decode()
    odd = sorted({c for c in out if c != '\n' and (c < ' ' or '\x7f' <= c < '\xa0')})
    tap.ok('no control characters', ['%r' % odd] if odd or 'u001b' not in out or 'u009b' not in out else [])


def directories(tcpreuse, tap, directory, paths):
    """Files of their own, rotated as those of the CSV are, and not mistaken for those."""
    where = os.path.join(directory, 'out')
    reports = ['--reports', 'reuse,packets', paths[0]]
    program.bare([tcpreuse, '-q', '-o', where, *reports])
    done = program.bare([tcpreuse, '-o', where, '--format', 'ndjson', '--rotate', '20K', *reports])
    names = sorted(os.listdir(where))
    pieces = sorted((name for name in names if name.startswith('reuse') and name.endswith('.ndjson')),
                    key=lambda name: int(name.split('.')[1]) if name.count('.') == 2 else 0)
    text = b''
    for name in pieces:
        with open(os.path.join(where, name), 'rb') as file:
            text += file.read()
    whole = program.bare([tcpreuse, '-q', '--format', 'ndjson', paths[0]]).out
    complaints = [] if text == whole else ['the pieces are not the whole']
    complaints += [] if len(pieces) > 1 and 'packets.ndjson' in names else [' '.join(names)]
    complaints += [name for name in pieces if not os.path.getsize(os.path.join(where, name))]
    wanted = 'not written by this run, but by an earlier one: reuse.csv, packets.csv\n'
    tap.ok('NDJSON in a directory', complaints + ([] if done.err.decode().find(wanted) >= 0 else [done.err]))


EXPERT = '[Expert Info (Note/Sequence): A new tcp session is started with the same ports as an earlier session in this trace]'
HURT = 'refused', 'challenged', 'delayed', 'lost'


def on_terminal(command, columns, **environment):
    """What a terminal of so many columns gets on standard output."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    given = {name: held for name, held in os.environ.items() if name not in ('NO_COLOR', 'LC_ALL', 'LC_CTYPE')}
    given.update({'TERM': 'xterm', 'LANG': 'C.UTF-8'}, **environment)
    process, out = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL, env=given), b''
    os.close(slave)
    try:
        for piece in iter(lambda: os.read(master, 65536), b''):
            out += piece
    except OSError:     # the other side is closed
        pass
    os.close(master)
    process.wait(60)
    return out.decode().replace('\r\n', '\n')


def without_colors(text):
    return re.sub('\x1b\\[[0-9]+m', '', text)


def listings(tcpreuse, tap, paths):
    rows = list(csv.DictReader(io.StringIO(program.bare([tcpreuse, '-q', paths[0]]).out.decode())))
    frames, verdicts = [row['frame'] for row in rows], [row['verdict'] for row in rows]
    for columns in 50, 80, 120, 200:
        out = on_terminal([tcpreuse, paths[0]], columns)
        text = without_colors(out)
        listed, said = text.split('\n\n', 1)
        lines = listed.split('\n')
        complaints = ['%d columns: %s' % (len(line), line) for line in text.split('\n') if len(line) > columns]
        complaints += ['a control character'] if re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', text) else []
        complaints += ['no colours'] if out == text else []
        complaints += [] if [w[0] for w in map(str.split, lines) if w and w[0].isdigit() and '→' in w] == frames else ['other frames']
        complaints += [] if [line.split()[-1] for line in lines if line.split()[-1] in verdicts] == verdicts else ['other verdicts']
        marks = text.count('[TCP Port numbers reused]')
        complaints += [] if marks == (len(rows) if columns >= 80 else 0) else ['%d marks' % marks]
        complaints += [] if re.match('%d reuses of TCP ports; %s of the new' % (len(rows), sum(v in HURT for v in verdicts)), said) else [said[:80]]
        counts = {word: int(n) for n, word in re.findall('^ +([0-9]+)  ([a-z-]+) ', said, re.M)}
        complaints += [] if counts == dict(collections.Counter(verdicts)) else ['counts %s' % counts]
        tap.ok('a listing in %d columns' % columns, complaints)
    clients = collections.Counter(row['dst' if row['trigger'].startswith('synack') else 'src'] for row in rows)
    found = re.findall('^  \\[?([0-9a-f:.]+?)\\]? +([0-9]+) reuse', said.split('Servers')[0], re.M)
    complaints = [] if len(found) == min(5, len(clients)) else ['%d clients' % len(found)]
    tap.ok('the clients', complaints + [name for name, n in found if clients[name] != int(n)])


WIDE = """
name: C [2001:db8:1111:2222:3333:4444:5555:6666]:54321
name: S [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535
1.000000  C > S  S   seq 1000
2.000000  C > S  S   seq 5000
3.000000  S > C  RA  seq 0 ack 5001
"""


def wide_addresses(tcpreuse, tap, path):
    """Shortened in the middle where the window is narrow; ports stay."""
    client, server = '[2001:db8:1111:2222:3333:4444:5555:6666]:54321', '[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535'
    for columns in 50, 80, 120, 160, 200, 220:
        for more in [[], ['-V']][:1 + (columns >= 80)]:
            text = without_colors(on_terminal([tcpreuse, *more, path], columns))
            complaints = ['%d columns: %s' % (len(line), line) for line in text.split('\n') if len(line) > columns]
            short = re.search(r'\[2\S*…\S*\]:54321 +→ \[2\S*…\S*\]:65535', text)
            complaints += [] if (short is None) == (columns >= 220 or bool(more)) else ['shortened or not']
            complaints += [] if columns < 120 or more and client in text or server in text else ['no whole address']
            tap.ok('wide addresses in %d columns %s' % (columns, ' '.join(more)), complaints)


def forms_by_output(tcpreuse, tap, path):
    plain = program.bare([tcpreuse, '-q', path]).out.decode()
    text = program.bare([tcpreuse, '-q', '--format', 'text', path]).out.decode()
    given, paint = [tcpreuse, '-q', path], '\x1b['
    for name, wrong in (
            ('a pipe gets CSV', not plain.startswith('frame,time,')),
            ('and a terminal, if asked for', on_terminal([tcpreuse, '-q', '--format', 'csv', path], 80) != plain),
            ('so does one that gets another report', not on_terminal(given + ['--reports', 'packets'], 80).startswith('frame,time,')),
            ('a terminal gets colours', paint not in on_terminal(given, 80)),
            ('none with NO_COLOR', paint in on_terminal(given, 80, NO_COLOR='1')),
            ('an empty NO_COLOR says nothing', paint not in on_terminal(given, 80, NO_COLOR='')),
            ('none on a dumb terminal', paint in on_terminal(given, 80, TERM='dumb')),
            ('none if told so', paint in on_terminal(given + ['--color', 'never'], 80)),
            ('all the same if told so', paint not in on_terminal(given + ['--color', 'always'], 80, NO_COLOR='1')),
            ('none in a pipe', paint in text or '[TCP Port numbers reused]' not in text),
            ('in a pipe if told so', paint not in program.bare(given + ['--format', 'text', '--color', 'always']).out.decode()),
            ('ASCII where the locale has no more', not on_terminal(given, 80, LANG='C').isascii())):
        tap.ok(name, ['it does not'] if wrong else [])
    for more in ['--format', 'text'], ['-V']:
        outs = {program.bare([tcpreuse, '-j', str(n), *more, path]).out for n in (1, 2, 3, 8)}
        tap.ok('%s: the same for any number of threads' % ' '.join(more), ['%d texts' % len(outs)] if len(outs) > 1 else [])


def stories(tcpreuse, tap, paths):
    rows = list(csv.DictReader(io.StringIO(program.bare([tcpreuse, '-q', paths[0]]).out.decode())))
    text = program.bare([tcpreuse, '-q', '-V', paths[0]]).out.decode()
    found = [(number, verdict) for number, verdict in re.findall('^Frame ([0-9]+):.*?^  Verdict  ([a-z-]+)$', text, re.M | re.S)]
    complaints = [] if text.count('\n            ' + EXPERT + '\n') == len(rows) else ['not each has its expert info']
    tap.ok('-V', complaints + ([] if found == [(row['frame'], row['verdict']) for row in rows] else ['other reuses']))
    text = without_colors(on_terminal([tcpreuse, '-V', paths[0]], 80))
    tap.ok('-V in 80 columns', ['%d columns: %s' % (len(line), line) for line in text.split('\n') if len(line) > 80][:5])
    text = program.bare([tcpreuse, '-V', '--verdicts', 'off', paths[0]]).out.decode()
    tap.ok('-V without verdicts', ['it has some'] if 'Verdict' in text or EXPERT not in text else [])


def file_names(tcpreuse, tap, paths):
    """Several files: rows say which one, in characters that a terminal can show."""
    for more in [], ['-V']:
        text = without_colors(on_terminal([tcpreuse, '-q', *more, *paths], 200))
        complaints = ['a control character'] if re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', text) else []
        shown = 'caf\\xe9 "q" \\ \\x1b[31m \\xc2\\x9b \\x7f \u20ac.pcap'
        tap.ok('file names in a listing %s' % ' '.join(more), complaints + ([] if shown in text and 'plain.pcap' in text else [text[:400]]))


def wrong(tcpreuse, tap, directory, path):
    for typed, words in ((['--names', 'ecs'], "'--names' requires '--format ndjson'"),
                         (['--format', 'csv', '--names', 'zeek'], "'--names' requires '--format ndjson'"),
                         (['--format', 'text', '-o', directory + '/text'], "not with '-o'"),
                         (['-V', '-o', directory + '/text'], "'--details' lists reuses on standard output"),
                         (['--format', 'text', '--reports', 'packets'], 'nor other reports'),
                         (['-V', '--format', 'csv'], "'--details' requires '--format text'"),
                         (['--color', 'sometimes'], 'auto, always or never'),
                         (['--format', 'json'], "did you mean 'ndjson'?")):
        done = program.bare([tcpreuse, *typed, path])
        complaints = ['exit %d' % done.status] if done.status != 1 or done.out else []
        tap.ok(' '.join(typed), complaints + ([] if words in done.err.decode() else [done.err.decode()]))


def main():
    tcpreuse, tap = os.path.abspath(sys.argv[1]), program.Tap()
    with tempfile.TemporaryDirectory(prefix='forms-') as directory:
        paths = [program.write(directory, 'plain.pcap', hostile.pcap(1, 600)),
                 program.write(os.fsencode(directory), b'caf\xe9 "q" \\ \x1b[31m \xc2\x9b \x7f \xe2\x82\xac.pcap', hostile.pcap(2, 300))]
        ndjson(tcpreuse, tap, paths)
        control_characters(tcpreuse, tap, paths)
        directories(tcpreuse, tap, directory, paths)
        listings(tcpreuse, tap, paths)
        wide_addresses(tcpreuse, tap, program.write(directory, 'wide.pcap', capture.Scenario(WIDE).files[0][1].data()))
        forms_by_output(tcpreuse, tap, paths[0])
        stories(tcpreuse, tap, paths)
        file_names(tcpreuse, tap, paths)
        wrong(tcpreuse, tap, directory, paths[0])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
