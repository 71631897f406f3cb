# SPDX-License-Identifier: GPL-3.0-or-later
"""A network that lets no UDP through: the picture goes over TLS, both ends say so and why; when UDP works again the picture goes
back to it by itself. The network is a namespace of the scene's own with a packet filter, made and removed here."""
import json
import os
import re
import subprocess
import sys
import time

from harness import Failure, Relay, Skipped, binary, check, main, need, wait_until
from people import Session
from scene_headless import Player


class Namespace:
    """A network of our own: `with Namespace("name") as n`, then n.name for Stage.start and Relay. Gone at the end, whatever happens."""

    def __init__(self, short):
        need("ip")
        if os.geteuid() != 0:
            raise Skipped("network namespaces need root")
        self.name = f"bs-{short}-{os.getpid()}"

    def __enter__(self):
        sweep()
        done = subprocess.run(["ip", "netns", "add", self.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Skipped("no network namespaces here: " + done.stdout.decode().strip())
        try:
            self.run("ip", "link", "set", "lo", "up")
        except Failure:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], stderr=subprocess.DEVNULL)

    def run(self, *words, stdin=""):
        done = subprocess.run(["ip", "netns", "exec", self.name, *words], input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failure(f"{' '.join(words)}: {done.stdout.decode().strip()}")
        return done.stdout.decode()


def sweep():
    """Removes namespaces of scenes that were killed: their names end with the scene's process id."""
    listed = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    for name, process in re.findall(r"^(bs-[a-z]+-([0-9]+))\b", listed, re.MULTILINE):
        if not os.path.exists(f"/proc/{process}"):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


class NetPlayer(Player):
    """A player of scene_headless within a namespace."""

    def __init__(self, stage, name, netns, *words):
        super().__init__(stage, name, *words, netns=netns)

    def last(self, kind):
        values = self.events(kind)
        return values[-1]["value"] if values else None

    def wait(self, what, look, seconds=15.0):
        def alive():
            if self.child.poll() is not None:
                raise Failure(f"{self.name} ended with status {self.child.returncode} before {what}")
            return look()
        try:
            return wait_until(f"{self.name}: {what}", alive, seconds)
        except Failure as e:
            raise Failure(f"{e}; media {json.dumps(self.last('media'))}") from None

    def pictures(self):
        return len(self.events("picture"))


def begin(stage, relay, operator_net, customer_net, *more, mark=""):
    """A session with see and control between two players in their networks; returns (operator, customer)."""
    operator = NetPlayer(stage, f"operator{mark}", operator_net, "operator", "--relay", relay.address, "--token-file", relay.token(), "--hash", *more)
    operator.do("wait_for", event="stage", value="console", session=0)
    operator.do("new_session", ask=["see", "control"], reason="a test")
    code = operator.wait("a code", lambda: [e["value"] for e in operator.events("code") if e["value"]], 15)[-1]
    customer = NetPlayer(stage, f"customer{mark}", customer_net, "customer", "--relay", relay.address, "--code", code, "--synthetic", "typing",
                         "--rate", "15", *more)
    customer.do("always_grant", grant=["see", "control"])
    operator.wait("pictures", lambda: operator.pictures() >= 10, 20)
    return operator, customer


def finish(operator, customer):
    """The operator ends; both scripts must come out well and hold the same receipt."""
    operator.do("end")
    operator.do("wait_for", event="end", key="receipt_matches", value=True)
    operator.do("quit")
    customer.do("wait_for", event="stage", value="ended")
    customer.do("quit")
    for player in (operator, customer):
        check(player.child.wait(15) == 0, f"the {player.name}'s script failed with status {player.child.returncode}")


def more_pictures(player, seconds=8.0):
    """The picture moves on: ten more than now."""
    before = player.pictures()
    player.wait("the picture to go on", lambda: player.pictures() >= before + 10, seconds)


def longest_gap(player, start, end):
    """The longest time without a new picture between two moments of time.monotonic(), s."""
    times = [e["t_us"] / 1e6 for e in player.events("picture") if start <= e["t_us"] / 1e6 <= end]
    return max((b - a for a, b in zip(times, times[1:])), default=end - start)


def is_on(rung, reason):
    return lambda player: (lambda m: m and m["rung"] == rung and m["reason"] == reason)(player.last("media"))


def build_wall(net, verdict):
    """Counts all UDP that anybody here sends, and drops it without a word, as a firewall does, or lets it pass."""
    net.run("nft", "-f", "-", stdin="table inet wall {\n chain out {\n  type filter hook output priority 0;\n"
            f"  meta l4proto udp counter {verdict}\n }}\n}}\n")


def run(stage):
    need("nft")
    with Namespace("udp") as net:
        try:
            play(stage, net)
        finally:
            for _, child in reversed(stage.children):
                stage.end(child, 3.0)


def play(stage, net):
    relay = Relay(stage, netns=net.name)
    relay.add_operator()
    try:
        build_wall(net, "drop")
    except Failure as e:
        raise Skipped(f"no packet filter here: {e}") from None

    began = time.monotonic()
    operator, customer = begin(stage, relay, net.name, net.name)
    stage.figure("first_pictures_with_udp_blocked", round((time.monotonic() - began) * 1000), "ms")
    for player in (operator, customer):
        player.wait("TLS, because UDP is blocked", lambda: is_on("tls", "udp_blocked")(player), 15)
        check(not any(m["value"]["rung"] == "udp" for m in player.events("media")), f"the {player.name} believed in UDP for a while")
    more_pictures(operator)
    dropped = net.run("nft", "list", "chain", "inet", "wall", "out")
    check("packets 0 " not in dropped, "nobody tried UDP, so nothing was tested")
    operator.do("say", text="over TLS")
    customer.wait("the chat", lambda: any(line["text"] == "over TLS" for e in customer.events("chat") for line in e["value"]), 10)
    operator.do("type", text="aé€")
    customer.wait("control to be used", lambda: any("control" in e["value"] for e in customer.events("in_use")), 5)
    stage.say("UDP dropped: picture, chat and input over TLS, both ends say udp_blocked")

    # The wall falls: the better path is taken by itself.
    net.run("nft", "delete", "table", "inet", "wall")
    opened = time.monotonic()
    for player in (operator, customer):
        player.wait("UDP again", lambda: is_on("udp", "best")(player), max(40.0 - (time.monotonic() - opened), 1.0))
    stage.figure("udp_again", round((time.monotonic() - opened) * 1000), "ms")
    more_pictures(operator)
    stage.say(f"UDP open again: used after {time.monotonic() - opened:.1f} s")

    # It rises again in mid-session: back to TLS, and the picture goes on.
    build_wall(net, "drop")
    closed = time.monotonic()
    for player in (operator, customer):
        player.wait("TLS again", lambda: is_on("tls", "udp_blocked")(player), 15)
    stage.figure("tls_after_udp_died", round((time.monotonic() - closed) * 1000), "ms")
    more_pictures(operator)
    # t_us is the clock of time.monotonic().
    frozen = longest_gap(operator, closed - 0.5, time.monotonic())
    stage.figure("picture_frozen_as_udp_died", round(frozen * 1000), "ms")
    stage.say(f"UDP dropped in mid-session: TLS again, the picture stood still for {frozen:.1f} s")
    finish(operator, customer)

    windows(stage, relay, net)

    # Told not to try UDP, nobody sends a packet of it.
    net.run("nft", "flush", "ruleset")
    build_wall(net, "accept")
    operator, customer = begin(stage, relay, net.name, net.name, "--tls-only", mark="-tls-only")
    for player in (operator, customer):
        player.wait("TLS by policy", lambda: is_on("tls", "udp_not_tried_by_policy")(player), 10)
    more_pictures(operator)
    finish(operator, customer)
    check("packets 0 " in net.run("nft", "list", "chain", "inet", "wall", "out"), "UDP was sent although paths = tls")
    stage.say("paths = tls: not one UDP packet")


def windows(stage, relay, net):
    """The same as people see it: both windows name the rung and the reason."""
    s = Session(stage, relay=relay, operator_netns=net.name, customer_netns=net.name)
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see")
    s.operator.wait_text("status.rung", "UDP", 20)
    said = s.operator.text("status.rung")
    check("TLS" in said and "block" in said.lower(), f"the operator's window says {said!r}")
    told = s.customer.wait_text("panel.rung", "UDP", 20).string
    check("slower" in told.lower() and "block" in told and "TLS" not in told, f"the customer's panel says {told!r}")
    s.at_customer.screenshot(stage.folder / "rung-customer.png")
    s.at_operator.screenshot(stage.folder / "rung-operator.png")
    stage.say(f"in the operator's window: {said}")
    s.stop()

    # paths = "tls" in both people's settings files: UDP would pass, and nobody sends any.
    net.run("nft", "flush", "ruleset")
    build_wall(net, "accept")
    theirs = stage.folder / "operator.toml"
    theirs.write_text(f'relay = "{relay.address}"\npaths = "tls"\n')
    s.operator_opens(True, "--config", str(theirs))
    s.customer_opens(name="customer-by-tls", settings='paths = "tls"\n')
    s.connect()
    s.share("see")
    said = s.operator.wait_text("status.rung", "TLS", 20).string
    told = s.customer.wait_text("panel.rung", "allowed", 20).string
    check("packets 0 " in net.run("nft", "list", "chain", "inet", "wall", "out"), "UDP was sent although the settings say paths = tls")
    stage.say(f"paths = tls in the settings files: {said}; {told}; not one UDP packet")
    s.stop()


if __name__ == "__main__":
    sys.exit(main(run, "udp_blocked"))
