# SPDX-License-Identifier: GPL-3.0-or-later
"""Three network namespaces and two bad lines between them, for scenes and benchmarks:

    operator 10.9.1.2 --line "o"-- 10.9.0.1 relay --line "c"-- 10.9.2.2 customer        (fd09:: likewise)

    with Line(stage) as net:
        net.both("delay_ms=20 loss=0.02")          # or net.lines["c"].order("up rate_kbps=1000")

Everything is made and removed here. Skipped is raised where the machine has no namespaces or no TUN devices.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "e2e_scenes"))

from harness import Failure, Skipped, binary, need, wait_until  # noqa: E402
from scene_udp_blocked import sweep  # noqa: E402

RELAY_V4, RELAY_V6 = "10.9.0.1", "fd09::1"
ENDS = {"o": ("10.9.1.2", "fd09:0:0:1::2"), "c": ("10.9.2.2", "fd09:0:0:2::2")}


def ip(*words):
    done = subprocess.run(["ip", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failure(f"ip {' '.join(words)}: {done.stdout.decode().strip()}")


class OneLine:
    """One beside-linksim; "up" is from the end (operator or customer) to the relay."""

    def __init__(self, stage, name, end, relay, seed):
        self.stage, self.log_name = stage, f"line-{name}"
        self.child = stage.start(self.log_name, [binary("beside-linksim"), f"{end}/t{name}", f"{relay}/t{name}", str(seed)],
                                 stage.environment("lines"), stdin=subprocess.PIPE)
        self.answers = 0
        self.wait("ready")

    def events(self):
        return [json.loads(line) for line in self.stage.log(self.log_name).splitlines() if line.startswith("{") and line.endswith("}")]

    def wait(self, event):
        def there():
            if self.child.poll() == 77:
                raise Skipped(self.stage.log(self.log_name).strip())
            events = self.events()
            return events[self.answers:] or (self.child.poll() is not None and [{"event": "error", "why": "linksim ended"}])
        got = wait_until("the line's answer", there, 5, 0.005)[0]
        if got["event"] != event:
            raise Failure(f"linksim: {got}")
        self.answers += 1
        return got

    def order(self, text, answer=None):
        self.child.stdin.write((text + "\n").encode())
        self.child.stdin.flush()
        word = text.split()[0]
        return self.wait(answer or ("set" if word in ("up", "down", "both") else word))


class Wall:
    """Rules of nft in one namespace of a Line."""

    def __init__(self, net, key):
        self.name = net.names[key]

    def run(self, *words, stdin=""):
        done = subprocess.run(["ip", "netns", "exec", self.name, *words], input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Skipped("no packet filter: " + done.stdout.decode().strip())
        return done.stdout.decode()


class Line:
    """`device_mtu`: of all interfaces, or {"o": 1500, "c": 1000}."""

    def __init__(self, stage, v4=True, v6=False, seed=1, device_mtu=1500):
        need("ip")
        if os.geteuid() != 0:
            raise Skipped("network namespaces need root")
        if not os.path.exists("/dev/net/tun"):
            raise Skipped("no /dev/net/tun on this machine")
        self.stage, self.v4, self.v6, self.seed, self.mtu = stage, v4, v6, seed, device_mtu
        self.names = {key: f"bs-{word}-{os.getpid()}" for key, word in (("o", "oper"), ("r", "relay"), ("c", "cust"))}
        self.lines = {}

    @property
    def relay_host(self):
        return RELAY_V4 if self.v4 else RELAY_V6

    def __enter__(self):
        sweep()
        try:
            for name in self.names.values():
                done = subprocess.run(["ip", "netns", "add", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                if done.returncode != 0:
                    raise Skipped("no network namespaces here: " + done.stdout.decode().strip())
                ip("-n", name, "link", "set", "lo", "up")
                if not self.v6:  # a namespace without IPv6, as many networks are
                    subprocess.run(["ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"],
                                   stderr=subprocess.DEVNULL)
            relay = self.names["r"]
            if self.v4:
                ip("-n", relay, "addr", "add", RELAY_V4 + "/32", "dev", "lo")
            if self.v6:
                ip("-n", relay, "-6", "addr", "add", RELAY_V6 + "/128", "dev", "lo", "nodad")
            for key, (four, six) in ENDS.items():
                self.lines[key] = OneLine(self.stage, key, self.names[key], relay, self.seed * 7 + ord(key))
                mtu = self.mtu[key] if isinstance(self.mtu, dict) else self.mtu
                for netns in (self.names[key], relay):
                    ip("-n", netns, "link", "set", f"t{key}", "up", "mtu", str(mtu), "txqueuelen", "1000")
                self.give(key, four if self.v4 else None, six if self.v6 else None)
        except BaseException:
            self.__exit__()
            raise
        return self

    def give(self, key, four, six):
        """Addresses and routes of one end, and the relay's way back."""
        end, relay, device = self.names[key], self.names["r"], f"t{key}"
        if four:
            ip("-n", end, "addr", "add", four + "/32", "dev", device)
            ip("-n", end, "route", "replace", "default", "dev", device, "src", four)
            ip("-n", relay, "route", "replace", four + "/32", "dev", device)
        if six:
            ip("-n", end, "-6", "addr", "add", six + "/128", "dev", device, "nodad")
            ip("-n", end, "-6", "route", "replace", "default", "dev", device)
            ip("-n", relay, "-6", "route", "replace", six + "/128", "dev", device)

    def move(self, key, old, new):
        """The end is in another network now: its old address is gone, it has another."""
        end, device = self.names[key], f"t{key}"
        ip("-n", end, "addr", "del", old + ("/128" if ":" in old else "/32"), "dev", device)
        self.give(key, None if ":" in new else new, new if ":" in new else None)

    def rebind(self, key, inside, outside):
        """A translator on the way gives the end another outer address; the end knows nothing of it."""
        relay, device = self.names["r"], f"t{key}"
        ip("-n", relay, *(["-6"] if ":" in outside else []), "route", "replace", outside + ("/128" if ":" in outside else "/32"), "dev", device)
        self.lines[key].order(f"address {inside} {outside}")

    def both(self, setting):
        """The same for both lines, each way: a delay here is a fourth of the round trip between the ends."""
        for line in self.lines.values():
            line.order("both " + setting)

    def outage(self, key, ms):
        """Returns the moment of the line's return, time.monotonic()."""
        return self.lines[key].order(f"outage {ms}")["until_us"] / 1e6

    def stats(self):
        return {key: line.order("stats") for key, line in self.lines.items()}

    def __exit__(self, *_):
        for line in self.lines.values():
            if line.child.poll() is None:
                line.child.stdin.close()
                line.child.wait(5)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


def now():
    return time.monotonic()
