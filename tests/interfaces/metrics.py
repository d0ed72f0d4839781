#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: metrics.py TCPREUSE

--metrics: the text is OpenMetrics by a strict reading of its specification, its numbers are those of summary.json, a file is whole
whenever it is read, and the small server answers what it is asked, whoever else keeps it busy.
"""
import contextlib
import json
import os
import re
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program  # noqa: E402

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples', 'verdicts.pcap')
NAME, LABEL = r'[a-zA-Z_:][a-zA-Z0-9_:]*', r'[a-zA-Z_][a-zA-Z0-9_]*'
SAMPLE = re.compile(r'(%s)(?:\{((?:%s="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\d+(?:\.\d+)?)$' % (NAME, LABEL))
# Of the types of OpenMetrics only those that the older text format of Prometheus has as well: node exporter reads files in that one.
SUFFIXES = {'counter': '_total', 'gauge': ''}


def parse(text):
    """{(sample, labels): value} of OpenMetrics text; ValueError for what the specification forbids."""
    lines = text.split('\n')
    if lines[-2:] != ['# EOF', '']:
        raise ValueError('it does not end in # EOF: %r' % text[-40:])
    out, families, family = {}, {}, None
    for line in lines[:-2]:
        word = re.match(r'# (TYPE|UNIT|HELP) (%s) (\S.*)$' % NAME, line)
        sample = SAMPLE.match(line)
        if word and word[1] == 'TYPE':
            if word[2] in families or word[3] not in SUFFIXES:
                raise ValueError('a family begins twice, or is of an unknown type: %r' % line)
            family = families[word[2]] = {'name': word[2], 'TYPE': word[3], 'samples': 0}
        elif word:
            if not family or word[2] != family['name'] or word[1] in family or family['samples']:
                raise ValueError('out of place: %r' % line)
            if word[1] == 'UNIT' and not word[2].endswith('_' + word[3]):
                raise ValueError('the name does not end in its unit: %r' % line)
            family[word[1]] = word[3]
        elif sample:
            labels = re.findall(r'(%s)="((?:[^"\\]|\\.)*)"' % LABEL, sample[2] or '')
            key = sample[1], tuple(sorted(labels))
            if not family or sample[1] != family['name'] + SUFFIXES[family['TYPE']] or key in out or sample[2] == '' or (
                    sample[2] or '').endswith(',') or len(dict(labels)) != len(labels):
                raise ValueError('no sample of its family, twice, or with wrong labels: %r' % line)
            family['samples'] += 1
            out[key] = float(sample[3])
        else:
            raise ValueError('what is this: %r' % line)
    return out


def compare(metrics, summary, running):
    """Complaints where numbers are not those of summary.json."""
    want = {('read_frames_total', None): summary['frames']['read'], ('captured_bytes_total', None): summary['frames']['captured_bytes'],
            ('conversations_total', None): summary['conversations'], ('running', None): running}
    for kind, words in (('trigger', summary['reuses']['by_trigger']), ('verdict', summary['reuses']['by_verdict'])):
        want.update({('reuses_total' if kind == 'trigger' else 'verdicts_total', (kind, word)): n for word, n in words.items()})
    have = {key: metrics.get(('tcpreuse_' + key[0], (key[1],) if key[1] else ())) for key in want}
    return ['%s %s: %s, not %s' % (*key, have[key], n) for key, n in want.items() if have[key] != n]


def others(text):
    """What the parser of Prometheus' own library says, where it is installed."""
    try:
        from prometheus_client.openmetrics import parser
    except ImportError:
        return []
    try:
        list(parser.text_string_to_metric_families(text))
    except ValueError as error:
        return [str(error)]
    return []


def collected(tcpreuse, out):
    """The textfile collector of Prometheus' node exporter, where it is installed, takes the file."""
    exporter = shutil.which('prometheus-node-exporter')
    if not exporter:
        return []
    program.run(tcpreuse, ['--metrics', os.path.join(out, 'tcpreuse.prom'), EXAMPLE])
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        address = '127.0.0.1:%d' % free.getsockname()[1]
    with subprocess.Popen([exporter, '--collector.disable-defaults', '--collector.textfile', '--collector.textfile.directory', out,
                           '--web.listen-address', address], stderr=subprocess.DEVNULL) as process:
        until, text = time.monotonic() + 20, ''
        while not text and time.monotonic() < until:
            with contextlib.suppress(OSError):
                text = urllib.request.urlopen('http://%s/metrics' % address, timeout=5).read().decode()
            time.sleep(0.05)
        process.terminate()
    wanted = ['node_textfile_scrape_error 0', 'tcpreuse_read_frames_total 92', 'tcpreuse_verdicts_total{verdict="delayed"} 1']
    return ['no %r in %r' % (line, text[:2000]) for line in wanted if line not in text.split('\n')]


