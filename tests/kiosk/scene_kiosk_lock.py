# SPDX-License-Identifier: GPL-3.0-or-later
"""No key, window-manager action or killed process leads out of a kiosk."""
import os
import signal
import subprocess
import time

from kiosk_people import Kiosk, check, wait_until
from harness import main

CHORDS = ["alt+F4", "ctrl+alt+BackSpace", "alt+Tab", "super", "ctrl+alt+Delete", "ctrl+alt+F1", "ctrl+alt+F2", "F11", "F1", "alt+space",
          "super+r", "ctrl+Escape", "alt+Escape", "ctrl+w", "ctrl+q", "ctrl+n", "Menu", "Print"] + ["Escape"] * 10


def try_to_get_out(kiosk):
    display = kiosk.display
    width, height = display.size
    for chord in CHORDS:
        display.xdo("key", chord)
    for x, y in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        for button in (1, 2, 3):
            display.click(x, y, button)
        display.xdo("mousemove", x, y, "click", "--repeat", 2, 1)
    display.xdo("mousemove", 0, height // 2, "mousedown", 1, "mousemove", width - 1, height // 2, "mouseup", 1)


def window_actions(kiosk):
    """What a client, or a program that plays window manager, could do to our window."""
    display = kiosk.display
    own = kiosk.top_levels()[0][0]
    wm_delete(display, own)
    kiosk.wait_covering("after WM_DELETE_WINDOW", 5)
    for words in (["windowminimize", own], ["windowlower", own], ["windowsize", own, "200", "200"], ["windowmove", own, "500", "500"],
                  ["windowunmap", own]):
        subprocess.run(["xdotool", *words], env=display.env, timeout=20, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kiosk.wait_covering(f"after {words[0]}", 5)


def wm_delete(display, window):
    script = ("import ctypes as c,sys\n"
              "X=c.CDLL('libX11.so.6');X.XOpenDisplay.restype=c.c_void_p\n"
              "d=c.c_void_p(X.XOpenDisplay(None));A=lambda n:X.XInternAtom(d,n,0)\n"
              "class E(c.Structure):\n"
              " _fields_=[('type',c.c_int),('serial',c.c_ulong),('send',c.c_int),('display',c.c_void_p),('window',c.c_ulong),\n"
              "           ('message',c.c_ulong),('format',c.c_int),('l',c.c_long*5),('room',c.c_long*20)]\n"
              "e=E(type=33,window=int(sys.argv[1],16),message=A(b'WM_PROTOCOLS'),format=32);e.l[0]=A(b'WM_DELETE_WINDOW')\n"
              "X.XSendEvent(d,c.c_ulong(e.window),0,c.c_long(0),c.byref(e));X.XSync(d,0)\n")
    subprocess.run(["python3", "-c", script, window], env=display.env, check=True, timeout=20)


def only_kiosk_windows(kiosk, application=True):
    names = [title for _, title, _ in kiosk.top_levels()]
    check(names[:1] == ["Example Bank"], f"the kiosk is not on top: {names}")
    check(set(names) <= {"Example Bank", "app"}, f"other windows than the kiosk's: {names}")


def run(stage):
    kiosk = Kiosk(stage)
    kiosk.wait("kiosk.begin", 30)
    kiosk.wait_covering("at the start")
    wait_until("the application to run under it", lambda: any(t == "app" for _, t, _ in kiosk.top_levels()), 15)
    kiosk.wait_covering("over the application")
    check(kiosk.has_focus(), "the kiosk does not have the keyboard")
    first = kiosk.programs()
    check(len(first) == 1, f"one kiosk program expected: {first}")

    stage.say("keys and corners")
    try_to_get_out(kiosk)
    kiosk.wait_covering("after keys and corners")
    only_kiosk_windows(kiosk)
    check(kiosk.programs() == first, "a key or click ended the program")

    stage.say("window actions")
    window_actions(kiosk)
    check(kiosk.programs() == first, "a window action ended the program")

    stage.say("a foreign program's window is refused, also one that asks nobody")
    for words in (["xeyes"], ["xmessage", "out"]):
        stranger = stage.start("stranger", words, kiosk.display.env)
        time_to_appear = time.monotonic() + 1.0
        wait_until("the stranger to have tried", lambda: time.monotonic() > time_to_appear or stranger.poll() is not None, 5)
        only_kiosk_windows(kiosk)
        kiosk.wait_covering(f"over {words[0]}")
        stage.end(stranger)
    application = [i for i, t, _ in kiosk.top_levels() if t == "app"][0]
    subprocess.run(["xdotool", "windowraise", application, "windowfocus", application], env=kiosk.display.env, timeout=20)
    kiosk.wait_covering("over an application that raised itself", 3)
    wait_until("the keyboard back with the kiosk", kiosk.has_focus, 3)

    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        before = kiosk.programs()
        stage.say(f"{signal.Signals(number).name}")
        began = time.monotonic()
        os.kill(before[0], number)
        wait_until("the old program to be gone", lambda: before[0] not in kiosk.programs(), 5)
        wait_until("the kiosk to come back", lambda: kiosk.programs() and kiosk.covers_all(), 30, every=0.05)
        took = time.monotonic() - began
        stage.figure("back_after_" + signal.Signals(number).name.lower(), round(took, 2), "s")
        check(took < 3.0, f"it came back only after {took:.1f} s")
        wait_until("the application anew", lambda: any(t == "app" for _, t, _ in kiosk.top_levels()), 15)
        only_kiosk_windows(kiosk)
        check(len(kiosk.programs()) == 1, "more than one kiosk runs")

    stage.say("the window's connection is cut")
    before = kiosk.programs()
    subprocess.run(["xdotool", "windowkill", kiosk.top_levels()[0][0]], env=kiosk.display.env, timeout=20)
    wait_until("another program", lambda: kiosk.programs() not in ([], before), 5)
    kiosk.wait_covering("after its connection was cut", 5)
    only_kiosk_windows(kiosk)

    stage.say("an altered file gives a sentence, never a fallback; a mended one is taken")
    good = kiosk.file.read_text()
    kiosk.file.write_text(good.replace("Example Bank", "Evil Bank"))
    os.kill(kiosk.programs()[0], signal.SIGKILL)
    kiosk.wait_text("kiosk.fault_detail", "changed after it was signed", 15)
    check(not kiosk.has("kiosk.begin"), "a code can be entered with an altered file")
    fault = kiosk.top_levels()
    check(fault[0][2] == (0, 0, *kiosk.display.size), f"the sentence does not fill the screen: {fault}")
    try_to_get_out(kiosk)
    kiosk.wait_text("kiosk.fault_detail", "changed after it was signed", 5)
    kiosk.file.write_text(good)
    kiosk.wait("kiosk.begin", 20)


if __name__ == "__main__":
    raise SystemExit(main(run, "kiosk_lock", "xwininfo", "xterm", "xeyes"))
