# SPDX-License-Identifier: GPL-3.0-or-later
"""beside-headless plays both roles from scripts: a session over a real relay with a drawn desktop, chat, input, a saved picture."""
import json
import subprocess
import sys

from harness import Relay, binary, check, main, wait_until


class Player:
    def __init__(self, stage, name, *words, netns=None):
        self.stage, self.name = stage, name
        self.path, self.read_to, self.seen = stage.folder / f"{name}.log", 0, {}
        self.child = stage.start(name, [binary("beside-headless"), *words], stage.environment(name), netns=netns, stdin=subprocess.PIPE)

    def do(self, what, **more):
        self.child.stdin.write((json.dumps({"do": what, **more}) + "\n").encode())
        self.child.stdin.flush()

    def events(self, kind):
        """All so far of that kind. Each line is read once: whoever waits asks often, and a long session has many."""
        with open(self.path, "rb") as file:
            file.seek(self.read_to)
            fresh = file.read()
        whole = fresh.rfind(b"\n") + 1
        self.read_to += whole
        for line in fresh[:whole].decode(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                event = json.loads(line)
                self.seen.setdefault(event["event"], []).append(event)
        return list(self.seen.get(kind, ()))


def run(stage):
    relay = Relay(stage)
    relay.add_operator()
    operator = Player(stage, "operator", "operator", "--relay", relay.address, "--token-file", relay.token(), "--hash")
    operator.do("wait_for", event="stage", value="console", session=0)
    operator.do("new_session", ask=["see", "control"], reason="a test")
    code = wait_until("a code", lambda: [e["value"] for e in operator.events("code") if e["value"]], 15)[-1]
    customer = Player(stage, "customer", "customer", "--relay", relay.address, "--code", code, "--synthetic", "typing", "--frames", "60")
    customer.do("always_grant", grant=["see", "control"])
    customer.do("wait_for", event="granted", has=["see", "control"])
    customer.do("say", text="hello")
    wait_until("pictures", lambda: len(operator.events("picture")) > 20, 20)
    wait_until("the customer's words", lambda: any(line["text"] == "hello" for e in operator.events("chat") for line in e["value"]), 10)
    operator.do("type", text="aé€")
    file = stage.folder / "picture.ppm"
    operator.do("save_picture", file=str(file))
    wait_until("the saved picture", lambda: operator.events("picture_saved"), 10)
    check(file.read_bytes().startswith(b"P6\n1280 720\n255\n") and file.stat().st_size == 16 + 1280 * 720 * 3, "the saved picture's size")
    check(len({e["hash"] for e in operator.events("picture")}) > 10, "the pictures do not differ")
    wait_until("control to be used", lambda: any("control" in e["value"] for e in customer.events("in_use")), 5)
    operator.do("end")
    operator.do("wait_for", event="end", key="receipt_matches", value=True)
    operator.do("quit")
    customer.do("wait_for", event="stage", value="ended")
    customer.do("quit")
    check(operator.child.wait(15) == 0 and customer.child.wait(15) == 0, "a script failed")
    granted = next(e for e in customer.events("granted") if "see" in e["value"])
    stage.figure("grant_to_first_picture", (operator.events("picture")[0]["t_us"] - granted["t_us"]) / 1000, "ms")


if __name__ == "__main__":
    sys.exit(main(run, "headless"))
