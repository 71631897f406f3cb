#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes tests/vectors/wire_*.hex and the seed corpora of the wire and flow fuzzers from the standards' layouts, without any
# code of ours, so that the C++ is checked against a second reading. Run once, from the repository root.
import hashlib, hmac, os, struct, zlib

def vector(name, origin, parts):
    data = b''.join(b for b, _ in parts)
    with open(f'tests/vectors/wire_{name}.hex', 'w') as f:
        f.write(f'# {origin}\n')
        for b, what in parts:
            f.write(f'{b.hex():<40} # {what}\n')
    return data

def seed(fuzzer, name, data):
    os.makedirs(f'tests/corpus/{fuzzer}', exist_ok=True)
    with open(f'tests/corpus/{fuzzer}/{name}', 'wb') as f:
        f.write(data)

def varint(n):
    out = b''
    while True:
        b = n & 127
        n >>= 7
        out += bytes([b | (128 if n else 0)])
        if not n:
            return out
def num(field, n): return varint(field << 3) + varint(n)
def blob(field, b): return varint(field << 3 | 2) + varint(len(b)) + b

# ---- control ----
uuid = b'01890a5d-ac96-774b-bcce-b302099a8057'
control = {
  'control_hello': [(num(2, 0), 'ack 0 (explicit zero is allowed)'), (blob(10, num(1, 1) + num(2, 1) + blob(3, b'beside') + blob(4, b'0.1.0') +
    blob(5, bytes(range(32))) + num(6, 2) + blob(7, b'de_AT')), 'Hello: protocol 1..1, program, version, build id, customer, locale')],
  'control_join': [(num(1, 1), 'seq 1'), (num(2, 3), 'ack 3'), (blob(32, num(1, 7) + blob(2, b'482')), 'JoinSession: request 7, locator 482')],
  'control_tunnel': [(num(2, 9), 'ack 9'), (blob(50, blob(1, uuid) + num(2, 65536) + blob(3, b'\x16\x03\x03') + num(4, 17)),
    'Tunnel: session, offset 65536, three bytes, ack 17')],
}
for n, parts in control.items():
    seed('control_fuzz', n, vector(n, 'Protobuf wire format by hand, control.proto', parts))

# ---- inner ----
inner = {
  'inner_ask': [(blob(10, num(1, 3) + num(2, 5) + blob(3, b'to see the error')), 'Ask: id 3, see and control, reason')],
  'inner_layout': [(blob(20, num(1, 2) + num(2, 3000) + num(3, 1080) + blob(4, num(1, 1) + num(4, 1920) + num(5, 1080) + blob(6, b'HDMI-1') + num(7, 1)) +
    blob(4, num(1, 2) + num(2, 1920) + num(4, 1080) + num(5, 1080))), 'Layout: generation 2, 3000x1080, two monitors')],
  'inner_cursor': [(blob(25, num(1, 9) + num(2, 2) + num(3, 1) + num(4, 1) + blob(6, bytes([1, 2, 3, 255, 4, 5, 6, 0]))), 'CursorShape 2x1, hot 1,0')],
}
for n, parts in inner.items():
    seed('session_message_fuzz', n, vector(n, 'Protobuf wire format by hand, session.proto', parts))

# ---- STUN ----
KEY = b'0123456789abcdefghijklmnopqrstuv'
def attr(t, v): return struct.pack('>HH', t, len(v)) + v + b'\0' * (-len(v) % 4)
def stun(name, what, mtype, attrs, key):
    tid = bytes(range(0xa0, 0xac))
    body = b''.join(a for a, _ in attrs)
    head = lambda n: struct.pack('>HHI', mtype, n, 0x2112A442) + tid
    parts = list(attrs)
    if key:
        mac = hmac.new(key, head(len(body) + 36) + body, hashlib.sha256).digest()
        parts.append((attr(0x1c, mac), 'MESSAGE-INTEGRITY-SHA256, password ' + key.decode()))
        body += parts[-1][0]
    crc = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554e
    parts.append((attr(0x8028, struct.pack('>I', crc)), 'FINGERPRINT'))
    body += parts[-1][0]
    data = vector(name, what, [(head(len(body)), 'header, magic cookie, transaction id')] + parts)
    seed('stun_fuzz', name, data)
stun('stun_request', 'RFC 8489 Binding request', 0x0001, [(attr(6, b'abcdefghijklmnop'), 'USERNAME'), (attr(0xC0BE, bytes(range(16))), 'the relay\'s cookie, echoed')], KEY)
stun('stun_success', 'RFC 8489 Binding success', 0x0101,
     [(attr(0x20, struct.pack('>BBH', 0, 1, 40000 ^ 0x2112) + bytes(a ^ b for a, b in zip((192, 0, 2, 1), (0x21, 0x12, 0xa4, 0x42)))), 'XOR-MAPPED-ADDRESS 192.0.2.1:40000')], KEY)
stun('stun_error', 'RFC 8489 Binding error 401', 0x0111, [(attr(9, b'\0\0\x04\x01No'), 'ERROR-CODE 401')], None)

