# SPDX-License-Identifier: BSD-2-Clause
"""The traces: made when they are needed, and taken away when they are not any more."""
import ctypes
import mmap
import os
import subprocess

PRESETS = {'64': (20000000, 200000), 'mix': (4000000, 50000), 'mtu': (1500000, 10000)}
HEADER = 24  # of a pcap file
RECORD = 16 + 64  # of a frame of --size 64
LIBC = ctypes.CDLL(None, use_errno=True)
AS_READ = set()  # paths that have been read into an empty cache


def evict(path):
    """Takes the file out of the page cache."""
    with open(path, 'rb') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    AS_READ.discard(path)


def is_resident(path):
    """Whether all of the file is in the page cache."""
    size = os.path.getsize(path)
    if not size:
        return True
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE) as mapped:
        pages = (ctypes.c_ubyte * (-(-size // mmap.PAGESIZE)))()
        address = ctypes.addressof(ctypes.c_ubyte.from_buffer(mapped))
        if LIBC.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), pages):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
        return all(byte & 1 for byte in set(bytes(pages)))


def warm(path):
    """The page cache holds the file, or all files of the directory, and holds them as reading leaves them, in large pieces, and not as
    writing did, or as reading leaves what had been taken out in parts (some machines take back memory that is not used for some
    seconds): 1.5 GB on ext4 were read by two threads in 0.057 s from a cache that was filled at once, in 0.089 s else."""
    if os.path.isdir(path):
        for name in os.listdir(path):
            warm(os.path.join(path, name))
        return
    for _ in range(3):
        if path in AS_READ and is_resident(path):
            return
        evict(path)
        with open(path, 'rb', buffering=0) as file:
            while file.read(1 << 20):
                pass
        AS_READ.add(path)


class Trace:
    """A capture, and what tracegen says it holds: frames, bytes, conversations, reuses."""

    def __init__(self, path, truth):
        self.path = path
        self.frames, self.bytes = truth['frames'], os.path.getsize(path)
        self.conversations, self.reuses = truth['conversations'], truth['reuses']


class Workshop:
    def __init__(self, tracegen, directory, keep):
        self.tracegen, self.directory, self.keep = tracegen, directory, keep
        self.made = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def make(self, name, *options):
        """A trace by tracegen's options; made once."""
        path = self.path(name + '.pcap')
        if path not in self.made:
            done = subprocess.run([self.tracegen, '--summary', '-w', path] + [str(o) for o in options],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit('compare: tracegen: %s' % done.stderr.strip())
            truth = {key: int(value) for key, value in (word.split('=') for word in done.stderr.split())}
            self.made[path] = Trace(path, truth)
        return self.made[path]

    def preset(self, name, scale, frames=None):
        """A reference trace. Flows shrink with the frames, so that as many of them end. With frames, only its beginning."""
        whole, flows = PRESETS[name]
        whole = max(int(whole * scale), 10000)
        frames = min(frames or whole, whole)
        return self.make('%s-%d' % (name, frames), '--preset', name, '--frames', frames,
                         '--flows', max(int(flows * min(scale, 1)), 100))

    def split(self, trace, files):
        """The same frames in so many files of their own; all frames are of 64 bytes."""
        directory = trace.path[:-len('.pcap')] + '-split'
        if os.path.isdir(directory):
            return directory
        assert (trace.bytes - HEADER) % RECORD == 0
        os.mkdir(directory)
        each = -(-trace.frames // files) * RECORD
        with open(trace.path, 'rb') as whole:
            header = whole.read(HEADER)
            for i in range(files):
                with open(os.path.join(directory, '%06d.pcap' % i), 'wb') as part:
                    part.write(header + whole.read(each))
        return directory

    def remove(self, trace):
        if self.keep:
            return
        self.made.pop(trace.path, None)
        AS_READ.discard(trace.path)
        os.unlink(trace.path)
        directory = trace.path[:-len('.pcap')] + '-split'
        if os.path.isdir(directory):
            for name in os.listdir(directory):
                AS_READ.discard(os.path.join(directory, name))
                os.unlink(os.path.join(directory, name))
            os.rmdir(directory)
