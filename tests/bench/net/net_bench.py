# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of the real programs over bad lines (tests/tools/linksim): python3 tests/bench/net/net_bench.py [SCENE ...]

Two namespaces with a line each to a third with the relay; figures as JSON lines, no assertion about time. A latency is from the
capture of a frame at the customer to its picture at the operator, both without a window. SECONDS (BESIDE_SECONDS, 15) is how long
each steady scene lasts; SEEDS (BESIDE_SEEDS, 1) how many seeds each scene is run with (NAME:SEED: with that one), PARALLEL
(BESIDE_PARALLEL, 1) how many run at a time: scenes with breaks mostly wait. The logs of what fails or misses its goal are kept.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
sys.path.insert(0, str(here.parent.parent / "tools" / "linksim"))

import measure  # noqa: E402
from line import Line, Wall, now  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import Failure, Skipped, Stage, check, wait_until  # noqa: E402
from scene_udp_blocked import build_wall, longest_gap  # noqa: E402

SECONDS = float(os.environ.get("BESIDE_SECONDS", "15"))
SEEDS = int(os.environ.get("BESIDE_SEEDS", "1"))
PARALLEL = max(1, int(os.environ.get("BESIDE_PARALLEL", "1")))


class Figures:
    def __init__(self, scene, seed):
        self.scene, self.seed, self.values = scene, seed, {}

    def __call__(self, metric, value, unit):
        self.values[metric] = value
        measure.figure("net", self.scene, metric, None if value is None else round(value, 1), unit, seed=self.seed)

    def equal(self, value, **hashes):
        """How LineSession.finish() tells whether both ends have the same picture after a rest."""
        self.values["picture_equal_after_rest"] = value
        measure.figure("net", self.scene, "picture_equal_after_rest", None if value is None else round(value), "ms", seed=self.seed, **hashes)

    def spread(self, metric, values, unit="ms"):
        for share in (50, 95, 99):
            self(f"{metric}_p{share}", measure.percentile(values, share), unit)
        self(f"{metric}_max", max(values, default=None), unit)


def steady(stage, out, seed, line, source, both="delay_ms=10", before="", settle=3, rest=5.0, **more):
    """A line that stays as it is: set up in good weather, or on a line of its own (`before`), then the setting, 3 s to settle, then
    SECONDS of measuring. Where `before` is the same, the session began on it. Then the scene stands still, and within `rest` seconds
    the operator's picture must be the customer's screen."""
    with Line(stage, seed=seed) as net:
        net.both(both)
        if before:
            net.lines["c"].order("both " + before)
        session = LineSession(stage, net, scene=source, **more)
        if before != line:
            time.sleep(4 if before else 0)
            net.lines["c"].order("both " + line)
        time.sleep(settle)
        begin, shown, typed = now(), session.operator.pictures(), len(session.typed)
        session.type(SECONDS)
        end = now()
        out("pictures_per_second", (session.operator.pictures() - shown) / (end - begin), "1/s")
        out.spread("picture_latency", session.latencies(begin))
        out("longest_freeze", 1000 * longest_gap(session.operator, begin, end), "ms")
        try:
            session.all_typed_arrived(20)
            out("typed_lost_or_doubled", 0, "characters")
        except Failure as e:
            out("typed_lost_or_doubled", len(session.typed) - len(session.injected()), "characters")
            stage.say(str(e))
        sent = [e for e in session.customer.events("injected") if e["t_us"] / 1e6 > begin]
        gaps = [(b["t_us"] - a["t_us"]) / 1000 for a, b in zip(sent, sent[1:])]
        out("typing_longest_gap", max(gaps, default=0), "ms")
        there, seen = session.typing(begin)
        out.spread("typed_to_injected", there)
        out.spread("typed_to_seen", seen)
        out("typed", len(session.typed) - typed, "characters")
        stats = net.lines["c"].order("stats")
        out("line_up", stats["up"]["bytes"] * 8 / 1000 / (end - begin + settle), "kbit/s at most")
        out("queue_worst", stats["up"]["worst_queue_us"] / 1000, "ms")
        session.finish(rest, out.equal)