# ---- RTP ----
rtp = {
  'rtp_plain': [(bytes([0x80, 0x60]), 'version 2, payload type 96'), (struct.pack('>HII', 1, 90000, 0xdecafbad), 'seq, timestamp, SSRC'), (b'payload', 'payload')],
  'rtp_capture_time': [(bytes([0x90, 0xe0]), 'extension; marker, payload type 96'), (struct.pack('>HII', 65535, 4294967295, 1), 'seq, timestamp, SSRC'),
    (struct.pack('>HH', 0xBEDE, 3), 'one-byte extensions, three words'), (bytes([0x17]) + struct.pack('>II', 12, 0x80000000), 'abs-capture-time 12.5 s'), (bytes(3), 'padding'), (b'\x65\x88', 'payload')],
  'rtp_csrc_padding': [(bytes([0xa2, 0x61]), 'padding, two CSRCs; payload type 97'), (struct.pack('>HII', 7, 8, 9), 'seq, timestamp, SSRC'),
    (struct.pack('>II', 10, 11), 'CSRC'), (b'abc', 'payload'), (bytes([0, 0, 3]), 'three bytes of padding')],
}
for n, parts in rtp.items():
    seed('rtp_fuzz', n, vector(n, 'RFC 3550 5.1, RFC 8285 4.2', parts))

# ---- RTCP ----
rtcp = {
  'rtcp_rr_nack': [(struct.pack('>BBHI', 0x81, 201, 7, 1), 'RR of SSRC 1, one block'), (struct.pack('>IIIIII', 2, 0x40ffffff, 0x10005, 3, 4, 5), 'block: SSRC 2, a quarter lost, cumulative -1'),
    (struct.pack('>BBHIIHH', 0x81, 205, 3, 1, 2, 100, 0x0005), 'NACK: 100, 101, 103')],
  'rtcp_pli': [(struct.pack('>BBHII', 0x81, 206, 2, 1, 2), 'PLI by 1 for 2')],
  'rtcp_ccfb': [(struct.pack('>BBHI', 0x8b, 205, 6, 1), 'RFC 8888 feedback by 1'), (struct.pack('>IHH', 2, 65534, 3), 'SSRC 2, from 65534, three packets'),
    (struct.pack('>HHHH', 0x8400, 0, 0xA001, 0), 'received 1 s ago, not received, received with ECT(0) 1/1024 s ago, padding'), (struct.pack('>I', 0x00010000), 'stamp 1 s')],
}
for n, parts in rtcp.items():
    if n == 'rtcp_ccfb':
        assert len(b''.join(b for b, _ in parts)) == 28
    seed('rtcp_fuzz', n, vector(n, 'RFC 3550 6.4, RFC 4585 6, RFC 8888 3.1', parts))

# ---- H.264 payloads ----
h264 = {
  'h264_single': [(b'\x41\x9a\x01\x02', 'single NAL unit, non-IDR slice')],
  'h264_stap': [(b'\x78', 'STAP-A, NRI 3'), (b'\x00\x03\x67\x42\xc0', 'SPS of three bytes'), (b'\x00\x02\x68\xce', 'PPS of two bytes')],
  'h264_fu': [(b'\x7c\x85', 'FU-A, first piece of an IDR slice'), (b'\x88\x84\x21', 'its bytes')],
}
for n, parts in h264.items():
    data = vector(n, 'RFC 6184 5.6, 5.7.1, 5.8', parts)
    seed('h264_fuzz', n, struct.pack('>H', len(data)) + data + (struct.pack('>H', 4) + b'\x7c\x45\xaa\xbb' if n == 'h264_fu' else b''))

# ---- cells ----
def cell(parts):
    used = sum(len(b) for b, _ in parts)
    return parts + [(bytes(64 - used), 'zero to 64 bytes')]
cells = {
  'cell_keys': cell([(bytes([0x11, 2, 0, 1]), 'input cell, two events, something is held'), (struct.pack('>II', 5, 0), 'first event 5, no cursor yet'),
    (struct.pack('>BHHIB', 5, 1, 4, 0x41, 1) + b'A', 'KeyDown, shift, usage 4, keysym A, text A'), (struct.pack('>BHHIB', 6, 0, 4, 0x61, 0), 'KeyUp')]),
  'cell_pointer': cell([(bytes([0x11, 2, 0, 0]), 'input cell, two events'), (struct.pack('>II', 0xffffffff, 3), 'first event 2^32-1, cursor 3 expected'),
    (struct.pack('>BHBIHH', 1, 0, 1, 2, 32768, 65535), 'PointerMove, monitor 1, layout 2'), (struct.pack('>BHBIHHhh', 4, 0, 1, 2, 0, 0, -120, 240), 'Wheel -120, 240')]),
  'cell_cursor': cell([(bytes([0x12, 1, 0, 0]), 'cursor cell with a place'), (struct.pack('>II', 77, 6), 'number 77, input 6 expected'), (struct.pack('>BIii', 1, 9, 1919, -1), 'visible, shape 9, 1919, -1')]),
}
for n, parts in cells.items():
    seed('input_cells_fuzz', n, vector(n, 'engine/wire/input_cells.h', parts))

