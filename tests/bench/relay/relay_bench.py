# SPDX-License-Identifier: GPL-3.0-or-later
"""What forwarding costs, beside coturn in the same run: python3 tests/bench/relay/relay_bench.py [SCENE ...]

Scenes: forward (processor time per datagram, plain senders and bursts, in turn with coturn), delay (kernel receive stamp to the
return of the send, from the relay's metrics), load (2,000 sessions at 50 packets a second), crowd (the same
beside 20,000 idle control connections), memory (per session, per idle
connection), idle (20,000 idle control connections). Without names: all. The relay and coturn get one core, the generator
another. coturn is started here on loopback with its own settings and ended here; where it is not installed its lines are missing.
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import measure  # noqa: E402
from harness import Relay, Skipped, Stage, binary, free_port, wait_until  # noqa: E402

RELAY_CORE, LOAD_CORE = 1, 0
ROUNDS = int(os.environ.get("BESIDE_ROUNDS", "3"))


def figure(scene, system, metric, value, unit):
    measure.figure("relay", scene, metric, value, unit, system)


def rss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    return 0


class Load:
    """beside-relay-load: one order, one answer."""

    def __init__(self, stage, name, *words):
        env = stage.environment("load")
        self.child = subprocess.Popen(["taskset", "-c", str(LOAD_CORE), binary("beside-relay-load"), *[str(w) for w in words]], env=env,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(stage.folder / f"{name}.log", "ab"), text=True)
        stage.children.append((name, self.child))
        line = self.child.stdout.readline()
        if not line:
            raise Skipped(f"{name} did not start: {stage.log(name)[-300:]}")
        self.ready = json.loads(line)

    def order(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def run(self, **words):
        return self.order("run " + " ".join(f"{k}={v}" for k, v in words.items()))

    def quit(self):
        self.child.stdin.close()
        self.child.wait(20)


def start_beside(stage, sessions):
    relay = Relay(stage)
    subprocess.run(["taskset", "-acp", str(RELAY_CORE), str(relay.child.pid)], stdout=subprocess.DEVNULL, check=True)
    relay.add_operator()
    tokens = stage.folder / "tokens"
    with open(tokens, "w") as out:
        for _ in range(sessions // 58 + 2):
            out.write(pathlib.Path(relay.token()).read_text().strip() + "\n")
            os.remove(stage.folder / "token-ada")
    before = rss_kb(relay.child.pid)
    load = Load(stage, "load-beside", "beside", relay.address, tokens, sessions, relay.child.pid)
    return relay, load, before


def start_coturn(stage, sessions):
    if shutil.which("turnserver") is None:
        print("skipped: turnserver is not installed", file=sys.stderr)
        return None
    port = free_port()
    words = ["taskset", "-c", str(RELAY_CORE), "turnserver", "-n", "--no-auth", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1",
             "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--no-tcp-relay", "--no-rfc5780", "--relay-threads", "1",
             "--listening-port", str(port), "--min-port", "20000", "--max-port", "29999", "--pidfile", str(stage.folder / "turn.pid"),
             "--log-file", "stdout", "--simple-log", "--userdb", str(stage.folder / "turn.db")]
    child = stage.start("turnserver", words, stage.environment("turn"))

    def listens():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.sendto(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), ("127.0.0.1", port))
            try:
                return s.recv(100)
            except OSError:
                return False
    wait_until("coturn to answer", listens, 10)
    before = rss_kb(child.pid)
    load = Load(stage, "load-coturn", "turn", port, sessions, child.pid)
    return child, load, before


def forward(stage):
    sessions = 50
    relay, ours, _ = start_beside(stage, sessions)
    peer = start_coturn(stage, sessions)
    kinds = [("plain", {"burst": 1}), ("plain_frames_of_8", {"burst": 1, "row": 8}), ("burst_16", {"burst": 16, "window": 1024}), ("burst_32", {"burst": 32, "window": 2048})]
    found = {}
    for turn in range(ROUNDS + 1):  # the first warms up and does not count
        for name, words in kinds:
            systems = [("beside", ours)] + ([("coturn", peer[1])] if peer else [])
            for system, load in (systems if turn % 2 else reversed(systems)):
                got = load.run(seconds=1.5, **words)
                if turn:
                    found.setdefault((name, system), []).append(got)
    medians = {}
    for (name, system), runs in found.items():
        cost = medians[name, system] = statistics.median(r["cpu_us_per_datagram"] for r in runs)
        figure(f"forward_{name}", system, "cpu_per_datagram", round(cost, 3), "us")
        figure(f"forward_{name}", system, "datagrams_per_second", round(statistics.median(r["received"] / r["seconds"] for r in runs)), "1/s")
        figure(f"forward_{name}", system, "lost", round(100 * (1 - sum(r["received"] for r in runs) / sum(r["sent"] for r in runs)), 3), "%")
    for name, _ in kinds:
        if (name, "coturn") in medians:
            # To coturn with plain senders as well: it does not gain from the senders' bursts, and that is what one would run today.
            figure(f"forward_{name}", "beside", "cpu_ratio_to_coturn_same_senders", round(medians[name, "beside"] / medians[name, "coturn"], 3), "")
            figure(f"forward_{name}", "beside", "cpu_ratio_to_coturn_plain", round(medians[name, "beside"] / medians["plain", "coturn"], 3), "")


def histogram(before, after):
    """Buckets of forward_delay_us between two readings: [(upper bound, count)]."""
    key = 'forward_delay_us_bucket{le="'
    bounds = sorted(((float(k[len(key):-2].replace("+Inf", "inf")), after[k] - before.get(k, 0)) for k in after if k.startswith(key)))
    out, last = [], 0
    for bound, total in bounds:
        out.append((bound, total - last))
        last = total
    return out


def told_quantile(scene, share, text, buckets):
    """The upper bound of the bucket that holds it; past the last bound that one, as a lower bound."""
    total, seen = sum(n for _, n in buckets), 0
    for (bound, n), before in zip(buckets, [0] + [b for b, _ in buckets]):
        seen += n
        if total and seen >= share * total:
            past = bound == float("inf")
            figure(scene, "beside", f"added_delay_{text}_{'more_than' if past else 'at_most'}", before if past else bound, "us")
            return


def before_all_others(pid):
    """As if it had its core for itself: on a machine that others use, what waits for them would be measured."""
    subprocess.run(["chrt", "-a", "-f", "-p", "10", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def delay(stage):
    sessions = 50
    relay, ours, _ = start_beside(stage, sessions)
    peer = start_coturn(stage, sessions)
    for pid in [relay.child.pid, ours.child.pid] + ([peer[0].pid, peer[1].child.pid] if peer else []):
        before_all_others(pid)
    for name, burst in (("plain", 1), ("burst_16", 16)):
        # Half of its core, as it comes: at this rate there is less to put together than in a flood, so each datagram costs more.
        half = 0.25 / ours.run(seconds=1, burst=burst, window=1024)["cpu_us_per_datagram"] * 1e6 / sessions
        for _ in range(2):
            half *= min(0.5 / max(ours.run(seconds=1, burst=burst, rate=half)["cpu_share"], 0.05), 3)
        before = relay.metrics()
        got = ours.run(seconds=3, burst=burst, rate=half)
        buckets = histogram(before, relay.metrics())
        figure(f"delay_{name}", "beside", "offered", round(got["sent"] / got["seconds"]), "1/s")
        figure(f"delay_{name}", "beside", "relay_cpu_share", round(got["cpu_share"], 3), "cores")
        for share, text in ((0.5, "p50"), (0.99, "p99"), (0.999, "p999")):
            told_quantile(f"delay_{name}", share, text, buckets)
        figure(f"delay_{name}", "beside", "end_to_end_p50", got["delay_us_p50"], "us")
        figure(f"delay_{name}", "beside", "end_to_end_p99", got["delay_us_p99"], "us")
        if peer:
            got = peer[1].run(seconds=3, burst=burst, rate=half)
            figure(f"delay_{name}", "coturn", "end_to_end_p50", got["delay_us_p50"], "us")
            figure(f"delay_{name}", "coturn", "end_to_end_p99", got["delay_us_p99"], "us")
            figure(f"delay_{name}", "coturn", "lost", round(100 * (1 - got["received"] / max(got["sent"], 1)), 3), "%")


def load(stage):
    sessions = int(os.environ.get("BESIDE_SESSIONS", "2000"))
    relay, ours, empty = start_beside(stage, sessions)
    figure("load", "beside", "sessions", ours.ready["sessions"], "")
    figure("load", "beside", "set_up", ours.ready["seconds"], "s")
    figure("memory", "beside", "with_control_connections_per_session", round((rss_kb(relay.child.pid) - empty) / sessions, 1), "kB")
    for pid in (relay.child.pid, ours.child.pid):
        before_all_others(pid)
    before = relay.metrics()
    got = ours.run(seconds=10, rate=25, both=1, catch_up_ms=100)  # 50 packets a second of each session, half each way
    after = relay.metrics()
    told_of_load("load", sessions, got, before, after)


def told_of_load(scene, sessions, got, before, after):
    figure(scene, "beside", "datagrams_per_second_of_each", round(got["sent"] / got["seconds"] / sessions, 2), "1/s")
    figure(scene, "beside", "datagrams_per_second", round(got["received"] / got["seconds"]), "1/s")
    figure(scene, "beside", "sent", got["sent"], "datagrams")
    figure(scene, "beside", "lost", got["sent"] - got["received"], "datagrams")
    figure(scene, "beside", "forwarded_by_the_relay", after["forwarded_datagrams_total"] - before["forwarded_datagrams_total"], "datagrams")
    figure(scene, "beside", "cpu_share", round(got["cpu_share"], 3), "cores")
    figure(scene, "generator", "cpu_share", round(got["own_cpu_share"], 3), "cores")
    told_quantile(scene, 0.99, "p99", histogram(before, after))
    for reason, count in after.items():
        if reason.startswith("drops_total") and count != before.get(reason, 0):
            figure(scene, "beside", reason, count - before.get(reason, 0), "datagrams")


def crowd(stage):
    """All at once on two cores: 2,000 sessions at 50 packets a second, and as many idle control connections beside them as the machine
    allows, 20,000 where its limit of descriptors is high enough. Two generators: the relay and each of them may open so many."""
    sessions, wanted = int(os.environ.get("BESIDE_SESSIONS", "2000")), int(os.environ.get("BESIDE_IDLE", "20000"))
    hard = raise_descriptors(wanted + 3 * sessions)
    relay, ours, empty = start_beside(stage, sessions)
    tokens = stage.folder / "tokens-idle"
    tokens.write_text(pathlib.Path(relay.token()).read_text().strip() + "\n")
    others = Load(stage, "load-idle", "beside", relay.address, tokens, 1, relay.child.pid)
    there = relay.metrics()["control_connections"]
    count = int(min(wanted, hard - 128 - there - 10))   # what the relay keeps for itself, and strangers
    before = rss_kb(relay.child.pid)
    began = time.monotonic()
    up = others.order(f"idle {count} 400")["up"]
    figure("crowd", "beside", "idle_connections", up, "")
    figure("crowd", "beside", "control_connections", int(relay.metrics()["control_connections"]), "")
    figure("crowd", "beside", "set_up", round(time.monotonic() - began, 1), "s")
    figure("crowd", "beside", "memory_per_idle_connection", round((rss_kb(relay.child.pid) - before) / max(up, 1), 1), "kB")
    figure("crowd", "beside", "memory_of_the_relay", round(rss_kb(relay.child.pid) / 1024, 1), "MB")
    figure("crowd", "beside", "sessions", ours.ready["sessions"], "")
    for pid in (relay.child.pid, ours.child.pid):
        before_all_others(pid)
    before = relay.metrics()
    got = ours.run(seconds=10, rate=25, both=1, catch_up_ms=100)
    after = relay.metrics()
    told_of_load("crowd", sessions, got, before, after)
    figure("crowd", "beside", "still_open", int(after["control_connections"]), "")


def raise_descriptors(wanted):
    """The hard limit of this process and of those that it starts, raised to what is wanted where the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, soft), max(wanted, hard)))
        return max(wanted, hard)
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard


