# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody talks to anybody but the relay. Relay, operator and customer have an address each on one network, on which they could
reach each other; every packet at the two clients' ports is read during a whole session. A client exchanges packets with the
relay only, and no packet to one client holds the other's address; nor does what the operator's program keeps."""
import contextlib
import ctypes
import ipaddress
import pathlib
import re
import select
import socket
import struct
import sys
import threading

from harness import Failure, Relay, Skipped, check, main
from scene_udp_blocked import Namespace, begin, finish, is_on, more_pictures

RELAY, OPERATOR, CUSTOMER = "10.97.183.5", "10.97.183.76", "10.97.183.149"
NET = {"relay": RELAY, "operator": OPERATOR, "customer": CUSTOMER}
CLONE_NEWNET = 0x40000000
ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0800, 0x0806, 0x86DD
SOL_PACKET, PACKET_STATISTICS, SO_RCVBUFFORCE = 263, 6, 33


class Wiretap:
    """Reads everything that passes some interfaces of a namespace, whole packets, without losing one."""

    def __init__(self, namespace, interfaces):
        self.packets = {name: [] for name in interfaces}
        self.lost = 0
        self.problem = None
        self.over, self.ready = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.read, args=(namespace.name, list(interfaces)), daemon=True)
        self.thread.start()
        if not self.ready.wait(10) or self.problem:
            raise Skipped(f"packets cannot be read here: {self.problem}")

    def read(self, namespace, interfaces):
        try:
            # setns moves the calling thread only.
            with open(f"/run/netns/{namespace}") as where:
                if ctypes.CDLL(None, use_errno=True).setns(where.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            with contextlib.ExitStack() as stack:
                sockets = {}
                for name in interfaces:
                    s = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
                    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
                    s.bind((name, ETH_P_ALL))
                    sockets[s] = name
                self.ready.set()
                while not self.over.is_set():
                    for s in select.select(list(sockets), [], [], 0.1)[0]:
                        self.packets[sockets[s]].append(s.recv(1 << 17))
                for s in sockets:
                    self.lost += struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        except OSError as e:
            self.problem = e
            self.ready.set()

    def end(self):
        self.over.set()
        self.thread.join(10)
        check(self.problem is None, f"the wiretap failed: {self.problem}")
        check(self.lost == 0, f"the wiretap lost {self.lost} packets")
        return self.packets


def neighbour_talk(packet):
    """ARP, and what an IPv6 link does by itself (neighbour and router discovery, multicast groups): the kernel's, not ours."""
    kind = struct.unpack(">H", packet[12:14])[0]
    if kind == ETH_P_ARP:
        return True
    if kind != ETH_P_IPV6:
        return False
    following, at = packet[20], 54
    if following == 0:          # hop-by-hop options before a multicast report
        following, at = packet[54], 54 + (packet[55] + 1) * 8
    return following == socket.IPPROTO_ICMPV6 and packet[at] in (130, 131, 132, 133, 134, 135, 136, 143)


def examine(packets, mine, other, who):
    """Every packet at one client's port; returns (TCP packets, UDP packets, UDP and TCP ports of the relay)."""
    count, ports = {socket.IPPROTO_TCP: 0, socket.IPPROTO_UDP: 0}, set()
    raw = ipaddress.ip_address(other).packed
    by_chance = total = 0
    for packet in packets:
        if neighbour_talk(packet):
            continue
        kind = struct.unpack(">H", packet[12:14])[0]
        check(kind == ETH_P_IP, f"a packet of kind {kind:#06x} at the {who}'s: {packet[:60].hex()}")
        source, target, protocol = socket.inet_ntoa(packet[26:30]), socket.inet_ntoa(packet[30:34]), packet[23]
        check({source, target} == {mine, RELAY}, f"the {who} at {mine}: a packet from {source} to {target}, protocol {protocol}: {packet[:80].hex()}")
        check(protocol in count, f"the {who}: protocol {protocol} between {source} and {target}")
        count[protocol] += 1
        at = 14 + (packet[14] & 15) * 4
        ports.add((protocol, struct.unpack(">H", packet[at + 2:at + 4] if target == RELAY else packet[at:at + 2])[0]))
        if target == mine:
            check(other.encode() not in packet and raw.hex().encode() not in packet.lower(), f"the other's address as text in a packet to the {who}")
            total += len(packet)
            by_chance += packet.count(raw) + packet.count(raw[::-1])
    # Four given bytes turn up in encrypted ones by chance once in two gigabytes: twice is no chance.
    check(by_chance <= 1, f"the other's address {by_chance} times in {total} bytes to the {who}")
    return count[socket.IPPROTO_TCP], count[socket.IPPROTO_UDP], ports


