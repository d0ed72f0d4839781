#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: errors.py TCPREUSE SOURCE-ROOT

Every error that a run prints is in summary.json, once, and no other; the report page says that the run is not complete.
"""
import json
import os
import random
import re
import resource
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def printed(result):
    lines = result.err.decode().splitlines()    # libxlsxwriter prints some of its own
    return sorted(line[len('tcpreuse: '):] for line in lines if line.startswith('tcpreuse: '))


def told(summary):
    """The errors of summary.json, as they are printed."""
    out = []
    for e in summary['input']['errors']:
        parts = [e['file']] if e['file'] else []
        out.append(': '.join(parts + (['offset %d' % e['offset']] if 'offset' in e else []) + [e['message']]))
    return sorted(out)


def case(tap, name, tcpreuse, out, arguments, status, words, limit=None):
    """A run with -q, which prints errors only. words: each is in some error."""
    def preexec():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    result = program.bare([tcpreuse, '-q', '-o', out] + arguments, preexec_fn=preexec if limit else None)
    complaints = [] if result.status == status else ['expected exit %d: %s' % (status, result.describe())]
    summary = json.loads(read(os.path.join(out, 'summary.json')))
    if printed(result) != told(summary):
        complaints.append('printed: %r\nin summary.json: %r' % (printed(result), told(summary)))
    complaints += ['no error says %r: %r' % (w, printed(result)) for w in words if not any(w in p for p in printed(result))]
    if summary['complete']:
        complaints.append('summary.json says that it is complete')
    tap.ok(name, complaints)
    return result


def workbook(tap, tcpreuse, where, example):
    """Whatever the workbook lacks, its file and that are named, and the reports beside it go on."""
    command = [tcpreuse, '-q', '-j', '1', '-o', None, '--reports', 'reuse,xlsx', example]
    run = lambda out, limit: program.bare(      # noqa: E731
        [out if a is None else a for a in command], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    whole, complaints, failed = os.path.join(where, 'whole'), [], 0
    run(whole, 64)
    for limit in range(6, 20):
        out = os.path.join(where, 'files-%d' % limit)
        result = run(out, limit)
        errors = printed(result)
        named = [e for e in errors if e.startswith(out + '/reuse.xlsx: cannot write: ')]
        failed += len(named)
        if result.status != (3 if errors else 0) or [e for e in errors if 'Too many open files' not in e]:
            complaints.append('%d files: %s' % (limit, result.describe()))
        report = os.path.join(out, 'reuse.csv')
        if errors == named and os.path.exists(report) and read(report) != read(os.path.join(whole, 'reuse.csv')):
            complaints.append('%d files: reuse.csv is another one' % limit)
    tap.ok('a workbook, with few files open', complaints + ([] if failed else ['it never failed']))


def many(where):
    """A capture whose state is longer than its reports of reuses: there are none."""
    choose = random.Random(1)
    text = 'name: S 10.0.0.2:80\n' + ''.join('name: C%d 10.0.0.1:%d\n' % (i, 1024 + i) for i in range(1500))
    text += ''.join('%.6f C%d > S S seq %d\n' % (i / 100, i, choose.getrandbits(32)) for i in range(1500))
    return program.write(where, 'many.pcap', capture.Scenario(text).files[0][1].data())


def in_the_way(out, *names):
    for name in names:
        os.makedirs(os.path.join(out, name))
    return out


def main():
    tcpreuse, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    example, tap = os.path.join(root, 'examples', 'verdicts.pcap'), program.Tap()
    features = program.bare([tcpreuse, '--version']).out.decode()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-errors-') as where:
        place = lambda name: os.path.join(where, name)     # noqa: E731
        cut = program.write(where, 'cut.pcap', read(example)[:-3])
        case(tap, 'an input that ends early', tcpreuse, place('cut'), [cut], 2, ['offset'])
        out = in_the_way(place('schema'), 'schema.sql', 'datapackage.json')
        case(tap, 'the schema', tcpreuse, out, ['--reports', 'reuse,schema,summary', example], 3,
             [out + '/schema.sql: cannot write', out + '/datapackage.json: cannot write'])
        case(tap, 'a report, behind some bytes', tcpreuse, place('full'), ['--reports', 'packets,reuse,summary', example], 3,
             ['packets.csv: cannot write: File too large'], 6000)
        extract = place('x.pcapng')
        case(tap, 'an extract', tcpreuse, place('extract'), ['--reports', 'summary', '--extract', extract, example], 3,
             [extract + ': cannot write: File too large'], 6000)
        state = place('state-file')
        case(tap, 'a state', tcpreuse, place('state'), ['--reports', 'reuse,summary', '--state', state, many(where)], 3,
             [state + ': cannot write: File too large'], 6000)
        if 'Workbooks (xlsx): libxlsxwriter' in features:
            out = place('xlsx')
            case(tap, 'a workbook', tcpreuse, out, ['--reports', 'reuse,xlsx,summary', example], 3,
                 [out + '/reuse.xlsx: cannot write: File too large'], 6000)
            workbook(tap, tcpreuse, where, example)
        if 'Report page: Chart.js' in features:
            out = in_the_way(place('page'), 'report.html')
            case(tap, 'the page', tcpreuse, out, ['--reports', 'page,summary', example], 3, [out + '/report.html: cannot write'])
            out = in_the_way(place('page-says'), 'schema.sql')
            case(tap, 'the page beside an error', tcpreuse, out, ['--reports', 'reuse,page,schema,summary', cut], 3, ['schema.sql'])
            data = re.search(rb'id="data">(.*?)</script>', read(os.path.join(out, 'report.html')), re.DOTALL)[1]
            run = json.loads(data)['run']
            tap.ok('the page says so', [] if not run['complete'] and len(run['errors']) == len(run['failures']) == 1 else [str(run)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
