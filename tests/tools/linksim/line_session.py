# SPDX-License-Identifier: GPL-3.0-or-later
"""A session between two headless players over a Line: pictures, typing that is counted, chat."""
import re
import time

from line import now
from harness import Failure, Relay, check, wait_until
from scene_udp_blocked import NetPlayer

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class LineSession:
    """See and control, from the operator in one namespace to the customer in another, the relay in a third."""

    def __init__(self, stage, net, scene="typing", rate="15", size=("1280", "720"), operator_more=(), customer_more=(), mark=""):
        self.stage, self.net = stage, net
        self.relay = Relay(stage, host=net.relay_host, netns=net.names["r"])
        self.relay.port = int(re.search(r":(\d+)#", self.relay.address).group(1))
        self.relay.add_operator()
        began = now()
        self.operator = NetPlayer(stage, f"operator{mark}", net.names["o"], "operator", "--relay", self.relay.address, "--token-file",
                                  self.relay.token(), "--hash", *operator_more)
        self.operator.do("wait_for", event="stage", value="console", session=0, timeout_ms=30000)
        self.operator.do("new_session", ask=["see", "control"], reason="a test")
        code = self.operator.wait("a code", lambda: [e["value"] for e in self.operator.events("code") if e["value"]], 30)[-1]
        self.customer = NetPlayer(stage, f"customer{mark}", net.names["c"], "customer", "--relay", self.relay.address, "--code", code,
                                  "--synthetic", scene, "--rate", rate, "--width", size[0], "--height", size[1], *customer_more)
        self.customer.do("always_grant", grant=["see", "control"])
        self.operator.wait("the first pictures", lambda: self.operator.pictures() >= 2, 60)
        self.set_up, self.began_at = now() - began, began
        self.typed, self.typed_at = "", []

    def type(self, seconds, every=0.05):
        """One character at a time, as a person types. Nothing waits for anything."""
        end = now() + seconds
        while now() < end:
            letter = LETTERS[len(self.typed) % len(LETTERS)]
            self.operator.do("type", text=letter)
            self.typed_at.append(now())
            self.typed += letter
            time.sleep(every)

    def injected(self):
        return "".join(e["text"] for e in self.customer.events("injected"))

    def all_typed_arrived(self, seconds=15):
        """Everything once and in order."""
        try:
            wait_until("what was typed", lambda: len(self.injected()) >= len(self.typed), seconds)
        except Failure:
            pass
        got = self.injected()
        if got != self.typed:
            at = next((i for i, (a, b) in enumerate(zip(got, self.typed)) if a != b), min(len(got), len(self.typed)))
            raise Failure(f"typed {len(self.typed)}, arrived {len(got)}, the first difference at {at}: "
                          f"'{self.typed[at:at + 12]}' against '{got[at:at + 12]}'")

    def chat(self, text, seconds=15):
        self.operator.do("say", text=text)
        wait_until("the chat", lambda: any(line["text"] == text for e in self.customer.events("chat") for line in e["value"]), seconds)

    def first_after(self, player, kind, moment):
        """Seconds from a moment to the first event of that kind; None: none yet."""
        return next((e["t_us"] / 1e6 - moment for e in player.events(kind) if e["t_us"] / 1e6 > moment), None)

    def back(self, player, kind, moment, seconds=20):
        wait_until(f"{kind} after the line's return", lambda: self.first_after(player, kind, moment) is not None, seconds)
        return self.first_after(player, kind, moment)

    def on(self, rung):
        for player in (self.operator, self.customer):
            player.wait(f"media over {rung}", lambda: (player.last("media") or {}).get("rung") == rung, 20)

    def latencies(self, start=0.0):
        """Captured to decoded, ms, of each picture after a moment. Both ends have the same clock here."""
        return [(e["decoded_us"] - e["captured_peer_us"]) / 1000 for e in self.operator.events("picture")
                if e["t_us"] / 1e6 > start and e["captured_peer_us"] > 0]

    def typing(self, begin):
        """For each character typed after a moment, ms: until it was injected, and until the operator has the first picture that was
        captured after that, which shows it where a program draws it at once."""
        injected = [e["t_us"] for e in self.customer.events("injected") for _ in e["text"]]
        pictures = sorted((e["captured_peer_us"], e["decoded_us"]) for e in self.operator.events("picture") if e["captured_peer_us"] > 0)
        there, seen = [], []
        for typed, at in zip(self.typed_at, injected):
            if typed < begin:
                continue
            there.append(at / 1000 - typed * 1000)
            shown = [decoded for captured, decoded in pictures if captured >= at]
            if shown:
                seen.append(min(shown) / 1000 - typed * 1000)
        return there, seen

    def rest(self, seconds=5.0):
        """The customer's scene stands still. Returns (its hash, the operator's picture's hash in the end, ms until they were equal to
        stay, None: they did not within that time)."""
        self.customer.do("rest")
        told = self.customer.wait("the scene to stand still", lambda: self.customer.events("resting"), 10)[-1]
        try:
            wait_until("equal pictures", lambda: self.operator.events("picture")[-1]["hash"] == told["hash"], seconds, 0.02)
        except Failure:
            pass
        time.sleep(0.3)   # an equal one that is changed again is none
        equal = None
        for picture in reversed(self.operator.events("picture")):
            if picture["hash"] != told["hash"]:
                break
            equal = max((picture["t_us"] - told["asked_us"]) / 1000, 0.0)
        return told["hash"], self.operator.events("picture")[-1]["hash"], equal

    def finish(self, rest=5.0, figure=None):
        """Ends well only if the operator's picture equals the customer's screen after a rest; figure(ms or None, both hashes)."""
        customer, operator, equal = self.rest(rest)
        if figure:
            figure(equal, customer=customer, operator=operator)
        check(equal is not None, f"after {rest:.1f} s of rest the operator's picture is {operator}, the customer's screen {customer}")
        for player, what in ((self.operator, "end"), (self.customer, None)):
            check(player.child.poll() is None, f"the {player.name} ended early")
            if what:
                player.do(what)
        self.operator.wait("the end", lambda: self.operator.last("end"), 15)
        self.operator.do("quit")
        self.customer.do("quit")
        for player in (self.operator, self.customer):
            check(player.child.wait(15) == 0, f"the {player.name}'s script failed")
