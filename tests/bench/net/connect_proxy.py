# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP CONNECT proxy (RFC 9110 9.3.6) that wants a password, by Basic or by Digest (RFC 7616, SHA-256):
python3 connect_proxy.py ADDRESS PORT USER PASSWORD [digest]. For benchmarks and scenes; prints one line per tunnel."""
import asyncio
import base64
import hashlib
import re
import secrets
import sys

NONCE = secrets.token_hex(16)


def digest_is_right(head, user, password):
    """RFC 7616 3.4.1 with qop=auth; the method and the target are those of the request line."""
    method, target, _ = head.split("\r\n")[0].split(" ", 2)
    line = next((at for at in head.split("\r\n") if at.lower().startswith("proxy-authorization: digest ")), "")
    said = {key.lower(): a or b for key, a, b in re.findall(r'([\w-]+)=(?:"([^"]*)"|([^\s,]+))', line.partition(":")[2])}
    h = lambda text: hashlib.sha256(text.encode()).hexdigest()  # noqa: E731
    want = h(":".join([h(f"{user}:test:{password}"), NONCE, said.get("nc", ""), said.get("cnonce", ""), "auth", h(f"{method}:{target}")]))
    return said.get("username") == user and said.get("nonce") == NONCE and said.get("uri") == target and said.get("response") == want


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve(reader, writer, user, password, digest):
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ", 2)
        wanted = "proxy-authorization: basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        right = digest_is_right(head, user, password) if digest else wanted.lower() in head.lower()
        if not right:
            kind = f'Digest realm="test", qop="auth", algorithm=SHA-256, nonce="{NONCE}"' if digest else 'Basic realm="test"'
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: " + kind.encode() +
                         b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
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
    digest = sys.argv[5:6] == ["digest"]
    server = await asyncio.start_server(lambda r, w: serve(r, w, user, password, digest), address, int(port))
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