def file(tcpreuse, out):
    path = os.path.join(out, 'tcpreuse.prom')
    result = program.run(tcpreuse, ['--metrics', path, EXAMPLE])
    with open(path) as stream:
        text = stream.read()
    complaints = [result.describe()] if result.status else []
    left = [name for name in os.listdir(out) if name != 'tcpreuse.prom']
    return complaints + compare(parse(text), result.summary(), 0) + others(text) + (['left: %r' % left] if left else [])


def without_verdicts(tcpreuse, out):
    path = os.path.join(out, 'tcpreuse.prom')
    program.run(tcpreuse, ['--verdicts', 'off', '--metrics', path, EXAMPLE])
    with open(path) as stream:
        names = {key[0] for key in parse(stream.read())}
    return ['there are verdicts'] if 'tcpreuse_verdicts_total' in names or 'tcpreuse_reuses_total' not in names else []


class Piped:
    """A run that reads a pipe, so that it goes on as long as the test wants."""

    def __init__(self, tcpreuse, place, out):
        self.summary = os.path.join(out, 'reports', 'summary.json')
        self.process = subprocess.Popen([tcpreuse, '-o', os.path.dirname(self.summary), '--metrics', place, '-'], stdin=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.place = self.process.stderr.readline().decode().split()[-1]

    def __enter__(self):
        with open(EXAMPLE, 'rb') as stream:
            self.process.stdin.write(stream.read())
        self.process.stdin.flush()
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def end(self):
        self.process.communicate(timeout=30)
        with open(self.summary) as stream:
            return self.process.returncode, json.load(stream)


def talk(place, request, patience=10):
    """What a server answers: status line, head, body."""
    if place.startswith('unix:'):
        stream = socket.socket(socket.AF_UNIX)
        address = place[5:]
    else:
        stream = socket.socket()
        host, port = re.match(r'http://(.*):(\d+)/metrics$', place).groups()
        address = host, int(port)
    with stream:
        stream.settimeout(patience)
        stream.connect(address)
        stream.sendall(request)
        answer = b''
        with contextlib.suppress(ConnectionResetError):     # of a request that was not read to its end
            while more := stream.recv(65536):
                answer += more
    head, _, body = answer.decode().partition('\r\n\r\n')
    return head.split('\r\n')[0], head, body


def served(tcpreuse, place, out):
    get = b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
    complaints = []
    with Piped(tcpreuse, place, out) as run:
        until, metrics = time.monotonic() + 10, {}
        while time.monotonic() < until and not metrics.get(('tcpreuse_conversations_total', ())):
            status, head, body = talk(run.place, get)
            metrics = parse(body)
            time.sleep(0.05)
        if status != 'HTTP/1.1 200 OK' or 'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8' not in head:
            complaints.append(head)
        if 'Content-Length: %d\r\n' % len(body) not in head or metrics[('tcpreuse_running', ())] != 1:
            complaints.append(head)
        for request, answer in ((b'HEAD /metrics HTTP/1.1\r\n\r\n', '200'), (b'GET / HTTP/1.0\r\n\r\n', '200'),
                                (b'GET /metrics?x=1 HTTP/1.1\r\n\r\n', '200'), (b'GET /etc/passwd HTTP/1.1\r\n\r\n', '404'),
                                (b'GET /metrics/ HTTP/1.1\r\n\r\n', '404'), (b'POST /metrics HTTP/1.1\r\n\r\n', '405'),
                                (b'\0\xff\r\n\r\n', '405')):
            status, head, body = talk(run.place, request)
            if answer not in status or (body and (answer != '200' or request.startswith(b'HEAD'))):
                complaints.append('%r: %r, %r' % (request, status, body[:40]))
        if talk(run.place, b'GET /metrics HTT')[0] or talk(run.place, b'x' * 5000)[0]:
            complaints.append('half a request was answered')
        begun = time.monotonic()
        if talk(run.place, get)[0] != 'HTTP/1.1 200 OK' or time.monotonic() - begun > 2:
            complaints.append('busy for %.1f s' % (time.monotonic() - begun))
        status, summary = run.end()
    if status or summary['conversations'] != metrics[('tcpreuse_conversations_total', ())] or (
            summary['frames']['read'] != metrics[('tcpreuse_read_frames_total', ())]):
        complaints.append('%d, %r' % (status, metrics))
    return complaints


def at_socket(tcpreuse, out):
    """One that a dead process left is replaced, one that is in use or a file is not, and none is left behind."""
    path = os.path.join(out, 's')
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    complaints = served(tcpreuse, 'unix:' + path, out)
    if os.path.exists(path):
        complaints.append('the socket is still there')
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(path)
        live.listen(0)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for client in first, second:    # so that it is too busy for another one
                client.setblocking(False)
                client.connect_ex(path)
            complaints += refused(tcpreuse, 'unix:' + path, 'Address already in use')
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            complaints.append('the socket of others is gone')
    os.unlink(path)
    program.write(out, 's', b'mine')
    complaints += refused(tcpreuse, 'unix:' + path, 'Address already in use')
    return complaints + ([] if os.path.getsize(path) == 4 else ['the file is gone'])


def refused(tcpreuse, place, word, capture=EXAMPLE):
    result = program.bare([tcpreuse, '-q', '--metrics', place, capture])
    return [] if result.status == 3 and word in result.err.decode() else ['%s: %s' % (place, result.describe())]


def without_descriptors(tcpreuse, out):
    """A connection that there is no descriptor for waits, and costs no time meanwhile."""
    def ticks(pid):
        with open('/proc/%d/stat' % pid) as stream:
            return sum(map(int, stream.read().rsplit(')', 1)[1].split()[11:13]))
    with Piped(tcpreuse, 'tcp:0', out) as run, socket.socket() as client:
        pid = run.process.pid
        talk(run.place, b'GET /metrics HTTP/1.1\r\n\r\n')
        most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, most[1]))
        client.connect(('127.0.0.1', int(re.search(r':(\d+)/', run.place)[1])))
        client.sendall(b'GET /metrics HTTP/1.1\r\n\r\n')
        begun = ticks(pid)
        time.sleep(1)
        spent = (ticks(pid) - begun) / os.sysconf('SC_CLK_TCK')
        resource.prlimit(pid, resource.RLIMIT_NOFILE, most)
        client.settimeout(10)
        answer = client.recv(15)
        status, _ = run.end()
    return [] if spent < 0.3 and answer == b'HTTP/1.1 200 OK' and not status else ['%.1f s, %r, exit %d' % (spent, answer, status)]


