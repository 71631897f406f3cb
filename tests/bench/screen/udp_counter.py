# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes datagrams from one local port to another and counts them: udp_counter.py IN OUT FILE. FILE holds bytes and packets, 8 bytes each."""
import mmap
import socket
import struct
import sys


def main():
    into = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    into.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    into.bind(("127.0.0.1", int(sys.argv[1])))
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect(("127.0.0.1", int(sys.argv[2])))
    with open(sys.argv[3], "wb+") as file:
        file.write(bytes(16))
        file.flush()
        kept = mmap.mmap(file.fileno(), 16)
        size = packets = 0
        while True:
            datagram = into.recv(65536)
            size, packets = size + len(datagram), packets + 1
            kept[:16] = struct.pack("=QQ", size, packets)
            try:
                out.send(datagram)
            except ConnectionRefusedError:
                pass            # nobody listens yet


sys.exit(main())
