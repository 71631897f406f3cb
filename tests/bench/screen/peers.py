# SPDX-License-Identifier: GPL-3.0-or-later
"""The systems that the screen benchmark compares: Beside through its relay and encrypted, TigerVNC direct and in the clear, and a
GStreamer pipeline of x264 and SRTP direct. Each has two X servers of its own."""
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys

import probe
from measure import harness
from harness import Display, wait_until
from people import Session

HERE = pathlib.Path(__file__).resolve().parent


def watched_display(stage, who, size):
    folder = stage.folder / f"fb-{who}"
    folder.mkdir()
    display = Display(stage, who, size, extra=("-fbdir", str(folder)))
    return display, probe.Framebuffer(folder)


class System:
    exact = True                    # shows pixels as they are; else letters are known by their shape

    def wake(self):
        """Before its turn."""

    def rest(self):
        """After it: nothing of it may cost the others anything that it would not cost at rest."""

    def close(self):
        pass


class Beside(System):
    name = "beside"

    def __init__(self, stage, sharer, viewer):
        s = self.session = Session(stage)
        for unused in (s.at_operator, s.at_customer):
            stage.end(unused.server)
        stage.displays.clear()
        self.sharer = Display(stage, "bench-customer", sharer)
        self.viewer, self.frame = watched_display(stage, "bench-operator", viewer)
        s.at_customer, s.at_operator = self.sharer, self.viewer
        s.operator_opens()
        s.customer_opens()
        s.connect()
        s.share("see")
        s.one_to_one()
        x, y, width, height = s.customer.outer()
        # The customer's panel stays in front of everything: the scene goes where it is not.
        spots = [(left, top) for left in (20, sharer[0] - probe.SIZE[0] - 20) for top in (20, sharer[1] - probe.SIZE[1] - 20)]
        free = [p for p in spots if p[0] >= x + width or p[0] + probe.SIZE[0] <= x or p[1] >= y + height or p[1] + probe.SIZE[1] <= y]
        harness.check(free, f"the customer's panel at {x},{y} {width}x{height} leaves no room for the scene")
        self.spot = free[0]
        self.ends = {"sharer": s.customer.pid, "viewer": s.operator.pid}
        self.between = {"relay": s.relay.child.pid}

    def traffic(self):
        """(bytes, packets) so far, both ways: what the relay forwarded, UDP payload."""
        now = self.session.relay.metrics()
        return now["forwarded_bytes_total"], now["forwarded_datagrams_total"]

    def ladder_opens(self):
        self.session.at_operator.key("F12")
        self.session.operator.wait("ladder.shown")

    def ladder_shown_ms(self):
        """(p50, p95) of the ladder's last rung over the last 5 s, as the operator reads them; None: not told."""
        words = self.session.operator.text("ladder.shown")
        found = re.fullmatch(r"([\d.]+) ms / ([\d.]+) ms", words)
        return tuple(float(v) for v in found.groups()) if found else None

    def ladder_closes(self):
        self.session.at_operator.key("F12")
        self.session.operator.wait_gone("ladder.shown")
        self.viewer.move(self.viewer.size[0] - 2, self.viewer.size[1] - 2)

    def close(self):
        self.session.customer.click("panel.stop")
        self.session.customer.wait("end.title", 5)


class TigerVnc(System):
    name = "tigervnc"
    programs = ("X0tigervnc", "xtigervncviewer")

    def __init__(self, stage, sharer, viewer, spot):
        self.spot, self.between = spot, {}
        self.sharer = Display(stage, "vnc-sharer", sharer)
        self.viewer, self.frame = watched_display(stage, "vnc-viewer", viewer)
        self.port = harness.free_port()
        server = stage.start("vnc-server", ["X0tigervnc", "-display", self.sharer.name, "-SecurityTypes", "None", "-localhost", "-rfbport", str(self.port)],
                             self.sharer.env)
        wait_until("the VNC server to listen", lambda: str(self.port) in stage.log("vnc-server"), 15)
        window = stage.start("vnc-window", ["xtigervncviewer", "-RemoteResize=0", f"127.0.0.1::{self.port}"], self.viewer.env)
        wait_until("the VNC viewer's window", lambda: self.viewer.windows_titled("TigerVNC"), 15)
        self.ends = {"sharer": server.pid, "viewer": window.pid}

    def traffic(self):
        """(bytes, packets) so far, both ways: TCP payload and segments as the server's socket counted them."""
        if shutil.which("ss") is None:
            return 0, 0
        out = subprocess.run(["ss", "-tinH", "state", "established", f"( sport = :{self.port} )"], stdout=subprocess.PIPE, check=True).stdout.decode()

        def number(key):
            return sum(int(n) for n in re.findall(rf"\b{key}:(\d+)", out))
        return number("bytes_sent") + number("bytes_received"), number("segs_out") + number("segs_in")