def kept(tcpreuse, out):
    """What is no file of metrics is not replaced: an input, something else, a device; nor is it the name of a report."""
    capture, empty, reports, null = (os.path.join(out, name) for name in ('in.pcap', 'empty', 'reports', 'null'))
    with open(EXAMPLE, 'rb') as stream:
        content = stream.read()
    program.write(out, 'in.pcap', content)
    program.write(out, 'empty', b'')
    os.symlink('/dev/null', null)
    complaints = refused(tcpreuse, capture, 'holds no metrics', capture) + refused(tcpreuse, null, 'device')
    with open(capture, 'rb') as stream:
        complaints += [] if stream.read() == content else ['the input is gone']
    for _ in range(2):
        result = program.bare([tcpreuse, '-q', '--metrics', empty, EXAMPLE])
        complaints += [result.describe()] if result.status else []
    for words in (['--metrics', os.path.join(reports, 'reuse.csv')], ['--metrics', capture + 'x', '--extract', capture + 'x']):
        result = program.bare([tcpreuse, '-q', '-o', reports, *words, EXAMPLE])
        complaints += [] if result.status == 1 and '--metrics' in result.err.decode() else [result.describe()]
    return complaints


def always_whole(tcpreuse, out):
    """The file is written ten thousand times as often as it would be, and read meanwhile."""
    path, done, seen = os.path.join(out, 'm'), 0, set()
    process = subprocess.Popen([tcpreuse, '-q', '--metrics', path, '--reports', 'reuse', '-'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    until = time.monotonic() + 5
    while time.monotonic() < until and not os.path.exists(path):
        time.sleep(0.01)
    while done < 20:
        with open(path) as stream:
            seen.add(len(parse(stream.read())))
        done += 1
    with open(EXAMPLE, 'rb') as stream:
        error = process.communicate(stream.read())[1]
    with open(path) as stream:
        final = parse(stream.read())
    out = [] if process.returncode == 0 and len(seen) == 1 else ['exit %d: %r' % (process.returncode, error)]
    return out + ([] if final[('tcpreuse_running', ())] == 0 and final[('tcpreuse_read_frames_total', ())] else ['%r' % final])


def main():
    tcpreuse, tap = os.path.abspath(sys.argv[1]), program.Tap()
    for name, test in (
            ('a file has the numbers of the summary', file), ('node exporter reads it', collected), ('--verdicts off', without_verdicts),
            ('tcp:0 serves on loopback', lambda *a: served(a[0], 'tcp:0', a[1])),
            ('an address of IPv4', lambda *a: served(a[0], 'tcp:127.0.0.1:0', a[1])),
            ('unix:PATH', at_socket), ('the file is whole', always_whole),
            ('other files stay', kept), ('no descriptors', without_descriptors),
            ('places that are none', lambda *a: sum((refused(a[0], *pair) for pair in (
                ('tcp:', 'such as'), ('tcp:x', 'such as'), ('tcp:1.2.3.4.5:6', 'such as'), ('tcp:example.org:80', 'such as'),
                ('tcp:99999', ''), ('unix:', 'cannot listen'), ('unix:' + 'x' * 200, 'cannot listen'),
                ('/no/such/place', 'cannot write'), ('tcp:192.0.2.77:9', 'cannot listen'))), []))):
        with tempfile.TemporaryDirectory(prefix='metrics-') as out:
            tap.ok(name, test(tcpreuse, out))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
