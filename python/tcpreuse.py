# SPDX-License-Identifier: BSD-2-Clause
"""TCP connections that reuse the ports of earlier ones, and what each reuse means: libtcpreuse for Python.

    import tcpreuse

    for row in tcpreuse.reuses('capture.pcap'):
        print(row['time'], row['src'], row['verdict'])

    tcpreuse.conversations('monday/', 'tuesday.pcapng.gz', rules='4.2').dataframe()

    with tcpreuse.Stream() as stream:
        for nanoseconds, frame in capture:
            for row in stream.push(frame, nanoseconds):
                print(row['verdict'])
        for row in stream.finish():
            print(row['verdict'])

Rows are dictionaries with the columns of reuse.csv and conversations.csv (docs/reports.md), by the same names and in the same
order: numbers are int, times and seconds decimal.Decimal with the decimals that the capture has, words and addresses str, lists
of words tuples, and what is empty there is None. Rows of files have file and file_frame, too.

Failures raise Error or MemoryError. A file that cannot be read to its end raises InputError, after the last row that could be
read. The exceptions of a Stream carry the rows that could still be had, in their attribute rows.

Options of reuses(), conversations() and Stream():

    rules           '4.0', '4.2' or '4.4', a generation of Wireshark's rules; by default the newest
    key             what keeps connections of one tuple apart: any of 'vlan', 'interface' and 'vni'
    verdicts        False: do not tell what reuses mean, and report each at once
    community_id    True, or the seed, a number: rows have the column community_id
    filter          examine only frames that match, as in tcpdump
    answer_window, expire, drop_copies, sort_window
                    seconds, as the options of the command; int, float or Decimal
    max_conversations, threads
                    numbers, likewise; sort_window and threads are for files only
    append, recursive
                    True: read files in the order given; search subdirectories

A handle is used by one thread at a time; different ones are independent. The library is found by the system's loader, or by the
environment variable TCPREUSE_LIBRARY.
"""
import collections
import ctypes
import decimal
import operator
import os
import socket

__all__ = ['reuses', 'conversations', 'Rows', 'Stream', 'Row', 'Problem', 'Error', 'OptionError', 'InputError', 'version']

Problem = collections.namedtuple('Problem', 'file text offset is_note')
Problem.__doc__ = 'What is wrong with an input. offset: in the file, or None. is_note: nothing is missing.'


class Error(Exception):
    """A failure of the library. code: its number in tcpreuse.h. rows: of a Stream, those that could be had nevertheless."""

    rows = ()

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class OptionError(Error, ValueError):
    """An option or argument that makes no sense."""


class InputError(Error):
    """An input could not be read to its end. problems: everything that is wrong with the inputs."""

    def __init__(self, code, text, problems):
        super().__init__(code, text)
        self.problems = problems


# ---- The structures of tcpreuse.h -------------------------------------------------------------------------------------

_u8, _u16, _u32, _u64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64
_i32, _i64, _address = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint8 * 16


def _fields(*groups):
    return [(name, kind) for kind, names in groups for name in names.split()]


class _Options(ctypes.Structure):
    _fields_ = _fields((ctypes.c_size_t, 'size'), (ctypes.c_uint, 'events rules key flags threads'), (_u16, 'community_id_seed'),
                       (_i64, 'answer_window expire'), (_u64, 'max_conversations'), (_i64, 'drop_copies sort_window'),
                       (ctypes.c_char_p, 'filter'))


class _Frame(ctypes.Structure):
    _fields_ = _fields((ctypes.c_char_p, 'data'), (_i64, 'time'), (_u32, 'captured length interface'), (_u16, 'link_type'),
                       (_u8, 'decimals fcs'))


class _Realm(ctypes.Structure):
    _fields_ = _fields((_i32, 'vlan vni'), (_i64, 'interface'))