def loss_2(stage, out, seed):
    steady(stage, out, seed, "delay_ms=10 loss=0.02 rate_kbps=10000 queue_bytes=65536", "typing", rate="8")


def wan_scroll(stage, out, seed):
    steady(stage, out, seed, "delay_ms=10 loss=0.01 rate_kbps=20000 queue_bytes=131072", "scroll", rate="30")


def wan_film(stage, out, seed):
    """A film of a camera's kind on the same line; the whole picture moves."""
    steady(stage, out, seed, "delay_ms=10 loss=0.01 rate_kbps=20000 queue_bytes=131072", "film", rate="30", size=("640", "480"))


def rough(stage, out, seed):
    steady(stage, out, seed, "delay_ms=30 loss=0.1 reorder=0.05 reorder_ms=20", "typing", rate="15")


def bursts(stage, out, seed):
    steady(stage, out, seed, "delay_ms=20 burst_enter=0.005 burst_leave=0.2 jitter_ms=20", "typing", rate="15")


def video_1mbit(stage, out, seed):
    steady(stage, out, seed, "delay_ms=30 rate_kbps=1000 queue_bytes=65536", "moving_window", rate="25")


def narrow_300k(stage, out, seed):
    steady(stage, out, seed, "delay_ms=30 rate_kbps=300 queue_bytes=32768", "typing", rate="8")


# Noise does not pack: each pixel is three bytes of the line.
def noise_rest(size, kbps):
    return 5 + int(size[0]) * int(size[1]) * 24 / (0.8 * kbps * 1000)


MBIT = "delay_ms=30 rate_kbps=1000 queue_bytes=65536"
WIDE = ("960", "540")


def film_1mbit(stage, out, seed):
    """A film of noise on a line that cannot carry it, from the first picture on, and somebody types beside it."""
    steady(stage, out, seed, MBIT, "noise", before=MBIT, rest=noise_rest(WIDE, 1000), rate="25", size=WIDE)


def text_beside_film(stage, out, seed):
    """A film in a window and a glyph a frame below it: typed_to_seen is that glyph's way, which comes before the film's picture."""
    steady(stage, out, seed, MBIT, "film_and_text", before=MBIT, rest=noise_rest(("640", "360"), 1000), rate="25", size=WIDE)


def film_goes_narrow(stage, out, seed):
    """The same, 2 s after a line without limit and with a third of the delay became that line."""
    steady(stage, out, seed, MBIT, "noise", settle=2, rest=noise_rest(WIDE, 1000), rate="25", size=WIDE)


def film_10_to_1(stage, out, seed):
    """The line falls from 10 to 1 Mbit/s in the middle of the film, measured from that moment on: its own queue holds 524 ms."""
    steady(stage, out, seed, MBIT, "noise", before=MBIT.replace("1000", "10000"), settle=0, rest=noise_rest(WIDE, 1000), rate="25", size=WIDE)


def film_300k(stage, out, seed):
    small = ("320", "240")
    steady(stage, out, seed, "delay_ms=30 rate_kbps=300 queue_bytes=32768", "noise", rest=noise_rest(small, 300), rate="25", size=small)


def broken(stage, out, seed, breaks, seconds=6.0, udp=True):
    """Something happens while the operator types: how long until picture and typing go on, and is anything lost?"""
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10")
        for key in () if udp else ("o", "c"):
            build_wall(Wall(net, key), "drop")
        session = LineSession(stage, net)
        session.type(1.0)
        moment = breaks(net, session)
        session.type(max(moment - now(), 0) + seconds)
        out("picture_again", 1000 * session.back(session.operator, "picture", moment, 40), "ms")
        out("typing_again", 1000 * session.back(session.customer, "injected", moment, 40), "ms")
        keys = [e["t_us"] / 1000 for e in session.customer.events("injected") if e["t_us"] / 1e6 > moment - 0.5]
        out("typing_longest_gap_after", max((b - a for a, b in zip(keys, keys[1:]) if b > moment * 1000), default=0), "ms")
        try:
            session.all_typed_arrived(20)
            out("typed_lost_or_doubled", 0, "characters")
        except Failure as e:
            out("typed_lost_or_doubled", len(session.typed) - len(session.injected()), "characters")
            raise
        began = now()
        session.chat("after it", 30)
        out("chat_afterwards", 1000 * (now() - began), "ms")
        out("rung", {"none": 0, "udp": 1, "tls": 2, "tls_proxy": 3}.get((session.operator.last("media") or {}).get("rung"), 0), "1 UDP, 2 TLS")
        session.finish(figure=out.equal)


