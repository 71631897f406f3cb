# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP CONNECT proxy (RFC 9110 9.3.6) that wants a password (Basic): python3 connect_proxy.py ADDRESS PORT USER PASSWORD.
For benchmarks and scenes; prints one line per tunnel."""
import asyncio
import base64
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve(reader, writer, wanted):
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ", 2)
        if f"proxy-authorization: basic {wanted}".lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n"
                         b"Connection: close\r\n\r\n")
            await writer.drain()
            return writer.close()
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            raise ValueError(method)
        far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        print("tunnel", target, flush=True)
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    except (ValueError, OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.close()


async def main():
    address, port, user, password = sys.argv[1:5]
    wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
    server = await asyncio.start_server(lambda r, w: serve(r, w, wanted), address, int(port))
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