class _Reuse(ctypes.Structure):
    _fields_ = _fields(
        (_u64, 'frame'), (_i64, 'time'), (_u64, 'stream previous_stream'), (_address, 'src dst'), (_u16, 'src_port dst_port'),
        (_u8, 'ip_version trigger previous_end previous_completeness'), (_u32, 'isn previous_isn'),
        (_u64, 'previous_first_frame previous_last_frame'), (_i64, 'previous_first_time previous_last_time gap'),
        (_u64, 'previous_frames previous_bytes'), (_u8, 'time_decimals previous_decimals delay_decimals'),
        (_u8, 'has_verdict verdict previous_closed_by previous_close acceptable origin answer episode_outcome has_isn_distance'),
        (_i32, 'isn_distance'), (_u32, 'attempt syn_retries'), (_u64, 'episode'), (_i64, 'episode_delay answer_delay'),
        (_u64, 'undercuts'), (_u8, 'certainty'), (ctypes.c_char * 32, 'community_id'), (_Realm, 'realm'),
        (ctypes.c_char_p, 'file'), (_u64, 'file_frame'))


class _Conversation(ctypes.Structure):
    _fields_ = _fields(
        (_u64, 'stream first_frame last_frame'), (_i64, 'first_time last_time duration'), (_address, 'client server'),
        (_u16, 'client_port server_port'), (_u8, 'ip_version completeness decimals ended'), (_u64, 'frames bytes'),
        (_u64, 'client_frames server_frames client_payload server_payload'), (_u32, 'client_isn server_isn'),
        (_u8, 'has_client_isn has_server_isn'), (_u8, 'has_verdict client_by handshake close closed_by trigger'),
        (_u32, 'syn_retries'), (_i64, 'rtt'), (_u64, 'reuses reused_by'), (_u8, 'ended_by'), (ctypes.c_char * 32, 'community_id'),
        (_Realm, 'realm'))


class _Events(ctypes.Union):
    _fields_ = [('reuse', _Reuse), ('conversation', _Conversation)]


class _Event(ctypes.Structure):
    _fields_ = [('kind', ctypes.c_uint), ('of', _Events)]


class _Problem(ctypes.Structure):
    _fields_ = [('file', ctypes.c_char_p), ('text', ctypes.c_char_p), ('offset', _i64), ('is_note', ctypes.c_int)]


_REUSE, _CONVERSATION = 1, 2
_KINDS = {'reuse': _REUSE, 'conversation': _CONVERSATION}
_RULES = {None: 0, '4.0': 1, '4.2': 2, '4.4': 3, '4.6': 3}
_KEY = {'vlan': 1, 'interface': 2, 'vni': 4}
_NO_VERDICTS, _COMMUNITY_ID, _APPEND, _RECURSIVE = 1, 2, 4, 8
_NO_STREAM = 2 ** 64 - 1
_OPTION, _ORDER, _MEMORY, _INPUT = -1, -2, -3, -4
_SECOND = 10 ** 9


