#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: completions.py TCPREUSE

The completions of --generate, in the shells that are installed: bash completes words and lists, zsh and fish accept their scripts,
and each script names each option of --help.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program  # noqa: E402

TCPREUSE = sys.argv[1]

# What bash offers for a command line; its last word is completed.
BASH = (
    (['--verd'], ['--verdicts']),
    (['--threads', ''], []),
    (['--rules', ''], ['4.0', '4.2', '4.4', '4.6']),
    (['--rules', '=', '4.4'], ['4.4']),
    (['--color', 'a'], ['auto', 'always']),
    (['--reports', 'epi'], ['episodes']),
    (['--reports', 'reuse,en'], ['reuse,endpoints']),
    (['-o', 'd'], ['directory']),
    (['-q', 'd'], ['data.pcap', 'directory']),
    (['-r', 'da'], ['data.pcap']),
    (['-'], None),      # all options
)


def generate(shell):
    return subprocess.run([TCPREUSE, '--generate', 'complete-' + shell], check=True, stdout=subprocess.PIPE).stdout.decode()


def complete_in_bash(script, words, directory):
    """What bash would offer, in its order."""
    line = ' '.join("'%s'" % word for word in ['tcpreuse'] + words)
    program = '%s\nCOMP_WORDS=(%s); COMP_CWORD=%d; _tcpreuse; printf "%%s\\n" "${COMPREPLY[@]}"\n' % (script, line, len(words))
    run = subprocess.run(['bash', '-c', program], cwd=directory, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not run.stderr, run.stderr
    return run.stdout.decode().split()


def check_bash(options):
    script = generate('bash')
    wrong = []
    with tempfile.TemporaryDirectory() as directory:
        open(os.path.join(directory, 'data.pcap'), 'w').close()
        os.mkdir(os.path.join(directory, 'directory'))
        for words, expected in BASH:
            offered = complete_in_bash(script, words, directory)
            if expected is None:
                expected = options
            if sorted(offered) != sorted(expected):
                wrong.append('%s: %s' % (words, offered))
    return wrong


def check_syntax(shell):
    with tempfile.NamedTemporaryFile('w') as file:
        file.write(generate(shell))
        file.flush()
        run = subprocess.run([shell, '-n', file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return [] if not run.returncode and not run.stdout else [run.stdout.decode()]


def check_fish():
    """What fish itself offers; its lists keep what stands before the last comma."""
    wrong = []
    with tempfile.NamedTemporaryFile('w', suffix='.fish') as file:
        file.write(generate('fish'))
        file.flush()
        for line, expected in (('--rules 4.', ['4.0', '4.2', '4.4', '4.6']), ('--reports reuse,epi', ['reuse,episodes'])):
            program = "source %s; complete -C 'tcpreuse %s'" % (file.name, line)
            run = subprocess.run(['fish', '--no-config', '-c', program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if [line.split('\t')[0] for line in run.stdout.decode().splitlines()] != expected:
                wrong.append('%s: %s' % (line, run.stdout.decode()))
    return wrong


def main():
    text = subprocess.run([TCPREUSE, '--help'], check=True, stdout=subprocess.PIPE).stdout.decode()
    found = re.findall(r'^  (?:(-\w), |    )(--[\w-]+)', text, re.M)
    options = [word for pair in found for word in pair if word]
    results = [('bash completes', check_bash(options))]
    for shell, form in (('zsh', '%s'), ('fish', '-l %s')):
        script = generate(shell)
        names = [form % (name if shell == 'zsh' else name[2:]) for _, name in found]
        results.append(('%s: all options' % shell, [name for name in names if not re.search(re.escape(name) + r'\b', script)]))
        if shutil.which(shell):
            results.append(('%s reads its script' % shell, check_syntax(shell) + (check_fish() if shell == 'fish' else [])))
        else:
            results.append(('%s reads its script' % shell, None))
    run = subprocess.run([TCPREUSE, '--generate', 'complete-fis'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    well = run.returncode == 1 and b"did you mean 'complete-fish'" in run.stderr and not run.stdout
    results.append(('a shell that it does not know', [] if well else [run.stderr.decode()]))
    tap = program.Tap()
    for name, wrong in results:
        if wrong is None:
            tap.skip(name, 'not installed')
        else:
            tap.ok(name, wrong)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
