# SPDX-License-Identifier: BSD-2-Clause
"""What the figures were taken on and with."""
import json
import os
import platform
import shlex
import subprocess


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return 'unknown'


def processor():
    name = platform.machine()
    with open('/proc/cpuinfo', encoding='utf-8', errors='replace') as file:
        for line in file:
            if line.startswith('model name'):
                name = line.split(':', 1)[1].strip()
                break
    with open('/proc/meminfo', encoding='utf-8') as file:
        memory = int(file.readline().split()[1]) / 2**20
    return '%s, %d cores, %.0f GiB' % (name, len(os.sched_getaffinity(0)), memory)


def compiler(build):
    """The compiler and those of its flags that matter, as the build folder has them."""
    try:
        with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
            command = next(shlex.split(entry['command']) for entry in json.load(file) if entry['file'].endswith('engine/conversations/shard.c'))
    except (OSError, ValueError, StopIteration):
        return 'unknown'
    flags = [word for word in command if word.startswith(('-O', '-m', '-f', '-std', '-g', '-DNDEBUG')) and 'color' not in word]
    return ' '.join([first_line(command[0] if 'ccache' not in command[0] else command[1], '--version')] + flags)


def describe(build, root):
    return {
        'machine': processor(),
        'kernel': platform.system() + ' ' + platform.release(),
        'compiler': compiler(build),
        'load': '%.1f' % os.getloadavg()[0],  # programs that want a core, at the start
        'commit': first_line('git', '-C', root, 'describe', '--always', '--dirty'),
    }
