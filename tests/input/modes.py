#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: modes.py TCPREUSE

What each option is to --state, --piece, --combine, --mpi and --describe: it goes with them, it is a part of what their files were made with,
or it is refused by its name. None is ignored. (That what goes with --mpi does, its own suite sees.) An option that --help has and this file does not is a failure: say what it is here, and
in cli/options_modes.c.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import hostile  # noqa: E402
import program  # noqa: E402

MODES = ('state', 'piece', 'combine', 'mpi', 'describe')
GOES, PART, REFUSED = 'goes', 'part', 'refused'
LETTERS = {'g': GOES, 'p': PART, 'n': REFUSED}
# An argument (None: there is none), and what the option is to the modes, in their order. @: the capture; +: a file that names it.
OPTIONS = {
    'read-file': ('@', 'ggggn'), 'filter': ('tcp', 'ppngn'), 'recursive': (None, 'ggngn'), 'files-from': ('+', 'ggngn'),
    'append': (None, 'ppngn'), 'clock': ('@=1', 'npngn'), 'resync': (None, 'nnnnn'), 'sort-window': ('1', 'nnnnn'), 'drop-copies': ('1', 'npngn'),
    'decode-as': ('udp.port==48879,vxlan', 'ppngn'), 'ignore': ('3', 'pnnnn'), 'piece': ('1/2', 'ngnnn'), 'combine': (None, 'nngnn'),
    'mpi': (None, 'gnngn'), 'interface': ('lo', 'nnnnn'), 'list-interfaces': (None, 'nnnnn'), 'snaplen': ('99', 'nnnnn'),
    'no-promiscuous-mode': (None, 'nnnnn'), 'buffer-size': ('9', 'nnnnn'),
    'dpdk': ('', 'nnnnn'), 'output': ('out', 'ggggn'), 'reports': ('reuse', 'pnggn'), 'format': ('ndjson', 'pnggn'),
    'details': (None, 'nnggn'), 'color': ('never', 'nnggn'), 'names': ('ecs', 'pnggn'), 'rules': ('4.2', 'pppgn'),
    'key': ('tuple,vlan', 'pppgn'), 'verdicts': ('off', 'ppggn'), 'answer-window': ('1', 'pnggn'), 'timers': ('t', 'pnggn'),
    'port-range': ('1-9', 'pnggn'), 'community-id': (None, 'pnggn'), 'spreadsheet': (None, 'nnggn'), 'bom': (None, 'pnggn'),
    'split-rows': ('9', 'nnggn'), 'rotate': ('9s', 'nnggn'), 'fsync': (None, 'ggggn'), 'extract': ('x', 'nnnnn'),
    'extract-frames': ('3', 'nnnnn'), 'state': ('s', 'gnngn'), 'late': ('refuse', 'gnnnn'), 'print-filter': (None, 'nnggn'),
    'threads': ('2', 'ggggn'), 'max-conversations': ('9', 'nnnnn'), 'expire': ('9', 'pnggn'), 'memory-limit': ('900M', 'gnggn'), 'sandbox': ('auto', 'ggggg'), 'progress': ('never', 'ggggn'),
    'stats': (None, 'gnggn'), 'quiet': (None, 'ggggg'), 'verbose': (None, 'ggggn'), 'describe': ('s', 'nnnng'),
    'help': (None, 'ggggg'), 'version': (None, 'ggggg'), 'generate': ('complete-bash', 'ggggg'), 'ports': ('0', 'nnnnn'),
    'queues': ('1', 'nnnnn'), 'mbufs': ('4096', 'nnnnn'), 'duration': ('1', 'gnnnn'), 'frames': ('9', 'nnnnn'),
    'idle-exit': ('0.2', 'gnnnn'), 'stats-interval': ('1', 'nnnnn'), 'stats-format': ('json', 'nnnnn'),
    'user': ('nobody', 'nnnnn'), 'metrics': ('m', 'gngnn'), 'follow': ('.', 'gnnnn'), 'follow-open': (None, 'gnnnn'), 'follow-poll': ('0.1', 'gnnnn'),
}
# What an option needs beside it.
FOLLOW, IDLE = ('--follow', '.'), ('--idle-exit', '0.2')
NEEDS = {'names': ('--format', 'ndjson'), 'split-rows': ('-o', 'out'), 'rotate': ('-o', 'out'), 'follow': IDLE,
         'follow-open': FOLLOW + IDLE, 'follow-poll': FOLLOW + IDLE, 'duration': FOLLOW, 'idle-exit': FOLLOW}


