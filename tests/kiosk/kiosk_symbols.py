# SPDX-License-Identifier: GPL-3.0-or-later
"""kiosk_symbols.py KIOSK CONTROL: the kiosk's program holds no code of the operator's, and neither the sessions' operator
half nor its views are named in it. The same look at CONTROL, the client with both roles, must find such code: otherwise the
look proves nothing."""
import re
import subprocess
import sys

# Code of the operator's, as functions: types of shared headers may be named in a debugger's or variant's symbols.
OPERATOR = re.compile(r"beside::(session::(Operator(Role|Session)|ScreenReceiver)\b"
                      r"|views::(Operator(Host|State)|operator_|draw_operator)|views::draw_(sign_in|console|palette|session_list|remote_pane|customer_column)"
                      r"|app::(run_operator|Operator(Engine|Options)))")
EXPECTED = ["beside::session::CustomerRole", "beside::views::draw_kiosk", "beside::app::run_kiosk"]


def symbols(path):
    out = subprocess.run(["nm", "-C", "--defined-only", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return [line.split(" ", 2)[2] for line in out.stdout.decode(errors="replace").splitlines() if line.count(" ") >= 2]


def operators(names):
    return sorted({name for name in names if OPERATOR.search(name)})


def main(kiosk, control):
    names, others = symbols(kiosk), symbols(control)
    for known in EXPECTED:
        if not any(name.startswith(known) for name in names):
            print(f"{kiosk} has no symbols to look at: {known} is not among {len(names)}")
            return 77 if not names else 1
    found = operators(names)
    print(f"kiosk: {len(names)} symbols, {len(found)} of the operator's; control: {len(operators(others))}")
    for name in found[:20]:
        print("  " + name)
    if found:
        return 1
    for must in ("beside::session::OperatorRole", "beside::session::OperatorSession", "beside::views::draw_operator", "beside::app::run_operator"):
        if not any(must in name for name in operators(others)):
            print(f"the look finds no {must} in {control}, where it must be: it proves nothing")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