def outage_3s(stage, out, seed):
    broken(stage, out, seed, lambda net, session: net.outage("c", 3000))


def outage_3s_tls(stage, out, seed):
    """The same where UDP is blocked: TCP waits for its own timers unless somebody dials anew."""
    def hole(net, session):
        session.on("tls")
        return net.outage("c", 3000)
    broken(stage, out, seed, hole, udp=False)


def outage_30s(stage, out, seed):
    # Rights pause after 15 s and come back by themselves; what is typed in the hole is refused and said so, so nobody types then, but
    # from the moment on at which the operator's window would say that the line is back.
    def hole(net, session):
        session.all_typed_arrived(5)   # what is still on its way when the line goes is dropped after 15 s, and said so (scene_net_typed_before_hole)
        moment = net.outage("c", 30000)
        time.sleep(max(moment - now(), 0))
        def live():
            return [e for e in session.operator.events("stage") if e["t_us"] / 1e6 > moment and e["value"] == "live"]
        wait_until("the operator's live session", lambda: live() and session.operator.last("paused") == [], 20, 0.005)
        out("operator_told", 1000 * (live()[0]["t_us"] / 1e6 - moment), "ms")
        return moment
    broken(stage, out, seed, hole)


def suspended(stage, out, seed):
    """The customer's program does not run for 30 s, as when a lid is shut; what was said meanwhile is there afterwards."""
    def sleep(net, session):
        session.customer.child.send_signal(signal.SIGSTOP)
        time.sleep(5)
        session.operator.do("say", text="are you there?")
        time.sleep(25)
        session.customer.child.send_signal(signal.SIGCONT)
        return now()
    broken(stage, out, seed, sleep)


def gaps_of(session, begin, end):
    """The longest pauses of picture and typing in that time, ms."""
    keys = [e["t_us"] / 1e6 for e in session.customer.events("injected") if begin <= e["t_us"] / 1e6 <= end]
    typing = max((b - a for a, b in zip(keys, keys[1:])), default=end - begin)
    return 1000 * longest_gap(session.operator, begin, end), 1000 * typing


def udp_dies(stage, out, seed):
    """UDP is swallowed in mid-session, then works again: how long picture and typing stand still at each change of the rung."""
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10")
        session = LineSession(stage, net, rate="30")
        session.on("udp")
        session.type(2.0)
        began = now()
        wall = Wall(net, "c")
        build_wall(wall, "drop")
        session.type(5.0)
        session.customer.wait("media over TLS", lambda: (session.customer.last("media") or {}).get("rung") == "tls", 5)
        freeze, typing = gaps_of(session, began - 0.2, now())
        out("picture_freeze_at_the_death", freeze, "ms")
        out("typing_gap_at_the_death", typing, "ms")
        wall.run("nft", "delete", "table", "inet", "wall")
        began, end = now(), now() + 40
        while now() < end and (session.customer.last("media") or {}).get("rung") != "udp":
            session.type(0.5)
        session.type(1.0)
        session.on("udp")
        freeze, typing = gaps_of(session, began, now())
        out("picture_freeze_at_the_upgrade", freeze, "ms")
        out("typing_gap_at_the_upgrade", typing, "ms")
        session.all_typed_arrived(20)
        out("typed_lost_or_doubled", 0, "characters")
        session.finish(figure=out.equal)


def nat_rebinding(stage, out, seed):
    def change(net, session):
        net.rebind("c", "10.9.2.2", "10.9.2.77")
        return now()
    broken(stage, out, seed, change)


def address_change(stage, out, seed):
    def change(net, session):
        net.move("c", "10.9.2.2", "10.9.2.78")
        return now()
    broken(stage, out, seed, change, 12.0)


def relay_killed(stage, out, seed):
    def kill(net, session):
        session.relay.kill()
        session.relay.start()
        return now()
    broken(stage, out, seed, kill, 10.0)