# ---- tiles ----
def tiles_head(number, part, flags, width, height):
    return [(bytes([0x21, flags]), 'tiles; 1 = last part'), (struct.pack('>IHH', number, part, 4), f'update {number}, part {part}, generation 4'),
            (struct.pack('>HHIB', width, height, 7, 1), f'{width}x{height}, layout 7, monitor 1'),
            (b'\0\x03\xe8' + b'\0\x07\xd0' + b'\0\x0b\xb8', 'decided, coded, sent after 1, 2, 3 ms')]
def tiles_padded(parts):
    used = sum(len(b) for b, _ in parts)
    return parts + [(bytes(-used % 128), 'zero to a multiple of 128')]
def tiles_op(kind, x, y, w, h): return struct.pack('>BHHHH', kind, x, y, w, h)
tiles = {
  'tiles_copy': tiles_padded(tiles_head(9, 0, 0, 640, 480) + [(tiles_op(3, 0, 18, 640, 462) + struct.pack('>HHB', 0, 0, 1), 'copy 640x462 from 0,18 to 0,0, as of the update before'),
    (tiles_op(1, 0, 462, 640, 18) + b'\xff\x80\x00', 'solid, blue 255, green 128, red 0')]),
  'tiles_pixels': tiles_padded(tiles_head(0xffffffff, 3, 1, 64, 32) + [(tiles_op(2, 10, 5, 2, 1) + b'\x02\x00\x01' + b'\xc0', 'tile, photo: twice like the grey 128 around it'),
    (tiles_op(4, 0, 0, 16, 15) + b'\x02\x23\x00\x01' + b'\xc0', 'coarse, photo, eighths, 2 bits dropped')]),
  'tiles_marks': tiles_padded(tiles_head(10, 0, 1, 1920, 1080) + [(tiles_op(5, 64, 64, 640, 384) + b'\x01\x01' + struct.pack('>I', 90000), 'video stream 1 from picture 90000 on'),
    (tiles_op(5, 0, 0, 64, 64) + b'\0\0', 'nobody\'s'), (tiles_op(6, 0, 0, 16, 16), 'exact'), (tiles_op(7, 16, 0, 16, 16), 'stale')]),
}
for n, parts in tiles.items():
    seed('tiles_fuzz', n, b'\0' + vector(n, 'engine/wire/tiles.h', parts))
    seed('tiles_fuzz', n + '_ops', bytes([1, 255, 200]) + b''.join(b for b, _ in parts[4:]))
seed('tiles_fuzz', 'context', bytes([2, 15, 200]) + bytes((x // 12 * 40 + y % 3 * 90) & 255 for y in range(16) for x in range(64)))
seed('tiles_fuzz', 'photo', bytes([3, 15, 200]) + bytes((x * 3 + y * 5 + x * y % 7) & 255 for y in range(16) for x in range(64)))
seed('moves_fuzz', 'down', bytes([127, 120, 0, 18, 0]) + bytes((x * x * 7 + x * 13 >> 3) & 255 for x in range(900)))
seed('moves_fuzz', 'aside', bytes([120, 90, 247, 3, 1]) + bytes((x * x * 5 + x * 29 >> 4) & 255 for x in range(700)))

# ---- text forms ----
pin = 'pin=' + 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
for i, text in enumerate(['beside://help.example.com#' + pin, 'beside://[2001:db8::1]:8443/482-913-5074#' + pin, 'Relay.Example.com:444']):
    seed('relay_address_fuzz', f'address{i}', text.encode())
for i, text in enumerate(['482 913 5074', '572-000.0004', '1234567890123']):
    seed('session_code_fuzz', f'code{i}', text.encode())

# ---- flow ----
frame = lambda t, s, b: bytes([t, s]) + struct.pack('>I', len(b))[1:] + b
seed('inner_mux_fuzz', 'messages', frame(2, 0, b'stop') + frame(1, 4, b'x' * 200) + frame(2, 4, b'y') + frame(3, 0, struct.pack('>I', 1)))
seed('inner_mux_fuzz', 'credit', frame(3, 1, struct.pack('>I', 65536)))
tunnel = lambda off, data, ack: struct.pack('>BQBQ', 0, off, len(data), ack) + data
seed('tunnel_stream_fuzz', 'pieces', tunnel(0, b'hello', 0) + tunnel(3, b'lo world', 2) + tunnel(100, b'gap', 5))
seed('tunnel_stream_fuzz', 'hostile', tunnel(2**64 - 1, b'xx', 0) + tunnel(0, b'', 2**63))
def packet(seq, marker, payload):
    p = struct.pack('>BBHII', 0x80, 96 | marker << 7, seq, 3000, 1) + payload
    return struct.pack('>H', len(p)) + p
seed('video_receive_fuzz', 'key', packet(1, 0, b'\x78\x00\x02\x67\x42\x00\x02\x68\xce') + packet(2, 0, b'\x7c\x85\x88\x84') + packet(3, 1, b'\x7c\x45\x21'))
seed('video_receive_fuzz', 'gap', packet(65534, 1, b'\x67\x42') + packet(3, 1, b'\x41\x9a') + packet(1, 0, b'\x65\x88'))
