# SPDX-License-Identifier: GPL-3.0-or-later
"""beside.toml with mistakes: file, place and reason are told in a box and on stderr; and a relay that is not the company's."""
import re
import sys

from places import NOBODY, Display, Relay, Window, binary, box_says, check, main, picture


def run(stage):
    display = Display(stage, "desk", (900, 700))
    cases = {
        "syntax": ('relay = "beside://a.example#pin=' + "A" * 43 + '"\nname = "Example\n', r"beside-syntax\.toml.*line 2"),
        "address": ('name = "x"\nrelay = "http://support example/"\n', r"beside-address\.toml.*line 2.*relay"),
        "pin": (f'relay = "beside://a.example"\npin = "short"\n', r"beside-pin\.toml.*line 2.*pin: 43 characters"),
        "unknown": (f'relay = "{NOBODY}"\n\nrelaay = "x"\n', r'beside-unknown\.toml.*line 3.*unknown setting "relaay"'),
        "type": ("relay = 5\n", r"beside-type\.toml.*line 1.*relay: text in quotes"),
        "paths": (f'relay = "{NOBODY}"\npaths = "udp"\n', r'beside-paths\.toml.*line 2.*"best" or "tls"'),
    }
    for name, (text, pattern) in cases.items():
        path = stage.folder / f"beside-{name}.toml"
        path.write_text(text)
        box_says(stage, display, f"box-{name}", [binary("beside"), "--config", str(path)], stage.environment("desk", display), pattern)
    box_says(stage, display, "box-absent", [binary("beside"), "--config", str(stage.folder / "absent.toml")],
             stage.environment("desk", display), r"absent\.toml does not exist")

    # The right address, another certificate than the company's: nothing is sent, both programs say so.
    relay = Relay(stage)
    other = re.sub(r"#pin=.", "#pin=" + ("B" if "#pin=A" in relay.address else "A"), relay.address)
    path = stage.folder / "other.toml"
    path.write_text(f'relay = "{other}"\nname = "Example Ltd"\n')
    customer = Window(stage, "customer-wrong-pin", display, [binary("beside"), "--config", str(path)])
    customer.wait("start.code", 20)
    customer.wait("notice.sentence", 15)
    picture(stage, display, "customer-wrong-pin")
    stage.say(customer.text("notice.title") + " | " + customer.text("notice.sentence"))
    check("relay" in customer.all_text().lower() or "company" in customer.all_text().lower(), "no sentence about the relay")
    stage.end(customer.child)
    operator = Window(stage, "operator-wrong-pin", display, [binary("beside"), "operator", "--config", str(path)])
    operator.wait("sign_in.login", 20)
    operator.wait("sign_in.notice.sentence", 15)
    picture(stage, display, "operator-wrong-pin")
    stage.say(operator.text("sign_in.notice.title") + " | " + operator.text("sign_in.notice.sentence"))
    check(relay.metrics().get("signed_in", 0) == 0, "somebody signed in")


if __name__ == "__main__":
    sys.exit(main(run, "environment_settings"))