def greedy(stage):
    """One leg of one session sends 1 Gbit/s, twice what a leg may, while a hundred others go on."""
    relay, crowd, _ = start_beside(stage, 100)
    tokens = stage.folder / "tokens-greedy"
    tokens.write_text(pathlib.Path(relay.token()).read_text().strip() + "\n")
    one = Load(stage, "load-greedy", "beside", relay.address, tokens, 1, relay.child.pid)
    for pid in (relay.child.pid, crowd.child.pid, one.child.pid):
        before_all_others(pid)
    crowd.run(seconds=1, rate=25, both=1)
    before, found = relay.metrics(), {}
    flood = threading.Thread(target=lambda: found.update(one.run(seconds=12, rate=104_000, burst=50, bytes=1200)))
    flood.start()
    time.sleep(1)
    got = crowd.run(seconds=10, rate=25, both=1)
    flood.join()
    after = relay.metrics()
    figure("greedy", "beside", "sent_by_the_greedy_leg", round(found["sent"] * 1200 * 8 / found["seconds"] / 1e6), "Mbit/s")
    figure("greedy", "beside", "forwarded_of_it", round(found["received"] * 1200 * 8 / found["seconds"] / 1e6), "Mbit/s")
    figure("greedy", "beside", "sent_by_the_others", got["sent"], "datagrams")
    figure("greedy", "beside", "lost_of_the_others", got["sent"] - got["received"], "datagrams")
    figure("greedy", "beside", "end_to_end_p50_of_the_others", got["delay_us_p50"], "us")
    figure("greedy", "beside", "end_to_end_p99_of_the_others", got["delay_us_p99"], "us")
    figure("greedy", "beside", "cpu_share", round(got["cpu_share"], 3), "cores")
    for reason, count in after.items():
        if reason.startswith("drops_total") and count != before.get(reason, 0):
            figure("greedy", "beside", reason, count - before.get(reason, 0), "datagrams")