def comes_up(stage, out, seed, rung, net, session):
    session.on(rung)
    if rung == "udp":
        session.operator.wait("the size of datagrams", lambda: (session.operator.last("media") or {}).get("datagram", 0) > 1200, 10)
    out("set_up", 1000 * session.set_up, "ms")
    session.type(2.0)
    session.all_typed_arrived()
    session.chat("here")
    out("datagram", session.operator.last("media")["datagram"], "bytes")
    out("media_reason_" + session.customer.last("media")["reason"], 1, "")
    session.finish(figure=out.equal)


def mtu_1280(stage, out, seed):
    with Line(stage, seed=seed, device_mtu=1280) as net:
        net.both("delay_ms=10 mtu_bytes=1280")
        comes_up(stage, out, seed, "udp", net, LineSession(stage, net, scene="scroll"))


def mtu_1000(stage, out, seed):
    """The customer sits behind a tunnel of tunnels, and neither the operator nor the relay's port to the world knows of it."""
    with Line(stage, seed=seed, device_mtu={"o": 1500, "c": 1000}) as net:
        net.both("delay_ms=10")
        net.lines["c"].order("both mtu_bytes=1000")
        session = LineSession(stage, net, scene="noise", rate="10", size=("320", "240"))
        session.on("udp")
        session.operator.wait("the size of datagrams", lambda: 900 < (session.operator.last("media") or {}).get("datagram", 0) <= 972, 15)
        out("found_after", 1000 * (now() - session.began_at), "ms")
        begin = now()
        session.type(4.0)
        session.all_typed_arrived()
        out("pictures_per_second", sum(e["t_us"] / 1e6 > begin for e in session.operator.events("picture")) / 4, "1/s")
        out("longest_freeze", 1000 * longest_gap(session.operator, begin, begin + 4), "ms")
        out("too_big_for_the_line", sum(net.stats()["c"][way]["too_big"] for way in ("up", "down")), "packets")
        session.finish(figure=out.equal)


def mtu_black_hole(stage, out, seed):
    """All interfaces take 1500 bytes, the line loses what is longer than 1280 without a word."""
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10 mtu_bytes=1280")
        comes_up(stage, out, seed, "udp", net, LineSession(stage, net, scene="noise", rate="10", size=("320", "240")))


def mtu_1500(stage, out, seed):
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10")
        comes_up(stage, out, seed, "udp", net, LineSession(stage, net, scene="noise", rate="10", size=("320", "240")))


def ipv6_only(stage, out, seed):
    with Line(stage, v4=False, v6=True, seed=seed) as net:
        net.both("delay_ms=10")
        comes_up(stage, out, seed, "udp", net, LineSession(stage, net))


def udp_blocked(stage, out, seed):
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10")
        for key in ("o", "c"):
            build_wall(Wall(net, key), "drop")
        comes_up(stage, out, seed, "tls", net, LineSession(stage, net))


def proxy_only(stage, out, seed, kind="basic"):
    with Line(stage, seed=seed) as net:
        net.both("delay_ms=10")
        from line import ip
        ip("-n", net.names["r"], "addr", "add", "10.9.0.9/32", "dev", "lo")
        proxy = stage.start("proxy", [sys.executable, "-B", str(here / "connect_proxy.py"), "10.9.0.9", "3128", "kim", "pa:ss", kind],
                            stage.environment("proxy"), netns=net.names["r"])
        wait_until("the proxy", lambda: "ready" in stage.log("proxy") or proxy.poll() is not None, 10)
        for key in ("o", "c"):
            Wall(net, key).run("nft", "-f", "-", stdin="table inet wall {\n chain out {\n  type filter hook output priority 0;\n"
                               "  ip daddr 10.9.0.9 tcp dport 3128 accept\n  oifname != \"lo\" drop\n }\n}\n")
        way = ("--proxy", "http://kim:pa%3Ass@10.9.0.9:3128")
        session = LineSession(stage, net, operator_more=way, customer_more=way)
        check(stage.log("proxy").count("tunnel") >= 4, "not all went through the proxy")
        comes_up(stage, out, seed, "tls_proxy", net, session)


def proxy_digest(stage, out, seed):
    proxy_only(stage, out, seed, "digest")


