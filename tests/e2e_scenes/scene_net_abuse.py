# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers at the relay's port while a session goes on: half-open TCP and TLS, nonsense, wrong paths, media connections that never
prove themselves, 10,000 wrong datagrams a second. Nothing typed is lost, and the metrics count each kind by its reason."""
import os
import socket
import ssl
import sys
import threading
import time

from harness import Relay, check, main, wait_until
from scene_udp_blocked import NetPlayer, finish


def tls_to(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5))


def ask(port, head):
    """One HTTP request over TLS; the connection stays open."""
    stream = tls_to(port)
    stream.sendall(head.encode())
    return stream, stream.recv(200).decode(errors="replace")


def flood(port, seconds, per_second):
    """Noise, broken STUN and STUN of nobody, in equal parts."""
    unknown = bytes.fromhex("0001000c2112a442") + os.urandom(12) + b"\x00\x06\x00\x08nobody00"
    kinds = [b"\x90" + os.urandom(59), b"\x00\x01\x00\x08" + os.urandom(12), unknown]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        sent, began = 0, time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            while sent < (now - began) * per_second:
                s.send(kinds[sent % 3])
                sent += 1
            time.sleep(0.001)
        return sent


def run(stage):
    relay = Relay(stage)
    relay.add_operator()
    operator = NetPlayer(stage, "operator", None, "operator", "--relay", relay.address, "--token-file", relay.token(), "--hash")
    operator.do("wait_for", event="stage", value="console", session=0)
    operator.do("new_session", ask=["see", "control"], reason="a test")
    code = operator.wait("a code", lambda: [e["value"] for e in operator.events("code") if e["value"]], 15)[-1]
    customer = NetPlayer(stage, "customer", None, "customer", "--relay", relay.address, "--code", code, "--synthetic", "typing", "--rate", "15")
    customer.do("always_grant", grant=["see", "control"])
    operator.wait("pictures", lambda: operator.pictures() >= 5, 20)
    for player in (operator, customer):
        player.wait("media over UDP", lambda: (player.last("media") or {}).get("rung") == "udp", 15)

    before = relay.metrics()
    sent = []
    attack = threading.Thread(target=lambda: sent.append(flood(relay.port, 3.0, 10_000)))
    attack.start()
    typed = []

    def type_on():
        while attack.is_alive():
            typed.append("abcdefghijklmnopqrstuvwxyz"[len(typed) % 26])
            operator.do("type", text=typed[-1])
            time.sleep(0.05)
    person = threading.Thread(target=type_on)
    person.start()
    held = [socket.create_connection(("127.0.0.1", relay.port), 5) for _ in range(200)]      # never say anything
    for _ in range(50):                                                                     # no TLS at all
        s = socket.create_connection(("127.0.0.1", relay.port), 5)
        s.sendall(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        held.append(s)
    for _ in range(20):
        stream, answer = ask(relay.port, "GET /admin HTTP/1.1\r\nHost: relay\r\n\r\n")
        check(answer.startswith("HTTP/1.1 404"), f"another path was answered with {answer[:40]}")
        held.append(stream)
    upgrade = "GET {} HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    for path in ("/v1/media", "/v1/control"):
        for _ in range(5):                                                                  # open, then silence
            stream, answer = ask(relay.port, upgrade.format(path))
            check(answer.startswith("HTTP/1.1 101"), f"{path} was answered with {answer[:40]}")
            held.append(stream)
    attack.join()
    person.join()
    injected = lambda: "".join(e["text"] for e in customer.events("injected"))  # noqa: E731
    wait_until("what was typed", lambda: len(injected()) >= len(typed), 15)
    check(injected() == "".join(typed), f"typed {len(typed)}, arrived {len(injected())}")

    def more(name):
        return relay.metrics().get(name, 0) - before.get(name, 0)

    def is_more(name, least):
        wait_until(f"{name} to reach {least}", lambda: more(name) >= least, 20)
    check(sent[0] > 20_000, f"the flood was of {sent[0]} datagrams only")
    # What the kernel's buffer did not hold is not seen by the relay; most of it must be.
    for reason in ("unbound_source", "bad_stun"):
        is_more(f'drops_total{{reason="{reason}"}}', sent[0] // 3 * 0.9)
    is_more('connections_closed_total{reason="tls"}', 50)
    is_more('connections_closed_total{reason="wrong_path"}', 20)
    is_more('connections_closed_total{reason="timeout"}', 200)      # after 10 s
    is_more('violations_total{kind="media_not_bound"}', 5)          # after 15 s
    check(relay.child.poll() is None, "the relay is gone")
    stage.figure("typed_in_the_flood_and_arrived", len(typed), "characters")
    stage.figure("wrong_datagrams", sent[0], "datagrams")
    for s in held:
        s.close()
    finish(operator, customer)


if __name__ == "__main__":
    sys.exit(main(run, "net_abuse"))
