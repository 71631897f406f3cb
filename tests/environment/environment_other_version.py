# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that speaks another version of the protocol: both programs say so, and do not try again and again."""
import base64
import hashlib
import socket
import ssl
import struct
import subprocess
import sys
import threading

from places import Display, Window, binary, check, config, main, picture

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"   # RFC 6455 1.3


def field(number, kind, value):
    return bytes([number << 3 | kind]) + value


def goodbye(detail):
    # Envelope{goodbye = 12: Goodbye{reason = 1: NO_COMMON_VERSION (1), detail = 2}}
    inside = field(1, 0, b"\x01") + field(2, 2, bytes([len(detail)]) + detail)
    return field(12, 2, bytes([len(inside)]) + inside)


class OtherRelay:
    """TLS and WebSocket like a relay; whatever a client says first, the answer is Goodbye."""

    def __init__(self, folder):
        key, cert = str(folder / "other.key"), str(folder / "other.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
        public = subprocess.run(["openssl", "x509", "-in", cert, "-pubkey", "-noout"], check=True, stdout=subprocess.PIPE).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, check=True, stdout=subprocess.PIPE).stdout
        pin = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"beside://127.0.0.1:{self.listener.getsockname()[1]}#pin={pin}"
        self.hellos = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            plain, _ = self.listener.accept()
            try:
                with self.context.wrap_socket(plain, server_side=True) as s:
                    s.settimeout(10)
                    self.answer(s)
            except OSError:
                pass

    def answer(self, s):
        head = b""
        while b"\r\n\r\n" not in head:
            head += s.recv(4096)
        key = next(line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        if len(s.recv(65536)) < 8:
            return
        self.hellos += 1
        body = goodbye(b"7 to 9")
        s.sendall(struct.pack(">BB", 0x82, len(body)) + body)
        while s.recv(4096):
            pass


def run(stage):
    relay = OtherRelay(stage.folder)
    display = Display(stage, "desk", (1000, 760))
    file = config(stage, relay.address)
    customer = Window(stage, "customer", display, [binary("beside"), "--config", file])
    customer.wait("notice.sentence", 20)
    picture(stage, display, "customer")
    said = customer.text("notice.title") + " " + customer.text("notice.sentence")
    stage.say("customer: " + said)
    check("version" in said.lower(), f"nothing about a version: {said}")
    stage.end(customer.child)
    operator = Window(stage, "operator", display, [binary("beside"), "operator", "--config", file])
    operator.wait("sign_in.notice.sentence", 20)
    picture(stage, display, "operator")
    said = operator.text("sign_in.notice.title") + " " + operator.text("sign_in.notice.sentence")
    stage.say("operator: " + said)
    check("version" in said.lower(), f"nothing about a version: {said}")
    check(relay.hellos <= 3, f"{relay.hellos} attempts at a relay that cannot understand us")


if __name__ == "__main__":
    sys.exit(main(run, "environment_other_version", "openssl"))