SCENES = {f.__name__: f for f in (loss_2, wan_scroll, wan_film, rough, bursts, video_1mbit, narrow_300k, text_beside_film, film_1mbit, film_goes_narrow, film_10_to_1, film_300k, outage_3s, outage_3s_tls, outage_30s, udp_dies,
                                  nat_rebinding,
                                  suspended, address_change, relay_killed, mtu_1000, mtu_1280, mtu_black_hole, mtu_1500, ipv6_only, udp_blocked, proxy_only, proxy_digest)}


# What a break may cost, ms: a round trip of 40 ms and 300 ms; over TCP four and 500 ms (issue 4).
UDP_GOALS, TCP_GOALS = {"picture_again": 340, "typing_again": 340}, {"picture_again": 660, "typing_again": 660}
GOALS = {"outage_3s": UDP_GOALS, "outage_3s_tls": TCP_GOALS, "outage_30s": {"picture_again": 340, "typing_again": 660}, "nat_rebinding": UDP_GOALS,
         "suspended": {"picture_again": 340}, "address_change": UDP_GOALS, "relay_killed": UDP_GOALS}


def run_one(name, seed):
    """In a process of its own, whose number names the namespaces. Exit status 0, 1 or 77; 2: it works, but a goal is missed."""
    stage = Stage(f"net-{name.replace('_', '')}-{seed}")
    figures = Figures(name, seed)
    status = 0
    try:
        SCENES[name](stage, figures, seed)
        for metric, goal in GOALS.get(name, {}).items():
            if (value := figures.values.get(metric)) is not None and value > goal:
                status = 2
                print(f"missed: {name}, seed {seed}: {metric} {value:.0f}, goal {goal}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    except Skipped as e:
        status = 77
        print(f"skipped: {name}: {e}", file=sys.stderr)
    except Failure as e:
        status = 1
        print(f"FAILED: {name}, seed {seed}, load {os.getloadavg()[0]:.1f}: {e}", file=sys.stderr)
    finally:
        if status in (1, 2):
            stage.keep_artefacts()
        for _, child in reversed(stage.children):
            stage.end(child, 3.0)
        stage.close(status in (1, 2))
    return status


def run_all(wanted):
    """PARALLEL at a time, then the spread of each figure over the seeds."""
    waiting, running, values, bad = list(wanted), [], {}, 0
    while waiting or running:
        while waiting and len(running) < PARALLEL:
            name, seed = waiting.pop(0)
            running.append(subprocess.Popen([sys.executable, "-B", __file__, "--one", name, str(seed)], stdout=subprocess.PIPE, text=True))
            time.sleep(0.3)   # so that not all begin at once
        for child in [c for c in running if c.poll() is not None]:
            running.remove(child)
            bad |= child.returncode not in (0, 77)
            for line in child.stdout.read().splitlines():
                print(line, flush=True)
                if line.startswith("{") and (figure := json.loads(line)).get("bench") == "net" and figure["value"] is not None:
                    values.setdefault((figure["scene"], figure["metric"], figure["unit"]), []).append(figure["value"])
        time.sleep(0.05)
    for (scene, metric, unit), found in values.items():
        if scene in GOALS and len(found) > 1:
            for word, value in (("p50", measure.percentile(found, 50)), ("p95", measure.percentile(found, 95)), ("max", max(found))):
                measure.figure("net", scene, f"{metric}_of_{len(found)}_{word}", value, unit)
    return int(bad)


def main():
    if sys.argv[1:2] == ["--one"]:
        return run_one(sys.argv[2], int(sys.argv[3]))
    wanted = []
    if unknown := [word for word in sys.argv[1:] if word.partition(":")[0] not in SCENES]:
        print(f"{__doc__.strip()}\n\nUnknown: {', '.join(unknown)}. Scenes: {', '.join(SCENES)}.", file=sys.stderr)
        return 2
    for word in sys.argv[1:] or list(SCENES):
        name, _, seed = word.partition(":")
        wanted += [(name, s) for s in ([int(seed)] if seed else range(1, SEEDS + 1))]
    return run_all(wanted)


if __name__ == "__main__":
    sys.exit(main())