class Place:
    """A directory with a capture, a state of it with its reports, and its two pieces; each run may spoil a copy of the state."""

    def __init__(self, tcpreuse, directory):
        self.tcpreuse, self.directory = tcpreuse, directory
        for name, data in (('a.pcap', hostile.pcap(3, 60)), ('list', b'a.pcap\n'), ('t', b'x,fin,5\n')):
            program.write(directory, name, data)
        self.pieces = []
        for i in ('1', '2'):
            self.pieces.append(i + '.piece')
            self.must('--piece', i + '/2', '-o', i + '.piece', 'a.pcap')
        self.states = {}

    def bare(self, *arguments):
        return program.bare([self.tcpreuse] + list(arguments), cwd=self.directory)

    def must(self, *arguments):
        result = self.bare(*arguments)
        if result.status:
            raise ValueError(result.describe())

    def state(self, needs):
        """A state of a run with these, and its reports, as a and b."""
        if needs not in self.states:
            name = 'state%d' % len(self.states)
            self.must('-q', '--state', name, '-o', name + '.out', *needs, 'a.pcap')
            self.states[needs] = name
        name = self.states[needs]
        shutil.copy(os.path.join(self.directory, name), os.path.join(self.directory, 's'))
        shutil.rmtree(os.path.join(self.directory, 'out'), ignore_errors=True)
        shutil.copytree(os.path.join(self.directory, name + '.out'), os.path.join(self.directory, 'out'))


def as_given(option, argument):
    if argument is None:
        return ['--' + option]
    value = {'+': 'list'}.get(argument, argument.replace('@', 'a.pcap'))
    return ['--' + option, value]


def run(place, mode, option, argument, kind):
    needs = NEEDS.get(option, ()) if kind != REFUSED else ()
    given = list(needs) + as_given(option, argument)
    inputs = [] if option in ('read-file', 'files-from', 'follow') or '--follow' in needs else ['a.pcap']
    if mode == 'state':
        place.state(needs if option == 'names' else ())
        return place.bare('-q', '--state', 's', *(() if '-o' in needs or option == 'output' else ('-o', 'out')), *given, *inputs)
    if mode == 'piece':
        path = os.path.join(place.directory, 'p')
        if os.path.exists(path):
            os.remove(path)
        if option == 'output':
            given = []
        return place.bare('-q', '--piece', '1/2', '-o', 'p', *given, *inputs)
    if mode == 'combine':
        pieces = place.pieces if option != 'read-file' else []
        if option == 'read-file':
            given = ['--read-file', '1.piece', '--read-file', '2.piece']
        return place.bare('-q', '--combine', *given, *pieces)
    if mode == 'mpi':
        return place.bare('-q', '--mpi', *given, *inputs)
    place.state(())
    return place.bare('--describe', 's', *given)


def is_refused(result, status, *words):
    missing = [word for word in words if word.encode() not in result.err]
    return [] if result.status == status and not missing and not result.out else [
        'expected exit %d and %s: %s' % (status, ', '.join(words), result.describe())]


def check(place, mode, option, argument, kind):
    result = run(place, mode, option, argument, kind)
    if b'this build has no' in result.err:
        return []
    if kind == GOES:
        return [] if result.status == 0 else [result.describe()]
    if kind == REFUSED:
        return is_refused(result, 1, '--' + option)
    if mode == 'piece':
        if result.status:
            return [result.describe()]
        return is_refused(place.bare('-q', '--combine', 'p', '2.piece'), 2, 'options differ')
    return is_refused(result, 1, 'made with', '--' + option)


def main():
    tcpreuse, tap = os.path.abspath(sys.argv[1]), program.Tap()
    text = subprocess.run([tcpreuse, '--help'], check=True, stdout=subprocess.PIPE).stdout.decode()
    there = set(re.findall(r'^  (?:-\w, |    )--([\w-]+)', text, re.M))
    tap.ok('each option is classified', ['what is --%s to these modes?' % name
                                         for name in sorted(there - set(OPTIONS))])
    tap.ok('no other one is', ['there is no --%s' % name for name in sorted(set(OPTIONS) - there)])
    with tempfile.TemporaryDirectory(prefix='tcpreuse-modes-') as directory:
        place = Place(tcpreuse, directory)
        for number, mode in enumerate(MODES):
            for kind in LETTERS:
                complaints = []
                if (mode, kind) == ('mpi', 'g'):
                    continue
                chosen = [name for name in OPTIONS if (mode, name) != ('state', 'mpi') and OPTIONS[name][1][number] == kind and name in there]
                for name in chosen:
                    complaints += ['--%s: %s' % (name, c) for c in check(place, mode, name, OPTIONS[name][0], LETTERS[kind])]
                if chosen:
                    tap.ok('--%s: %d options, %s' % (mode, len(chosen), LETTERS[kind]), complaints)
        off = ['off1.piece', 'off2.piece']
        for i, name in enumerate(off):
            place.must('-q', '--piece', '%d/2' % (i + 1), '--verdicts', 'off', '-o', name, 'a.pcap')
        tap.ok('--combine --verdicts on, of pieces without', is_refused(place.bare('--combine', '--verdicts', 'on', *off), 1, 'made with',
                                                                       '--verdicts'))
        tap.ok('--combine --rules 4.4, of pieces with', [r.describe() for r in [place.bare('-q', '--combine', '--rules', '4.6', *place.pieces)]
                                                        if r.status])
        tap.ok('--key tuple is what it is anyway', [r.describe() for r in [place.bare('-q', '--combine', '--key', 'tuple', *place.pieces)]
                                                   if r.status])
        tap.ok('--late without --state', is_refused(place.bare('--late', 'refuse', 'a.pcap'), 1, '--late', '--state'))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