def kept_by(process, text):
    """True when the text is in a process's writable memory, one byte or two a character."""
    wanted = (text.encode(), text.encode("utf-16-le"))
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not area:
                continue
            begin_, end = (int(x, 16) for x in area.groups())
            try:
                memory.seek(begin_)
                piece = memory.read(end - begin_)
            except (OSError, OverflowError, ValueError):
                continue
            if any(w in piece for w in wanted):
                return True
    return False


def lay_cables(stack):
    """A switch with three ports; returns the switch's namespace and those of the three."""
    switch = stack.enter_context(Namespace("switch"))
    switch.run("ip", "link", "add", "lan", "type", "bridge", "mcast_snooping", "0")
    switch.run("ip", "link", "set", "lan", "up")
    homes = {}
    for who, address in NET.items():
        home = homes[who] = stack.enter_context(Namespace(who[:4]))
        port = f"to-{who}"
        switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", home.name)
        switch.run("ip", "link", "set", port, "master", "lan", "up")
        home.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        home.run("ip", "link", "set", "eth0", "up")
        # A way to everywhere, so that a packet to anybody else would be seen and not refused at home.
        if who != "relay":
            home.run("ip", "route", "add", "default", "via", RELAY)
    return switch, homes


def can_reach(home, address):
    """A connection to a port without a listener is refused by the other side: the two could talk to each other."""
    home.run(sys.executable, "-c", "import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_STREAM)\ns.settimeout(5)\n"
             "try: s.connect((sys.argv[1],9))\nexcept ConnectionRefusedError: sys.exit(0)\nsys.exit(1)", address)


def run(stage):
    with contextlib.ExitStack() as stack:
        try:
            switch, homes = lay_cables(stack)
        except Failure as e:
            raise Skipped(f"no virtual network here: {e}") from None
        can_reach(homes["customer"], OPERATOR)
        try:
            play(stage, switch, homes)
        finally:
            for _, child in reversed(stage.children):
                stage.end(child, 3.0)


def play(stage, switch, homes):
    relay = Relay(stage, host=RELAY, netns=homes["relay"].name, more=["--public-host", RELAY])
    relay.add_operator()
    tap = Wiretap(switch, ["to-operator", "to-customer"])
    operator, customer = begin(stage, relay, homes["operator"].name, homes["customer"].name)
    for player in (operator, customer):
        player.wait("UDP", lambda: is_on("udp", "best")(player), 10)
    operator.do("say", text="from the operator")
    customer.do("say", text="from the customer")
    for player, text in ((customer, "from the operator"), (operator, "from the customer")):
        player.wait("the chat", lambda: any(line["text"] == text for e in player.events("chat") for line in e["value"]), 10)
    operator.do("type", text="aé€")
    operator.do("input", kind="button_down", button=1, x=20, y=20)
    operator.do("input", kind="button_up", button=1, x=20, y=20)
    customer.wait("control to be used", lambda: any("control" in e["value"] for e in customer.events("in_use")), 5)
    more_pictures(operator)
    check(kept_by(operator.child.pid, RELAY), "the relay's address is not found in the operator's program: nothing can be found this way")
    for player, other, who in ((operator, CUSTOMER, "customer"), (customer, OPERATOR, "operator")):
        check(not kept_by(player.child.pid, other), f"the {who}'s address is in the {player.name}'s program")
    finish(operator, customer)
    packets = tap.end()

    for who, mine, other in (("operator", OPERATOR, CUSTOMER), ("customer", CUSTOMER, OPERATOR)):
        tcp, udp, ports = examine(packets[f"to-{who}"], mine, other, who)
        check(tcp >= 20 and udp >= 20, f"only {tcp} TCP and {udp} UDP packets at the {who}'s: the session was elsewhere")
        check({port for _, port in ports} == {relay.port}, f"the {who} spoke to the relay's ports {sorted(ports)}")
        stage.say(f"{who}: {tcp} TCP and {udp} UDP packets, all with the relay")
        kept = [path for path in [*pathlib.Path(stage.folder, who).rglob("*"), stage.folder / f"{who}.log"]
                if path.is_file() and other.encode() in path.read_bytes()]
        check(not kept, f"the other's address is in the {who}'s files: {kept}")


if __name__ == "__main__":
    sys.exit(main(run, "no_contact"))
