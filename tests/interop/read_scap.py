#!/usr/bin/python3
"""Reads a native capture: a second implementation of format/SPEC.md, made from that document alone.

usage: read_scap.py [--info | --packets] [FILE]     (standard input without FILE)

Prints one JSON object per event and line; with --info what the capture says of itself, its event types, blocks, losses and state
instead; with --packets the network packets that it holds. What is damaged is said on standard error; then reading goes on, and the exit status is 1. Section numbers below are SPEC.md's.
Text may hold any bytes: those that are not UTF-8 come out as lone surrogates ("\\udcff" is 0xFF), as Python's surrogateescape has it.
"""
import argparse
import collections
import ipaddress
import itertools
import json
import signal
import struct
import sys
import zlib

import zstandard

SECTION, BYTE_ORDER, CUSTOM, ENTERPRISE, MAGIC = 0x0A0D0D0A, b'\x4D\x3C\x2B\x1A', 0xBAD, 32473, b'SCAPKIT\n'
INTERFACE, PACKET, MAX_PACKET, MAX_PACKET_BLOCK, MAX_INTERFACES = 1, 6, 262_144, 262_144 + 65_536, 256
MAX_BLOCK, MAX_HEADER, MAX_FOREIGN, MAX_PACKED = 262_160, 16_384, 64 << 20, 1 << 20
MAX_EVENTS, MAX_PAYLOADS, MAX_PAYLOAD, MAX_SCHEMA, MAX_BLOCKS = 16_384, 2 << 20, 131_072, 8 << 20, 524_288
CAPTURE, SCHEMA, STATE, EVENTS, LOSS, INDEX = range(1, 7)
KINDS = {CAPTURE: 'CAPTURE', SCHEMA: 'SCHEMA', STATE: 'STATE', EVENTS: 'EVENTS', LOSS: 'LOSS', INDEX: 'INDEX'}
TEXTS = 'hostname', 'kernel', 'architecture', 'os', 'application', 'engine', 'filter', 'command', 'comment'  # section 4, from tag 1
UNFINISHED, NO_RESULT, INLINE = 1, 8, 16  # event flags, section 8.2
COLUMNS = 'time duration tid type cpu flags result fd sysno absent as_is state_values bulk_values tids state_fields bulk_fields gaps durations'.split()
BYTES = 'state_values', 'bulk_values', 'state_fields', 'bulk_fields'

# Section 6: parameter types with a size of their own; all others are of variable size.
FIXED = {1: 'b', 2: 'h', 3: 'i', 4: 'q', 5: 'B', 6: 'H', 7: 'I', 8: 'Q', 11: 'q', 14: 'q', 15: 'q', 18: 'H', 19: 'B', 20: 'Q', 21: 'Q', 22: 'H',
         23: 'B', 24: 'B', 25: 'I', 26: '4s', 28: 'B', 29: 'H', 30: 'I', 31: 'I', 32: 'I', 33: 'd', 34: 'I', 35: 'Q', 36: 'Q', 37: '8s',
         38: '16s', 42: 'I', 44: 'B', 45: 'H', 46: 'I', 47: 'i', 48: 'i'}
PT_CHARBUF, PT_SOCKADDR, PT_SOCKTUPLE, PT_FD, PT_FDLIST, PT_FSPATH, PT_RELTIME, PT_DYN, PT_IPV4NET, PT_IPADDR, PT_FSRELPATH = \
    9, 12, 13, 14, 16, 17, 20, 27, 37, 40, 43
TEXT_TYPES = PT_CHARBUF, PT_FSPATH, PT_FSRELPATH

# Section 7. T is a text, L a list of texts, A an address of 16 bytes, ? a bool.
ENTRIES = {
    1: ('thread', 'tid:q pid:q ptid:q sid:q pgid:q vpgid:q vtid:q vpid:q uid:I gid:I loginuid:I flags:I vm_size_kb:I vm_rss_kb:I vm_swap_kb:I tty:I '
        'pf_major:Q pf_minor:Q fd_limit:Q clone_time:Q pidns_init_start_time:Q cap_inheritable:Q cap_permitted:Q cap_effective:Q exe_ino:Q '
        'exe_ino_ctime:Q exe_ino_mtime:Q exe_writable:? exe_upper_layer:? exe_lower_layer:? exe_from_memfd:? filtered:? '
        'comm:T exe:T exepath:T cwd:T root:T args:L env:L cgroups:L'),
    2: ('fd', 'tid:q fd:q ino:Q dev:I open_flags:I type:B l4proto:B source_address:A destination_address:A source_port:H destination_port:H '
        'unix_source:Q unix_peer:Q name:T'),
    3: ('user', 'uid:I gid:I name:T home:T shell:T'),
    4: ('group', 'gid:I name:T'),
    5: ('interface', 'type:H address:A netmask:A broadcast:A link_speed:Q name:T'),
    6: ('reset', ''),
    7: ('clock', 'time:Q offset:q'),
}


