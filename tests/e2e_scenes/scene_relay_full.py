# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that may open 400 descriptors and is called by 600: it says so, refuses the rest at once and counts them, keeps what it needs
for itself, burns no processor time, and a session goes on; when they are gone somebody new is served."""
import socket
import sys
import time

from harness import Relay, check, main, wait_until
from scene_udp_blocked import NetPlayer, begin, finish, more_pictures

ALLOWED, CALLERS = 400, 600


def run(stage):
    relay = Relay(stage, descriptors=ALLOWED)
    relay.add_operator()
    operator, customer = begin(stage, relay, None, None)
    check(f"{ALLOWED - 128} connections at most" in stage.log("relay"), "the relay did not say how many it takes")
    before = relay.metrics()
    called = [socket.create_connection(("127.0.0.1", relay.port), 5) for _ in range(CALLERS)]
    closed = 'connections_closed_total{reason="too_many"}'
    wait_until("the refusals", lambda: relay.metrics()[closed] - before[closed] >= CALLERS - ALLOWED + 128, 10)
    ended = 0
    for s in called:
        s.setblocking(False)
        try:
            ended += s.recv(1) == b""
        except BlockingIOError:
            pass
        except ConnectionResetError:
            ended += 1
    check(ended >= CALLERS - ALLOWED + 128, f"only {ended} of {CALLERS} callers were told")
    used = cpu_seconds(relay.child.pid)
    time.sleep(2)
    used = cpu_seconds(relay.child.pid) - used
    check(used < 0.4, f"the full relay used {used:.2f} s of processor time in 2 s")
    more_pictures(operator)
    customer.do("say", text="still here")
    wait_until("the chat", lambda: any(line["text"] == "still here" for e in operator.events("chat") for line in e["value"]), 10)
    stage.figure("refused_at_once", ended, "connections")
    for s in called:
        s.close()
    late = NetPlayer(stage, "late", None, "operator", "--relay", relay.address, "--token-file", relay.token())
    late.do("wait_for", event="stage", value="console", session=0, timeout_ms=20000)
    late.do("quit")
    check(late.child.wait(30) == 0, "nobody new was served afterwards")
    finish(operator, customer)


def cpu_seconds(pid):
    words = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


if __name__ == "__main__":
    sys.exit(main(run, "relay_full"))