def memory(stage):
    """UDP state alone: sessions whose control connections are there in both readings."""
    relay, first, _ = start_beside(stage, 50)
    first.quit()
    coturn = start_coturn(stage, 500)
    if coturn:
        child, its, before = coturn
        figure("memory", "coturn", "per_allocation", round((rss_kb(child.pid) - before) / 500, 1), "kB")
        its.quit()


def idle(stage):
    count = int(os.environ.get("BESIDE_IDLE", "20000"))
    # Relay and generator are processes of their own: each holds one end.
    count = min(count, raise_descriptors(count + 500) - 500)
    relay, ours, _ = start_beside(stage, 2)
    first = ours.order("idle 200 30")
    before = rss_kb(relay.child.pid)
    began = time.monotonic()
    got = ours.order(f"idle {count - 200} 300")
    figure("idle", "beside", "connections", got["up"] + first["up"], "")
    figure("idle", "beside", "set_up", round(time.monotonic() - began, 1), "s")
    figure("idle", "beside", "memory_per_connection", round((rss_kb(relay.child.pid) - before) / max(got["up"], 1), 1), "kB")
    usage = measure.Usage(relay.child.pid)
    lost = ours.run(seconds=10, rate=50, both=1)
    figure("idle", "beside", "cpu_share", round(usage.since()[0] / 100, 3), "cores")
    figure("idle", "beside", "lost_beside_them", lost["sent"] - lost["received"], "datagrams")
    figure("idle", "beside", "still_open", ours.order("idle 0 1")["open"], "")


SCENES = {"forward": forward, "delay": delay, "load": load, "greedy": greedy, "crowd": crowd, "memory": memory, "idle": idle}


def main():
    if unknown := [name for name in sys.argv[1:] if name not in SCENES]:
        sys.exit(f"{__doc__.strip()}\n\nUnknown: {', '.join(unknown)}.")
    for name in sys.argv[1:] or list(SCENES):
        stage = Stage(f"relay-{name}")
        try:
            SCENES[name](stage)
        except Skipped as e:
            print(f"skipped: {name}: {e}", file=sys.stderr)
        finally:
            for _, child in reversed(stage.children):
                stage.end(child, 3.0, signal.SIGTERM)
            stage.close()


if __name__ == "__main__":
    main()