class Damage(Exception):
    """What is wrong with a block, an event or a value."""


def demand(condition, text):
    if not condition:
        raise Damage(text)


def text_of(data):
    return data.decode('utf-8', 'surrogateescape')


def zigzag(u):
    return (u >> 1) ^ -(u & 1)


class Cursor:
    """Reads fields one behind the other and never past the end."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, n):
        demand(self.at + n <= len(self.data), f'ends within a field of {n} bytes')
        self.at += n
        return self.data[self.at - n:self.at]

    def get(self, form):
        values = struct.unpack('<' + form, self.take(struct.calcsize('<' + form)))
        return values[0] if len(values) == 1 else values

    def left(self):
        return len(self.data) - self.at

    def name(self):
        name = self.take(self.get('B'))
        demand(name and all(0x20 <= c <= 0x7E for c in name), f'bad name {name}')
        return name.decode()


class Source:
    """The bytes of a file or pipe by offset. What lies before the last forget() may be gone."""

    def __init__(self, file):
        self.file, self.seekable, self.start, self.kept = file, file.seekable(), 0, bytearray()

    def get(self, offset, n):
        if self.seekable:
            self.file.seek(offset)
            return self.file.read(n)
        while self.start + len(self.kept) < offset + n and (more := self.file.read(65536)):
            self.kept += more
            self.forget(min(offset, self.start + len(self.kept)))
        return bytes(self.kept[offset - self.start:offset - self.start + n])

    def forget(self, offset):
        if not self.seekable and offset > self.start:
            del self.kept[:offset - self.start]
            self.start = offset


# Blocks, section 2

class Block:
    """A whole block of ours, checked as far as section 2.1 goes."""

    def __init__(self, source, offset):
        """Raises Damage; EOFError when the file ends within the block."""
        head = self.of(source, offset, 56)
        self.total, self.kind, self.id, self.sequence, size = struct.unpack_from('<4xI12xH2x16sQI', head)
        demand(self.total % 4 == 0 and 64 <= self.total <= MAX_BLOCK, f'total length {self.total}')
        demand(size % 4 == 0 and 56 <= size <= min(MAX_HEADER, self.total - 8), f'header length {size}')
        head = self.of(source, offset, size)
        demand(zlib.crc32(head[:-4]) == int.from_bytes(head[-4:], 'little'), 'wrong header checksum')
        self.offset, self.head, self.fields = offset, head, Cursor(head[:-4], 52)

    def load(self, source):
        """Reads and checks the rest. EVENTS that end wrongly are good all the same if every frame is (section 2.1)."""
        data = self.of(source, self.offset, self.total)
        checksum, total = struct.unpack('<II', data[-8:])
        self.data = data[len(self.head):-8]
        self.note = f'total length {self.total} in front, {total} behind' if total != self.total else ''
        if self.kind == EVENTS and (self.note or checksum != zlib.crc32(data[:-8])):
            EventsHeader(self).columns()
        else:
            demand(not self.note, self.note)
            demand(checksum == zlib.crc32(data[:-8]), 'wrong block checksum')
        return self

    @staticmethod
    def of(source, offset, n):
        data = source.get(offset, n)
        if len(data) < n:
            raise EOFError
        return data

    def packed(self):
        """The packed data of SCHEMA, STATE, INDEX: the next two fields are raw length and frame length."""
        raw, stored = self.fields.get('II')
        demand(raw <= MAX_PACKED, f'raw length {raw}')
        demand(stored <= len(self.data), f'frame length {stored} passes the end')
        return decompress(self.data[:stored], raw) if raw else b''


def decompress(data, raw, prefix=b''):
    """One zstd frame of exactly `raw` bytes, as section 1 wants it; behind a prefix where section 8.4 says so."""
    try:
        frame = zstandard.get_frame_parameters(data)
        demand(frame.content_size == raw, f'a frame of {frame.content_size} bytes instead of {raw}')
        demand(frame.has_checksum and not frame.dict_id, 'a frame without checksum, or with a dictionary')
        rest = Cursor(data, zstandard.frame_header_size(data))
        last = False
        while not last:  # from block to block to the end of the frame: the library does not tell what stands behind it
            block = int.from_bytes(rest.take(3), 'little')
            last = block & 1
            rest.take(1 if block >> 1 & 3 == 1 else block >> 3)
        rest.take(4)
        demand(not rest.left(), 'bytes behind a frame')
        prefix = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
        return zstandard.ZstdDecompressor(dict_data=prefix).decompress(data)
    except zstandard.ZstdError as e:
        raise Damage(f'a frame does not decompress: {e}') from None


def is_ours(start):
    return len(start) == 20 and struct.unpack('<I4xI8s', start) == (CUSTOM, ENTERPRISE, MAGIC)


def look(source, offset):
    """Section 14: the beginning of the next block of ours at `offset` or later, None at the end of the file."""
    while len(window := source.get(offset, 65536)) >= 64:
        at = window.find(MAGIC, 12)
        while at >= 0:
            try:
                if is_ours(source.get(offset + at - 12, 20)):
                    Block(source, offset + at - 12)
                    return offset + at - 12
            except (Damage, EOFError):
                pass
            at = window.find(MAGIC, at + 1)
        offset += len(window) - 19
        source.forget(offset)
    return None


class Packets:
    """Section 2: packets in the order in which they stand in the file, collected as blocks of others are passed over."""

    def __init__(self):
        self.interfaces, self.found = [], []

    def block(self, kind, body):
        if kind == SECTION:
            self.interfaces = []
        elif kind == INTERFACE and len(self.interfaces) < MAX_INTERFACES:
            self.interface(Cursor(body))
        elif kind == PACKET:
            self.packet(Cursor(body))

    @staticmethod
    def options(cursor):
        while cursor.left() >= 4:
            code, size = cursor.get('HH')
            if code == 0 or size > cursor.left():
                return
            yield code, cursor.take(size)
            cursor.take(min(-size % 4, cursor.left()))

    def interface(self, cursor):
        link_type, _, _ = cursor.get('HHI')
        options = dict(self.options(cursor))
        resolution = options.get(9, b'\x06')[0]
        base, digits, finest = (2, resolution & 0x7F, 62) if resolution & 0x80 else (10, resolution, 18)
        units = base ** digits if digits <= finest else None
        offset = int.from_bytes(options.get(14, bytes(8)), 'little', signed=True)
        name = options.get(2, b'').split(b'\0')[0][:64]
        self.interfaces.append((link_type, text_of(name), units, offset))

    def packet(self, cursor):
        number, high, low, captured, original = cursor.get('IIIII')
        if number >= len(self.interfaces) or captured > min(MAX_PACKET, cursor.left()):
            return
        link_type, name, units, offset = self.interfaces[number]
        if units is None:
            return
        time = ((high << 32 | low) * 10 ** 9) // units + offset * 10 ** 9
        self.found.append({'time': time if 0 <= time < 1 << 64 else 0, 'interface': name, 'link_type': link_type, 'captured': captured, 'len': original,
                           'data': cursor.take(captured).hex()})


def scan(source, say, foreign):
    """Yields the whole blocks of ours as they stand in the file."""
    offset = 0
    start = source.get(0, 12)
    if start[:4] != struct.pack('<I', SECTION) or start[8:] != BYTE_ORDER:
        say(0, 'not a capture')
        return
    while start := source.get(offset, 20):
        try:
            if is_ours(start):
                yield (block := Block(source, offset).load(source))
                if block.note:
                    say(offset, block.note)
                offset += block.total
            else:
                offset = pass_over(source, offset, start, foreign)
            source.forget(offset)
        except (Damage, EOFError) as e:
            found = look(source, offset + 4)
            cut = isinstance(e, EOFError)
            say(offset, ('ends within a block: cut short' if cut else f'block refused: {e}') + ('' if found or cut else '; none behind it'))
            if found is None:
                return
            offset = found


def pass_over(source, offset, start, foreign):
    """Returns where the block that is not ours ends."""
    if len(start) < 12:
        raise EOFError
    kind, total = struct.unpack_from('<II', start)
    demand(kind != SECTION or start[8:12] == BYTE_ORDER, 'a section that is not little-endian')
    demand(total % 4 == 0 and 12 <= total <= MAX_FOREIGN, f'foreign block with total length {total}')
    foreign[kind] += 1
    if foreign.packets and kind in (SECTION, INTERFACE, PACKET) and total <= MAX_PACKET_BLOCK:
        body = source.get(offset + 8, total - 12)
        if len(body) == total - 12:
            foreign.packets.block(kind, body)
    for at in range(offset, offset + total, 65536):  # never held in memory
        n = min(65536, offset + total - at)
        if len(source.get(at, n)) < n:
            raise EOFError
        source.forget(at)
    return offset + total


class Foreign(collections.Counter):
    """Blocks of others by type, and what the packets among them say."""
    packets = None


def in_order(source, say, foreign):
    """Section 3: the blocks of a pipe as they come; of a file by capture and sequence, copies dropped."""
    if not source.seekable:
        yield from scan(source, say, foreign)
        return
    captures, places = {}, {}
    for block in scan(source, say, foreign):
        if len(places) == MAX_BLOCKS:
            say(block.offset, f'more than {MAX_BLOCKS} blocks: the rest is left out')
            break
        captures.setdefault(block.id, len(captures))
        places.setdefault((captures[block.id], block.sequence), block.offset)
    for _, offset in sorted(places.items()):
        yield Block(source, offset).load(source)


# SCHEMA, section 5

def read_parameter(cursor, value_names, place):
    name, kind, form, dirfd, values = cursor.name(), *cursor.get('BBbH')
    demand(not values or values in value_names, f'parameter {name}: no value names {values}')
    demand(dirfd == -1 or kind == PT_FSRELPATH and 0 <= dirfd < place, f'parameter {name}: dirfd parameter {dirfd}')
    return {'name': name, 'type': kind, 'format': form, 'dirfd': dirfd, 'values': value_names.get(values, [])}


def read_row(cursor, value_names):
    kind, category, traits, n, result, fd = cursor.get('HHIBbb')
    name, params = cursor.name(), []
    demand(kind < 0x5000 and n <= 32, f'type {kind} with {n} parameters')
    for i in range(n):
        param = read_parameter(cursor, value_names, i)
        n_alternatives = cursor.get('B')
        demand((n_alternatives > 0) == (param['type'] == PT_DYN), f'{name}: {n_alternatives} alternatives')
        param['alternatives'] = [read_parameter(cursor, value_names, i) for _ in range(n_alternatives)]
        params.append(param)
    types = [p['type'] for p in params]
    demand(result == -1 or 0 <= result < n and size_of(types[result]) in (1, 2, 4, 8), f'{name}: result parameter {result}')
    demand(fd == -1 or 0 <= fd < n and types[fd] == PT_FD and fd != result, f'{name}: fd parameter {fd}')
    return {'type': kind, 'name': name, 'category': category, 'traits': traits, 'result': result, 'fd': fd, 'params': params}


def records(data):
    cursor = Cursor(data)
    while cursor.left():
        length = cursor.get('I')
        demand(length >= 2, f'a record of length {length}')
        record = Cursor(cursor.take(length))
        yield record.get('H'), record


def read_schema(data):
    """All rows of a block, or none: damage anywhere is damage of the block."""
    names, rows = {}, {}
    for kind, cursor in records(data):
        if kind == 1:
            number, title = cursor.get('H'), cursor.name()
            n = cursor.get('I')
            demand(1 <= number <= 1024 and number not in names and n <= 4096, f'value names {title}: number {number}, {n} values')
            names[number] = [(cursor.get('Q'), cursor.name()) for _ in range(n)]
        elif kind == 2:
            new = read_row(cursor, names)
            rows[new['type']] = new
    return rows


# Values, section 6

def size_of(kind):
    return struct.calcsize('<' + FIXED[kind]) if kind in FIXED else None


def value_of(param, data):
    """A value as JSON has it; None is none or empty. Raises Damage."""
    kind = param['type']
    if kind in FIXED:
        demand(len(data) == size_of(kind), f'{len(data)} bytes in a value of type {kind}')
        value = struct.unpack('<' + FIXED[kind], data)[0]
        if isinstance(value, bytes):
            half = len(value) // 2
            return '/'.join(map(address, (value[:half], value[half:]) if kind == PT_IPV4NET else (value,)))
        return None if kind == PT_RELTIME and value == 2**64 - 1 else value
    if kind in (PT_CHARBUF, PT_FSPATH, PT_FSRELPATH):
        demand(data[-1:] in (b'', b'\0'), 'a text without NUL')
        return text_of(data[:-1]) if data else None
    cursor = Cursor(data)
    if kind in (PT_SOCKADDR, PT_SOCKTUPLE):
        value = (socket_address if kind == PT_SOCKADDR else socket_tuple)(cursor) if data else None
    elif kind == PT_FDLIST:
        value = [dict(zip(('fd', 'flags'), cursor.get('qH'))) for _ in range(cursor.get('H'))] if data else None
    elif kind == PT_DYN:
        i = cursor.get('B')
        demand(i < len(param.get('alternatives', ())), f'alternative {i}')
        chosen = param['alternatives'][i]
        value = {'alternative': i, 'value': value_of(chosen, cursor.take(cursor.left()))}
    elif kind == PT_IPADDR:
        value = address(data)
    else:
        value = data.hex()
    return value


def address(data):
    demand(len(data) in (4, 16), f'an address of {len(data)} bytes')
    return str(ipaddress.ip_address(data))


def socket_path(cursor):
    path = cursor.take(cursor.left())
    demand(path.endswith(b'\0'), 'a socket path without NUL')
    return text_of(path[:-1])


def socket_address(cursor):
    family = cursor.get('B')
    if family in (2, 10):
        return {'family': family, 'ip': address(cursor.take(4 if family == 2 else 16)), 'port': cursor.get('H')}
    return {'family': family, 'path': socket_path(cursor)} if family == 1 else {'family': family}


def socket_tuple(cursor):
    family = cursor.get('B')
    if family in (2, 10):
        size = 4 if family == 2 else 16
        return {'family': family, 'sip': address(cursor.take(size)), 'sport': cursor.get('H'), 'dip': address(cursor.take(size)),
                'dport': cursor.get('H')}
    if family == 1:
        return {'family': family, 'source': cursor.get('Q'), 'peer': cursor.get('Q'), 'path': socket_path(cursor)}
    return {'family': family}


# EVENTS, section 8

class EventsHeader:
    """The fields and lists of the header, checked, and the columns that they describe."""

    def __init__(self, block):
        fields = Cursor(block.head[:-4], 52)
        self.data = block.data
        self.n, self.first, self.time, self.last, n_hidden, self.m, t, n_slices = fields.get('IQQQIIHH')
        fields.take(64)  # the thread summary
        self.g, self.d, *self.payloads = fields.get('IIII')
        demand(1 <= self.n <= MAX_EVENTS and n_hidden <= self.n and 1 <= self.m <= self.n and n_slices <= 128,
               f'{self.n} events, {n_hidden} hidden, {self.m} threads, {n_slices} slices')
        demand(self.g <= self.n and self.d <= self.n and sum(self.payloads) <= MAX_PAYLOADS, f'{self.g} gaps, {self.d} durations, {self.payloads} bytes')
        self.types = [fields.get('HBBI') for _ in range(t)]
        self.numbers, self.counts = [row[0] for row in self.types], [row[3] for row in self.types]
        demand(all(row[2] <= 32 for row in self.types), 'a type has more than 32 parameters')
        demand(self.numbers == sorted(set(self.numbers)) and all(k < 0x5000 for k in self.numbers), 'the list of types is not in order')
        demand(all(self.counts) and sum(self.counts) == self.n, 'the list of types does not add up')
        self.slices = [fields.get('BBBBII') for _ in range(n_slices)]

    def columns(self):
        """By name lists of numbers, and four columns of bytes."""
        lengths = [{'tids': self.m, 'gaps': self.g, 'durations': self.d}.get(name, self.n) for name in COLUMNS]
        columns = [b'' if name in BYTES else [0] * n for name, n in zip(COLUMNS, lengths)]
        frames, at = {}, 0
        for column, kind, width, shift, low, high in self.slices:
            data = Cursor(self.data, at).take(low) if kind == 1 else b''
            at += len(data)
            if column >= len(COLUMNS):
                continue
            title = f'column {COLUMNS[column]}'
            demand(kind == 0 or kind == 1 and width + shift <= 8, f'{title}: slice of kind {kind}, width {width}, shift {shift}')
            if COLUMNS[column] in BYTES:
                demand(column not in frames and (kind, width, shift) == (1, 1, 0), f'{title}: bad slice')
                demand(0 < high <= MAX_PAYLOADS, f'{title}: {high} bytes')
                frames[column] = data, high
            elif kind == 0:
                columns[column] = [v | high << 32 | low for v in columns[column]]
            else:
                n = lengths[column]
                demand(width in (1, 2, 4, 8) and high == width * n, f'{title}: {high} bytes of width {width}')
                numbers = struct.unpack(f'<{n}{"BH I   Q"[width - 1]}', decompress(data, high))
                columns[column] = [v | number << 8 * shift for v, number in zip(columns[column], numbers)]
        for i, size in enumerate(self.payloads):
            demand(sum(frames[column][1] for column in (11 + i, 14 + i) if column in frames) <= size, f'parts of more than {size} bytes')
        for column in sorted(frames):
            columns[column] = decompress(*frames[column], columns[11] if column == 12 else b'')
        return dict(zip(COLUMNS, columns))


LIMITS = {'cpu': 65535, 'flags': 65535, 'fd': 2**32 - 1, 'sysno': 65535, 'absent': 2**32 - 1, 'as_is': MAX_PAYLOAD + 1}


def in_list(numbers, differences):
    """Numbers that are places in a list, when there is one (section 8.2)."""
    if not differences:
        return numbers
    values = [v % 2**64 for v in itertools.accumulate(differences)]
    demand(max(numbers) < len(values), 'a place passes its list')
    return [values[v] for v in numbers]


def put_together(h, c, rows, say):
    """Payloads in grouped order from fields and values (section 8.4); None for all where a row is missing."""
    starts = [0, *itertools.accumulate(h.counts)]
    nexts, order = starts[:], []  # order: of the events in event order, their places in grouped order
    for index in c['type']:
        order.append((nexts[index], index))
        nexts[index] += 1
    parts = []  # of each type: lists of (parameter, kind), kind being a size, 'text' or 'bytes'
    for kind, _, p, _ in h.types:
        row = rows.get(kind, {'params': [], 'result': -1, 'fd': -1})
        if p and kind not in rows:
            say(f'type {kind} has {p} parameters, but no row: no payload can be read')
            return [None] * h.n
        demand(p <= len(row['params']), f'type {kind} has {p} parameters, its row {len(row["params"])}')
        parts.append([(i, size_of(t) or ('text' if t in TEXT_TYPES else 'bytes'), i in (row['result'], row['fd']))
                      for i, t in enumerate(param['type'] for param in row['params'][:p])])

    def present(index, g):
        return [(i, kind) for i, kind, column in parts[index]
                if not c['absent'][g] >> i & 1 and (not column or c['flags'][g] & INLINE)]

    payloads = [b''] * h.n
    for state, name, total in (1, 'state', h.payloads[0]), (0, 'bulk', h.payloads[1]):
        fields, values = Cursor(c[name + '_fields']), Cursor(c[name + '_values'])
        types = [index for index, row in enumerate(h.types) if row[1] & 1 == state]
        texts, found = {}, {}
        for g, index in order:
            if index in types and not c['as_is'][g]:
                for i, kind in present(index, g):
                    if kind == 'text':
                        end = values.data.find(0, values.at) + 1
                        demand(0 < end < values.at + 0xFFFF, 'texts end early')
                        texts[g, i] = values.take(end - values.at)
        for index in types:
            events = range(starts[index], starts[index + 1])
            for i, kind, _ in parts[index]:
                for g in events:
                    if kind != 'text' and not c['as_is'][g] and (i, kind) in present(index, g):
                        found[g, i] = fields.take(2 if kind == 'bytes' else kind)
            for g in events:
                if c['as_is'][g]:
                    payloads[g] = values.take(c['as_is'][g] - 1)
                    continue
                for i, kind in present(index, g):
                    if kind == 'text':
                        payloads[g] += struct.pack('<H', len(texts[g, i])) + texts[g, i]
                    else:
                        payloads[g] += found[g, i]
                    if kind == 'bytes':
                        size = int.from_bytes(found[g, i], 'little')
                        demand(size != 0xFFFF, 'a length of 0xFFFF')
                        payloads[g] += values.take(size)
                demand(len(payloads[g]) <= MAX_PAYLOAD, f'a payload of {len(payloads[g])} bytes')
        demand(not fields.left() and not values.left(), 'payloads are shorter than their parts')
        demand(sum(len(payloads[g]) for index in types for g in range(starts[index], starts[index + 1])) == total, 'payloads have another length')
    return payloads


def read_events(block, rows, say):
    """The events of a block in order, as the objects that are printed. Raises Damage before the first, says what is wrong with single ones."""
    h = EventsHeader(block)
    c = h.columns()
    for name, limit in LIMITS.items():
        demand(max(c[name]) <= limit, f'column {name}: {max(c[name])}')
    demand(max(c['tid']) < h.m and max(c['type']) < len(h.types), 'an index passes its table')
    demand([c['type'].count(i) for i in range(len(h.types))] == h.counts, 'the list of types contradicts their column')
    c['time'], c['duration'] = in_list(c['time'], c['gaps']), in_list(c['duration'], c['durations'])
    payloads = put_together(h, c, rows, lambda text: say(block.offset, text))

    places = list(itertools.accumulate([0] + h.counts))  # where the next event of each type stands in grouped order
    times, last = [], {}
    for tid, index in zip(c['tid'], c['type']):
        g = places[index]
        places[index] += 1
        last[tid] = (last.get(tid, h.time) + zigzag(c['time'][g]) + max(c['duration'][g] - 1, 0)) % 2**64
        times.append((last[tid], g))
    demand(times[0][0] == h.time and times[-1][0] == h.last, 'the first or the last time is not what the times give')
    for i, (time, g) in enumerate(times):
        index = c['type'][i]
        number, kind = h.first + i, h.numbers[index]
        event = {'number': number, 'time': time, 'duration': c['duration'][g] - 1 if c['duration'][g] else None,
                 'tid': zigzag(c['tids'][c['tid'][i]]), 'type': kind, 'name': None, 'cpu': c['cpu'][i], 'flags': c['flags'][g],
                 'result': zigzag(c['result'][g]), 'fd': zigzag(c['fd'][g] - 1) if c['fd'][g] else None,
                 'sysno': c['sysno'][g] if c['sysno'][g] != 65535 else None}
        read_payload(event, rows.get(kind), payloads[g], c['absent'][g], lambda text: say(block.offset, f'event {number}: {text}'))
        yield event


def read_payload(event, row, payload, absent, say):
    """Adds the name and the parameters of one event (section 8.4)."""
    flags, result = event['flags'], event['result']
    if flags & (NO_RESULT | UNFINISHED):
        event['result'] = None
    if row is None or payload is None:
        event['payload'] = payload and payload.hex()
        return
    for name in 'result', 'fd':
        if row[name] >= 0 and absent >> row[name] & 1:
            event[name] = None
    event['name'] = row['name']
    event['params'] = params = {p['name']: None for p in row['params']}
    cursor = Cursor(payload)
    for i, param in enumerate(row['params']):
        try:
            size, inline = size_of(param['type']), flags & INLINE
            if absent >> i & 1:
                continue
            if i == row['result'] and not inline:
                data = struct.pack('<q', result)[:size] if event['result'] is not None else None
            elif i == row['fd'] and not inline:
                data = struct.pack('<q', event['fd']) if event['fd'] is not None else None
            else:
                if size is None:
                    size = cursor.get('H')
                    size = cursor.get('I') if size == 0xFFFF else size
                data = cursor.take(size)
        except Damage as e:
            say(f'parameter {param["name"]}: {e}')
            return
        try:
            if data is not None:
                params[param['name']] = value_of(param, data)
        except Damage as e:
            say(f'parameter {param["name"]}: {e}')
    if cursor.left():
        say(f'{cursor.left()} bytes behind the last parameter')


# STATE, section 7

def entry_text(cursor, limit):
    n = cursor.get('H')
    demand(n <= limit, f'a text of {n} bytes')
    return cursor.take(n)


def read_entry(kind, cursor):
    what, fields = ENTRIES[kind]
    entry = {'entry': what}
    for field in fields.split():
        name, form = field.split(':')
        if form == 'T':
            entry[name] = text_of(entry_text(cursor, 4096))
        elif form == 'L':
            entry[name] = [text_of(t) for t in entry_text(cursor, 65535).split(b'\0')[:-1]]
        elif form == 'A':
            entry[name] = cursor.take(16).hex()
        else:
            entry[name] = cursor.get(form)
    return entry


# Captures

class Capture:
    """What must be remembered of a capture from block to block."""

    def __init__(self, capture_id):
        self.id, self.rows, self.sequence, self.number, self.n_raw = capture_id.hex(), {}, 0, 1, 0
        self.left_out, self.final, self.gap = False, False, False

    def take(self, block, say):
        """Yields ('event', object) and ('info', object). Raises Damage."""
        if self.left_out:
            return
        if block.sequence > self.sequence:
            self.gap = True
            say(block.offset, f'{block.sequence - self.sequence} blocks missing before sequence {block.sequence}')
        self.sequence = max(self.sequence, block.sequence + 1)
        yield 'info', {'block': KINDS.get(block.kind, block.kind), 'capture': self.id, 'sequence': block.sequence, 'offset': block.offset,
                       'total_length': block.total}
        if block.kind in KINDS:
            yield from getattr(self, KINDS[block.kind].lower())(block, say)

    def capture(self, block, _say):
        demand(block.sequence == 0, 'CAPTURE is not the first block')
        major, minor, compatible, incompatible, *numbers, length = block.fields.get('HHQQQQQIIIII')
        if major != 1 or incompatible:
            self.left_out = True
            raise Damage(f'version {major}.{minor}, incompatible features {incompatible:#x}: a newer reader is needed')
        info = {'version': f'{major}.{minor}', 'compatible_features': compatible}
        info.update(zip(('start_time', 'boot_time', 'memory', 'n_cpus', 'snaplen', 'page_size', 'clock'), numbers))
        demand(length <= len(block.data), f'{length} bytes of texts')
        texts = Cursor(block.data[:length])
        info.update((name, '') for name in TEXTS)
        while texts.left():
            tag, size = texts.get('HH')
            demand(size <= 16384, f'a text of {size} bytes')
            text = text_of(texts.take(size))
            if 1 <= tag <= len(TEXTS):
                info[TEXTS[tag - 1]] = text
        yield 'info', info

    def schema(self, block, _say):
        block.fields.get('I')
        raw = block.packed()
        demand(self.n_raw + len(raw) <= MAX_SCHEMA, 'too much SCHEMA')
        self.n_raw += len(raw)
        rows = read_schema(raw)
        self.rows.update(rows)
        yield from (('info', row) for row in rows.values())

    def state(self, block, _say):
        kind, _part, time, number, _n = block.fields.get('IIQQI')
        raw = block.packed()
        if kind == 1:
            for kind, cursor in list(records(raw)):
                if kind in ENTRIES:
                    yield 'info', read_entry(kind, cursor) | {'before_event': number, 'before_time': time}

    def events(self, block, say):
        n, first = struct.unpack_from('<IQ', block.head, 52)
        if first > self.number and self.gap:
            say(block.offset, f'{first - self.number} events missing before event {first}')
        elif first != self.number:  # the writer's mistake, no damage
            print(f'offset {block.offset}: event {first} comes where {self.number} is due, though no block is missing', file=sys.stderr)
        self.number, self.gap = (first + n) % 2**64, False
        try:
            for event in read_events(block, self.rows, say):
                yield 'event', event
        except Damage as e:
            raise Damage(f'{e}; {n} events lost') from None

    def loss(self, block, _say):
        n = block.fields.get('I')
        demand(32 * n <= len(block.data), f'{n} rows of losses')
        for values in struct.iter_unpack('<QQIIQ', block.data[:32 * n]):
            yield 'info', dict(zip(('lost_from', 'lost_to', 'cpu', 'class', 'count'), values))

    def index(self, block, _say):
        """All of it is a hint: it must be whole, but only that the capture was finished is taken from it."""
        flags, n, *_ = block.fields.get('IIQQQQ')
        entries = Cursor(block.packed())
        for _ in range(n):
            _kind, n_types, *_ = entries.get('HHIIIQQQQQ')
            entries.take(2 * n_types)
        self.final = self.final or bool(flags & 1)
        return iter(())


def main():
    parser = argparse.ArgumentParser(description='Reads a native capture, as format/SPEC.md says.')
    parser.add_argument('--info', action='store_true', help='print the description, types, blocks, losses and state instead of the events')
    parser.add_argument('--packets', action='store_true', help='print the network packets instead of the events')
    parser.add_argument('file', nargs='?', default='-')
    options = parser.parse_args()
    n_said = 0

    def say(offset, text):
        nonlocal n_said
        n_said += 1
        print(f'{options.file}: offset {offset}: {text!r}'[:1000], file=sys.stderr)

    captures, foreign = {}, Foreign()
    foreign.packets = Packets() if options.packets else None
    with sys.stdin.buffer if options.file == '-' else open(options.file, 'rb') as file:
        for block in in_order(Source(file), say, foreign):
            capture = captures.setdefault(block.id, Capture(block.id))
            try:
                for what, thing in capture.take(block, say):
                    if (what == 'info') == options.info and not options.packets:
                        print(json.dumps(thing))
            except Damage as e:
                say(block.offset, f'{KINDS[block.kind]} {block.sequence} refused: {e}')
    for packet in foreign.packets.found if options.packets else ():
        print(json.dumps(packet))
    if options.info:
        print(json.dumps({'foreign_blocks': sum(foreign.values()), 'captures': {c.id: 'finished' if c.final else 'not finished' for c in captures.values()}}))
    if not captures and not n_said:
        say(0, 'no capture in it')
    return 1 if n_said else 0


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