class GStreamer(System):
    """ximagesrc, x264 zerolatency at 30 pictures a second, SRTP, over a local port that counts; stopped while others have their turn."""
    name = "gstreamer"
    programs = ("gst-launch-1.0",)
    elements = ("ximagesrc", "x264enc", "rtph264pay", "srtpenc", "srtpdec", "rtph264depay", "avdec_h264", "ximagesink")
    exact = False
    KEY = "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e"

    def __init__(self, stage, sharer, viewer, spot):
        self.spot, self.between = spot, {}
        self.sharer = Display(stage, "gst-sharer", sharer)
        self.viewer, self.frame = watched_display(stage, "gst-viewer", viewer)
        into, out = harness.free_port(), harness.free_port()
        self.counts = stage.folder / "gst-counts"
        counter = stage.start("gst-counter", [sys.executable, "-B", str(HERE / "udp_counter.py"), str(into), str(out), str(self.counts)], self.sharer.env)
        wait_until("the counter", self.counts.exists, 10)
        caps = f"application/x-srtp,ssrc=(uint)1234,srtp-key=(buffer){self.KEY},srtp-cipher=(string)aes-128-icm,srtp-auth=(string)hmac-sha1-80," \
               "srtcp-cipher=(string)aes-128-icm,srtcp-auth=(string)hmac-sha1-80,payload=(int)96,encoding-name=(string)H264,clock-rate=(int)90000,media=(string)video"
        window = stage.start("gst-window", ["gst-launch-1.0", "-q", "udpsrc", f"port={out}", f"caps={caps}", "!", "srtpdec", "!", "rtph264depay", "!",
                                            "avdec_h264", "!", "videoconvert", "!", "ximagesink", "sync=false"], self.viewer.env)
        server = stage.start("gst-sharing", ["gst-launch-1.0", "-q", "ximagesrc", f"display-name={self.sharer.name}", "use-damage=false", "show-pointer=false",
                                             "!", "video/x-raw,framerate=30/1", "!", "videoconvert", "!", "video/x-raw,format=I420", "!", "x264enc",
                                             "tune=zerolatency", "speed-preset=superfast", "bitrate=8000", "key-int-max=60", "!",
                                             "rtph264pay", "config-interval=-1", "ssrc=1234", "pt=96", "!", "srtpenc", f"key={self.KEY}", "!",
                                             "udpsink", "host=127.0.0.1", f"port={into}"], self.sharer.env)
        found = wait_until("GStreamer's window", lambda: self.viewer.windows_titled("gst-launch"), 20)
        self.window = found[0]
        self.ends = {"sharer": server.pid, "viewer": window.pid}
        self.counter = counter

    def place(self):
        """Where the picture is in the viewer's screen: it is not exact, so it is not looked for."""
        out = dict(line.split("=") for line in self.viewer.ask("xdotool", "getwindowgeometry", "--shell", str(self.window)).split() if "=" in line)
        self.frame.origin = int(out["X"]), int(out["Y"])
        return int(out["WIDTH"]) == self.sharer.size[0]

    def traffic(self):
        return struct.unpack("=QQ", self.counts.read_bytes()[:16])

    def wake(self):
        for pid in self.ends.values():
            os.kill(pid, signal.SIGCONT)

    def rest(self):
        for pid in self.ends.values():
            os.kill(pid, signal.SIGSTOP)

    def close(self):
        self.wake()
