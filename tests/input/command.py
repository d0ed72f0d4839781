#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: command.py TCPREUSE

What users of tshark, tcpdump and ripgrep expect of a command line: typing errors get a suggestion, -r names a file, -o makes
directories, a run without input prints errors only, and files of earlier runs are not mistaken for those of this one.
"""
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402

FIRST = """
name: C 10.0.0.1:40000
name: S 10.0.0.2:80
0.000  C > S  S   seq 1000
0.001  S > C  A   seq 77 ack 5
0.002  C > S  R   seq 5
"""
SECOND = """
name: C 10.0.0.1:40000
name: S 10.0.0.2:80
1.000  C > S  S   seq 5000
"""


def ends(result, status, *words):
    """Complaints unless the run ended with this status and its standard error has the words."""
    error = result.err.decode(errors='replace')
    out = ['expected exit %d' % status] if result.status != status else []
    out += ['standard error does not say %r' % word for word in words if word not in error]
    return out + ['it ended with ' + result.describe(), 'command: ' + ' '.join(result.command)] if out else []


def suggestions(tcpreuse, tap, path):
    """Pairs of what is typed and what was meant; None: nothing is near."""
    for typed, meant in (
            (['--threds', '2'], '--threads'), (['--theads=2'], '--threads'), (['--Threads', '2'], '--threads'),
            (['--treahds', '2'], '--threads'), (['--threads4'], '--threads'), (['--stats-intervall', '2'], '--stats-interval'),
            (['--out-put', 'x'], '--output'), (['--nonsense'], None), (['--qui'], ''), (['--'], ''),
            (['-threads', '2'], '--threads'), (['-J', '2'], '-j'), (['-k'], '--key'), (['-y'], None),
            (['--reports', 'reuses'], 'reuse'), (['--reports', 'reuse,summery'], 'summary'), (['--reports', 'conv'], 'conversations'),
            (['--reports', 'packets.csv'], 'packets'), (['--reports', 'all'], None), (['--reports', ','], None),
            (['--rules', '44'], '4.4'), (['--rules', '4.4.2'], '4.4'), (['--rules', '4.5'], None), (['--rules', '5.0'], None),
            (['--rules', '4'], None), (['--rules', ''], None), (['--progress', 'alwasy'], 'always'),
            (['--progress', 'NEVER'], 'never'), (['--dpdk', 'x', '--stats-format', 'jsno'], 'json')):
        if meant == '':         # an abbreviation, and no option at all: no errors
            tap.ok(' '.join(typed), ends(program.bare([tcpreuse, *typed, path]), 0))
            continue
        result = program.bare([tcpreuse, *typed, path])
        found = re.findall(r"; did you mean '(.*)'\?", result.err.decode())
        tap.ok(' '.join(typed), ends(result, 1) + ([] if found == ([meant] if meant else []) else ['it suggests %r' % found]))
    for letter, instead in (('Y', '-f'), ('R', '-f'), ('w', '--extract'), ('c', '--frames'), ('a', '--duration'), ('b', '--rotate'),
                            ('G', '--rotate'), ('T', '--format'), ('n', 'never resolved')):
        tap.ok('-%s of other tools' % letter, ends(program.bare([tcpreuse, '-' + letter, 'x', path]), 1, "unknown option '-%s'; " % letter, instead))
    for typed, words in ((['--rules', '4.5'], ["'4.5'", "'--rules'", '4.0, 4.2, 4.4 or 4.6']),
                         (['--port-range', '9-3'], ["'9-3'", 'such as']), (['--key', 'vlan'], ["'vlan'", 'tuple,vlan']),
                         (['--key', 'tuple,vlan,vlan'], ['such as']), (['--key', 'tuple,'], ['such as']), (['--key', 'tuple,vlans'], ['such as']),
                         (['--key', 'tuple,vlan', '--rules', '4.0'], ['--key', '4.2']),
                         (['--key', 'tuple,vni', '--print-filter'], ['--print-filter', '--extract']),
                         (['--community-id=65536'], ["'65536'", '0 to 65535']),
                         (['--reports', 'endpoints', '--expire', '3'], ["'endpoints'", 'all conversations', "'--expire'"]),
                         (['--reports', 'endpoints', '--max-conversations', '3'], ["'--max-conversations'"]),
                         (['--reports', 'endpoints', '--verdicts', 'off'], ["'endpoints'", 'verdicts']),
                         (['-j', '0'], ["'0'", "'-j'", '1 to ']), (['--mbufs', '5'], ["'5'", "'--mbufs'", '1024 to ']),
                         (['--expire', '-1'], ["'-1'", "'--expire'", 'seconds']), (['-o', ''], ["''", "'-o'", 'exists']),
                         (['--rotate', '5x'], ["'5x'", "'--rotate'", '100M']), (['--ports', '1,1'], ["'1,1'", "'--ports'", 'once']),
                         (['-i', ''], ["''", "'-i'", 'any']), (['-i', 'lo', '-s', '63'], ["'63'", "'-s'", '64 to 262144']),
                         (['-i', 'lo', '--dpdk', 'x'], ['exclude each other']), (['-i', 'lo', '--extract', 'x'], ['captures']),
                         (['-i', 'lo', '-i', 'lo'], ["'lo'", 'once']), (['-D'], ['takes no inputs']), (['--frames', '5'], ["'-i' or '--dpdk'"]),
                         (['--ignore', '0'], ["'0'", "'--ignore'", '5,9-12']),
                         (['--clock', 'x=1s'], ["'x=1s'", "'--clock'", 'b.pcap=-0.003']), (['--clock', 'x'], ["'x'", "'--clock'"]),
                         (['-d', 'udp.port==1,rtp'], ["'udp.port==1,rtp'", "'-d'", 'vxlan']), (['--decode-as', 'udp.port==1:0,ip'], ['udp.port==1:0,ip']),
                         (['-d', 'udp.port==9-8,ip'], ['udp.port==9-8,ip', '0 to 65535']),
                         (['-d', 'tcp.port==9,ip'], ['tcp.port==9,ip', 'layer types: udp.port, ethertype']),
                         (['-d', 'gre.proto==9,ip'], ['layer types']), (['-d', 'udp.port=9'], ['such as udp.port==']),
                         (['-d', 'ethertyp==9,ip'], ["did you mean 'ethertype'?"]), (['-d', 'udp.port==9,vxaln'], ["did you mean 'vxlan'?"]),
                         (['-d', 'ip.proto==256,tcp'], ['0 to 255']), (['-d', 'wtap_encap==1,ip'], ['45 to 60', 'USER0']),
                         (['-d', 'ethertype==08,ip'], ['N:COUNT']), (['-d', 'ethertype==0x88b5,vxlan'], ['ethertype can be']),
                         (['-d', 'mpls.label==0xfffff:2,data'], ['0 to 1048575']), (['-d', 'udp.port==1:18446744073709551615,ip'], ['0 to 65535']),
                         (['--clock', 'x=1', '--clock', 'x=2'], ["'x=2'", 'once']), (['--clock', 'x=1'], ["'--clock'", "'x'", 'none']),
                         (['--reports', 'x'], ["'x'", "'--reports'", 'conversations'])):
        tap.ok('a wrong value says what is allowed: %s' % typed, ends(program.bare([tcpreuse, *typed, path]), 1, *words))


def inputs(tcpreuse, tap, first, second):
    def reuses(*arguments):
        result = program.bare([tcpreuse, '-q', *arguments])
        rows = [line.split(',') for line in result.out.decode().splitlines()[1:]]
        return ends(result, 0) + ([] if [row[0] for row in rows] == ['4'] else ['rows: %s' % rows])

    tap.ok('-r twice', reuses('-r', first, '-r', second))
    tap.ok('-r in another order is the same capture', reuses('-r' + second, '--read-file=' + first))
    tap.ok('-r beside a file', reuses(first, '-r', second))
    tap.ok('-r between options and files', reuses('-r', second, '-j', '1', first, '--rules', '4.4'))
    tap.ok('files after --', reuses('-r', second, '--', first))
    appended = program.bare([tcpreuse, '-q', '--append', '-r', second, first])
    back = program.bare([tcpreuse, '-q', '--append', first, '-r', second])
    rows = [result.out.decode().splitlines()[1].split(',')[0] for result in (appended, back)]
    tap.ok('--append keeps the order of -r and files', [] if rows == ['2', '4'] else ['rows: %s' % rows])
    tap.ok('-r with --dpdk', ends(program.bare([tcpreuse, '--dpdk', 'x', '-r', first]), 1, 'takes no files'))
    results = [program.bare([tcpreuse, '-q', '--rules', rules, first, second]) for rules in ('4.4', '4.6')]
    tap.ok('--rules 4.6 is 4.4', ends(results[1], 0) + ([] if results[0].out == results[1].out else ['other rows']))
    row = results[0].out.decode().splitlines()[1].split(',')
    tap.ok('completeness 37 is also a challenged SYN', [] if row[11] == '37' else ['found %s' % row])


def answers(tcpreuse, tap):
    version = program.bare([tcpreuse, '--version'])
    lines = version.out.decode().splitlines()
    complaints = ends(version, 0) + ([] if re.fullmatch(r'tcpreuse \d+\.\d+\.\d+', lines[0]) else [lines[0]])
    complaints += ['nothing about ' + word for word in ('Rules: ', '4.0', '4.2', '4.4', '4.6', 'gzip', 'zstd', 'lz4', 'xz',
                                                        'Capture filters: ', 'Ports: ', 'Allocator: ') if word not in version.out.decode()]
    tap.ok('--version', complaints)
    long, short = program.bare([tcpreuse, '--help']), program.bare([tcpreuse, '-h'])
    tap.ok('-h is --help', ends(short, 0) + ([] if short.out == long.out and short.out else ['they differ']))


def outputs(tcpreuse, tap, directory, first):
    deep = os.path.join(directory, 'a', 'b', 'c')
    for name, path in ('-o makes parents', deep), ('again', deep), ('with slashes', deep + '//d/'):
        made = program.bare([tcpreuse, '-o', path, first])
        tap.ok(name, ends(made, 0) + ([] if os.path.exists(os.path.join(path, 'reuse.csv')) else ['no report']))
    plain = program.write(directory, 'plain', b'')
    for path in plain, os.path.join(plain, 'x'), os.path.join(plain, 'x', 'y'):
        tap.ok('-o %s, under a file' % path[len(directory):],
               ends(program.bare([tcpreuse, '-o', path, first]), 3, path + ': cannot create the directory', plain + ':' if path == plain
                    else ': %s: Not a directory' % plain))

    out = os.path.join(directory, 'earlier')
    complaints = ends(program.bare([tcpreuse, '-o', out, '--reports', 'packets,summary', first]), 0)
    second = program.bare([tcpreuse, '-o', out, '--reports', 'reuse', first])
    complaints += ends(second, 0, out + ': ', 'by an earlier one: packets.csv, summary.json')
    if sorted(os.listdir(out)) != ['packets.csv', 'reuse.csv', 'summary.json']:
        complaints.append('files: %s' % os.listdir(out))
    complaints += ['a note in spite of -q'] if program.bare([tcpreuse, '-q', '-o', out, '--reports', 'reuse', first]).err else []
    every = program.bare([tcpreuse, '-o', out, '--reports', 'reuse,conversations,packets,summary', first])
    complaints += ['a note without a reason'] if b'earlier' in every.err else []
    tap.ok('reports of an earlier run are named', complaints)


def nothing(tcpreuse, tap, directory, first):
    """No input at all: errors, and nothing that looks like a report."""
    empty, text = program.write(directory, 'empty', b''), program.write(directory, 'text', b'no capture, but a text\n')
    folder, absent = os.path.join(directory, 'folder'), os.path.join(directory, 'absent.pcap')
    os.mkdir(folder)
    for name, arguments in (('a file that is not there', [absent]), ('two of them', [absent, '-r', absent + '2']),
                            ('the same, in order', ['--append', absent, absent]), ('an empty file', [empty]), ('a text', [text]),
                            ('a directory without captures', [folder]), ('an empty list', ['--files-from', empty]),
                            ('an empty standard input', ['-']), ('all of them', [absent, empty, text, folder, '-'])):
        result = program.bare([tcpreuse, *arguments])
        complaints = ends(result, 2)
        complaints += ['standard output: %r' % result.out] if result.out else []
        complaints += ['not an error: %r' % line for line in result.err.decode().splitlines() if not line.startswith('tcpreuse: ')]
        out = os.path.join(directory, 'none')
        program.bare([tcpreuse, '-o', out, first])
        complaints += ends(program.bare([tcpreuse, '-o', out, *arguments]), 2)
        with open(os.path.join(out, 'summary.json')) as file:
            told = json.load(file)['input']
        files = sorted(os.listdir(out))
        complaints += ['files: %s' % files] if files != ['conversations.csv', 'reuse.csv', 'summary.json'] else []
        complaints += ['%s has rows' % name for name in files[:2] if len(open(os.path.join(out, name)).readlines()) != 1]
        complaints += ['summary.json: %s' % told] if told['files_read'] or not told['errors'] else []
        tap.ok('no input: ' + name, complaints)
    beside = program.bare([tcpreuse, absent, first])
    tap.ok('some input', ends(beside, 2, 'conversation') + ([] if beside.out else ['no report']))
    with open(first, 'rb') as file:
        header = program.write(directory, 'header', file.read(24))
    tap.ok('a capture without frames is an input', [] if program.bare([tcpreuse, header]).out else ['no report'])


def main():
    (tcpreuse,), tap = sys.argv[1:], program.Tap()
    with tempfile.TemporaryDirectory(prefix='command-') as directory:
        first, second = (program.write(directory, name, capture.Scenario(text).files[0][1].data())
                         for name, text in (('first.pcap', FIRST), ('second.pcap', SECOND)))
        suggestions(os.path.abspath(tcpreuse), tap, first)
        inputs(os.path.abspath(tcpreuse), tap, first, second)
        answers(os.path.abspath(tcpreuse), tap)
        outputs(os.path.abspath(tcpreuse), tap, directory, first)
        nothing(os.path.abspath(tcpreuse), tap, directory, first)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