def _load():
    library = ctypes.CDLL(os.environ.get('TCPREUSE_LIBRARY', 'libtcpreuse.so.0'))
    handle, event, strings = ctypes.c_void_p, ctypes.POINTER(_Event), ctypes.POINTER(ctypes.c_char_p)
    for name, result, *arguments in (
            ('create', handle), ('configure', ctypes.c_int, handle, ctypes.POINTER(_Options)),
            ('push', ctypes.c_int, handle, ctypes.POINTER(_Frame), ctypes.c_size_t), ('flush', ctypes.c_int, handle),
            ('finish', ctypes.c_int, handle), ('read', ctypes.c_int, handle, strings, ctypes.c_size_t),
            ('next', ctypes.c_int, handle, ctypes.POINTER(event)), ('error', ctypes.c_char_p, handle), ('close', None, handle),
            ('problem', ctypes.c_int, handle, ctypes.c_size_t, ctypes.POINTER(_Problem)),
            ('count', _u64, handle, ctypes.c_int), ('word', ctypes.c_char_p, ctypes.c_int, ctypes.c_uint),
            ('version', ctypes.c_char_p)):
        function = getattr(library, 'tcpreuse_' + name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


def version():
    """The version of the library."""
    return _library.tcpreuse_version().decode()


def _words(number):
    out = []
    while True:
        word = _library.tcpreuse_word(number, len(out))
        if word is None:
            return out
        out.append(word.decode())


# In the order of enum tcpreuse_words.
_WORDS = dict(zip(('trigger', 'end', 'closed_by', 'close', 'acceptable', 'origin', 'answer', 'outcome', 'verdict', 'certainty',
                   'client_by', 'handshake', 'ended_by', 'timers'), map(_words, range(14))))

# ---- Columns: name and how its value is taken from the structure ---------------------------------------------------------

_scale = decimal.Context(prec=40).scaleb    # the caller's context may be less precise


def _seconds(ns, decimals):
    """Like the reports, cuts off decimals that the capture does not have."""
    unit = 10 ** (9 - decimals)
    return _scale(decimal.Decimal(ns // unit if ns >= 0 else -(-ns // unit)), -decimals)


def _number(name):
    return name, operator.attrgetter(name)


def _time(name, decimals):
    return name, lambda e: _seconds(getattr(e, name), getattr(e, decimals))


def _delay(name, decimals):
    def value(e):
        ns = getattr(e, name)
        return None if ns < 0 else _seconds(ns, getattr(e, decimals))
    return name, value


def _word(name, words):
    words = [word or None for word in _WORDS[words]]

    def value(e):
        number = getattr(e, name)
        return words[number] if number < len(words) else str(number)    # of a library that is newer
    return name, value


def _bits(name, words):
    words = _WORDS[words]

    def value(e):
        bits = getattr(e, name)
        return tuple(word for i, word in enumerate(words) if bits >> i & 1) if bits else ()
    return name, value


def _ip(name):
    def value(e):
        address = bytes(getattr(e, name))
        if e.ip_version == 4:
            return socket.inet_ntop(socket.AF_INET, address[:4])
        return socket.inet_ntop(socket.AF_INET6, address)
    return name, value


def _if_has(name, has):
    return name, lambda e: getattr(e, name) if getattr(e, has) else None


def _stream(name):
    def value(e):
        stream = getattr(e, name)
        return None if stream == _NO_STREAM else stream
    return name, value


def _realm(name):
    def value(e):
        number = getattr(e.realm, name)
        return None if number < 0 else number
    return name, value


_COLUMNS = {
    'reuse': [
        _number('frame'), _time('time', 'time_decimals'), _number('stream'), _number('previous_stream'), _word('trigger', 'trigger'),
        _ip('src'), _number('src_port'), _ip('dst'), _number('dst_port'), _number('isn'), _number('previous_isn'),
        _number('previous_completeness'), _number('previous_first_frame'), _number('previous_last_frame'),
        _time('previous_last_time', 'previous_decimals'),
        ('gap', lambda e: _seconds(e.gap, max(e.time_decimals, e.previous_decimals))),
        _time('previous_first_time', 'previous_decimals'), _number('previous_frames'), _number('previous_bytes'),
        _word('previous_end', 'end')],
    'conversation': [
        _number('stream'), _number('first_frame'), _number('last_frame'), _time('first_time', 'decimals'),
        _time('last_time', 'decimals'), _ip('client'), _number('client_port'), _ip('server'), _number('server_port'),
        _number('completeness'), _number('frames'), _number('bytes'), _time('duration', 'decimals'),
        _if_has('client_isn', 'has_client_isn'), _if_has('server_isn', 'has_server_isn'), _word('ended', 'end')],
}
_VERDICT_COLUMNS = {
    'reuse': [
        _word('previous_closed_by', 'closed_by'), _word('previous_close', 'close'), _bits('undercuts', 'timers'),
        _word('acceptable', 'acceptable'), _if_has('isn_distance', 'has_isn_distance'), _word('origin', 'origin'),
        _word('answer', 'answer'), _number('episode'), _number('attempt'), _delay('episode_delay', 'delay_decimals'),
        _word('episode_outcome', 'outcome'), _delay('answer_delay', 'delay_decimals'), _number('syn_retries'),
        _word('verdict', 'verdict'), _bits('certainty', 'certainty')],
    'conversation': [
        _word('client_by', 'client_by'), _word('handshake', 'handshake'), _delay('rtt', 'decimals'), _word('close', 'close'),
        _word('closed_by', 'closed_by'), _number('syn_retries'), _word('trigger', 'trigger'), _stream('reuses'),
        _stream('reused_by')],
}
_LAST_COLUMNS = {
    'reuse': [],
    'conversation': [_number('client_frames'), _number('server_frames'), _number('client_payload'), _number('server_payload')],
}
_ENDED_BY = _word('ended_by', 'ended_by')
_COMMUNITY = ('community_id', lambda e: e.community_id.decode())
_ORIGIN = [('file', lambda e: os.fsdecode(e.file)), _number('file_frame')]

_TIMES = ('time', 'previous_last_time', 'previous_first_time', 'first_time', 'last_time')
_DURATIONS = ('gap', 'episode_delay', 'answer_delay', 'duration', 'rtt')
_CATEGORIES = ('trigger', 'previous_end', 'previous_closed_by', 'previous_close', 'acceptable', 'origin', 'answer',
               'episode_outcome', 'verdict', 'ended', 'client_by', 'handshake', 'close', 'closed_by', 'ended_by')
_TEXTS = ('src', 'dst', 'client', 'server', 'community_id', 'file', 'undercuts', 'certainty')


class Row(dict):
    """A row by column. kind: 'reuse' or 'conversation'."""
    __slots__ = ('kind',)

    def __init__(self, kind, *arguments):
        super().__init__(*arguments)
        self.kind = kind


def _nanoseconds(name, seconds):
    if seconds is None:
        return 0
    try:
        ns = int(_scale(decimal.Decimal(str(seconds)), 9))
    except (ArithmeticError, ValueError):   # no number, or one that is not finite
        ns = 0
    if not 0 < ns < 2 ** 63:
        raise OptionError(_OPTION, '%s: expected seconds, more than 0 and up to 9223372036, found %r' % (name, seconds))
    return ns


def _text(what, text):
    """Bytes for the library, whose strings end in a NUL."""
    out = os.fsencode(text)
    if b'\0' in out:
        raise OptionError(_OPTION, '%s: %r has a null character' % (what, text))
    return out


def _options(events, rules=None, key=(), verdicts=True, community_id=None, filter=None, answer_window=None, expire=None,
             max_conversations=0, drop_copies=None, sort_window=None, threads=1, append=False, recursive=False):
    key = (key,) if isinstance(key, str) else tuple(key)
    if isinstance(community_id, bool):
        community_id = 0 if community_id else None
    if rules not in _RULES:
        raise OptionError(_OPTION, 'rules: expected %s, found %r' % (', '.join(name for name in _RULES if name), rules))
    for part in key:
        if part not in _KEY:
            raise OptionError(_OPTION, 'key: expected any of %s, found %r' % (', '.join(_KEY), part))
    for name, value, most in (('threads', threads, 256), ('max_conversations', max_conversations, 2 ** 63),
                              ('community_id', community_id or 0, 65535)):
        if not 0 <= value <= most:
            raise OptionError(_OPTION, '%s: expected 0 to %d, found %r' % (name, most, value))
    return _Options(
        size=ctypes.sizeof(_Options), events=sum(_KINDS[event] for event in set(events)), rules=_RULES[rules],
        key=sum(_KEY[part] for part in set(key)),
        flags=(not verdicts) * _NO_VERDICTS | (community_id is not None) * _COMMUNITY_ID | bool(append) * _APPEND |
        bool(recursive) * _RECURSIVE,
        threads=threads, community_id_seed=community_id or 0, answer_window=_nanoseconds('answer_window', answer_window),
        expire=_nanoseconds('expire', expire), max_conversations=max_conversations,
        drop_copies=_nanoseconds('drop_copies', drop_copies), sort_window=_nanoseconds('sort_window', sort_window),
        filter=None if filter is None else _text('filter', filter))


def _columns(kind, options, origin):
    out = _COLUMNS[kind] + (_VERDICT_COLUMNS[kind] if not options.flags & _NO_VERDICTS else []) + _LAST_COLUMNS[kind]
    if kind == 'conversation' and (options.expire or options.max_conversations):
        out.append(_ENDED_BY)
    if options.flags & _COMMUNITY_ID:
        out.append(_COMMUNITY)
    out += [_realm(part) for part, bit in _KEY.items() if options.key & bit]
    return out + (_ORIGIN if origin and kind == 'reuse' else [])


class _Handle:
    """What Rows and Stream share. `with`, close(), and the end of the rows close it."""

    _handle = None

    def __init__(self, events, options, origin):
        given = _options(events, **options)
        self._handle = _library.tcpreuse_create()
        self._problems, self._counts, self._process = [], (0, 0, 0, 0), os.getpid()
        self._columns = {_KINDS[kind]: (kind, _columns(kind, given, origin)) for kind in events}
        self._event = ctypes.POINTER(_Event)()
        if not self._handle:
            raise MemoryError
        self._check(_library.tcpreuse_configure(self._handle, ctypes.byref(given)))

    def _open_handle(self):
        if not self._handle:
            raise Error(_ORDER, 'it is closed')
        return self._handle

    def _check(self, result):
        """Raises what a negative result means."""
        if result >= 0:
            return result
        text = _library.tcpreuse_error(self._handle).decode(errors='backslashreplace')
        if result == _MEMORY:
            raise MemoryError(text)
        if result == _INPUT:
            raise InputError(result, text, self.problems)
        raise (OptionError if result == _OPTION else Error)(result, text)

    def _next(self):
        """The next row, or None."""
        if not self._check(_library.tcpreuse_next(self._open_handle(), ctypes.byref(self._event))):
            return None
        event = self._event.contents
        kind, columns = self._columns[event.kind]
        structure = getattr(event.of, kind)
        return Row(kind, [(name, value(structure)) for name, value in columns])

    @property
    def problems(self):
        """What is wrong with the input: complete once all rows have come."""
        problem, number = _Problem(), 0
        if not self._handle:
            return self._problems
        out = []
        while not _library.tcpreuse_problem(self._handle, number, ctypes.byref(problem)):
            out.append(Problem(os.fsdecode(problem.file), problem.text.decode(errors='backslashreplace'),
                               None if problem.offset < 0 else problem.offset, bool(problem.is_note)))
            number += 1
        return out

    @property
    def counts(self):
        """Frames, captured bytes, conversations and reuses so far."""
        names = ('frames', 'bytes', 'conversations', 'reuses')
        if self._handle:
            self._counts = tuple(_library.tcpreuse_count(self._handle, i) for i in range(len(names)))
        return dict(zip(names, self._counts))

    def close(self):
        """Frees the handle, and ends a run early. May be called at any time, and again."""
        if self._handle and self._process != os.getpid():
            self._handle = None     # after a fork: the threads of the run are in the parent, so it cannot be ended here
        if self._handle:
            self._problems, _ = self.problems, self.counts
            _library.tcpreuse_close(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __del__(self):
        self.close()


class Rows(_Handle):
    """The rows of one kind, of files: an iterator. It is closed when the last row has come."""

    def __init__(self, kind, paths, options):
        super().__init__([kind], options, True)
        encoded = [_text('path', path) for path in paths]
        if not encoded:
            self.close()
            raise OptionError(_OPTION, 'no files are named')
        self._names = [name for name, _ in self._columns[_KINDS[kind]][1]]
        self._done = False
        try:
            self._check(_library.tcpreuse_read(self._handle, (ctypes.c_char_p * len(encoded))(*encoded), len(encoded)))
        except Exception:
            self.close()
            raise

    def __iter__(self):
        return self

    def __next__(self):
        if self._done:
            raise StopIteration
        try:
            row = self._next()
        except Exception:
            self._done = True
            self.close()
            raise
        if row is None:
            self._done = True
            self.close()
            raise StopIteration
        return row

    def dataframe(self):
        """All rows that are left, as a pandas.DataFrame: times are datetime64[ns, UTC], seconds timedelta64[ns], numbers Int64,
        words categories, and lists text with spaces."""
        import pandas
        rows = list(self)
        frame = {}
        for name in self._names:
            values = [row[name] for row in rows]
            if name in _TIMES:
                frame[name] = pandas.to_datetime([int(_scale(value, 9)) for value in values], unit='ns', utc=True)
            elif name in _DURATIONS:
                frame[name] = pandas.to_timedelta([None if value is None else int(_scale(value, 9)) for value in values], unit='ns')
            elif name in _CATEGORIES:
                frame[name] = pandas.Categorical(values)
            elif name in _TEXTS:
                frame[name] = [' '.join(value) if isinstance(value, tuple) else value for value in values]
            else:
                frame[name] = pandas.array(values, dtype='Int64')
        return pandas.DataFrame(frame, columns=self._names)


def reuses(*paths, **options):
    """The reuses in files and directories, which are one capture: Rows."""
    return Rows('reuse', paths, options)


def conversations(*paths, **options):
    """Their conversations, likewise."""
    return Rows('conversation', paths, options)


class Stream(_Handle):
    """Frames that are pushed. events: which rows are wanted, of 'reuse' and 'conversation'; Row.kind tells them apart."""

    def __init__(self, events=('reuse',), **options):
        events = (events,) if isinstance(events, str) else tuple(events)
        if not events or not set(events) <= set(_KINDS):
            raise OptionError(_OPTION, 'events: expected any of %s, found %r' % (', '.join(_KINDS), events))
        super().__init__(events, options, False)

    def _rows(self, result):
        """The rows that are ready after a call with this result. An exception carries them, since they come only once."""
        out, failure = [], None
        try:
            self._check(result)
        except (Error, MemoryError) as error:
            failure = error
        try:
            while (row := self._next()) is not None:
                out.append(row)
        except (Error, MemoryError) as error:
            failure = failure or error
        if failure:
            failure.rows = out
            raise failure
        return out

    def push(self, data, time, link_type=1, length=None, decimals=9, interface=0, fcs=0):
        """Takes a frame: its bytes, and its time as int, in ns since 1970 UTC. Returns a list of the rows that are ready."""
        data = bytes(data)
        length = len(data) if length is None else length
        for name, value, least, most in (('time', time, -2 ** 63, 2 ** 63 - 1), ('length', length, 0, 2 ** 32 - 1),
                                         ('interface', interface, 0, 2 ** 32 - 1), ('link_type', link_type, 0, 65535),
                                         ('decimals', decimals, 1, 9), ('fcs', fcs, 0, 255)):
            if not least <= value <= most:      # ctypes would cut it
                raise OptionError(_OPTION, '%s: expected %d to %d, found %r' % (name, least, most, value))
        frame = _Frame(data, time, len(data), length, interface, link_type, decimals, fcs)
        return self._rows(_library.tcpreuse_push(self._open_handle(), ctypes.byref(frame), 1))

    def flush(self):
        """Processes all frames so far without waiting for more. Returns a list of the rows that are ready."""
        return self._rows(_library.tcpreuse_flush(self._open_handle()))

    def finish(self):
        """Ends the stream of frames. Returns a list of the last rows."""
        return self._rows(_library.tcpreuse_finish(self._open_handle()))
