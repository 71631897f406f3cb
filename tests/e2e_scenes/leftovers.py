# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session leaves behind: it should be the two journals and nothing else."""
import hashlib
import json
import pathlib
import re
import socket

from harness import check, marked_processes


def chain_heads(path):
    """Checks a journal's hash chain as engine/crypto/hash_chain.h defines it; returns (kinds, heads by number of lines)."""
    lines = pathlib.Path(path).read_bytes().decode().splitlines()
    check(lines, f"{path} is empty")
    session = json.loads(lines[0])["text"].split(" with ")[0].encode()
    head = hashlib.sha256(b"beside/1 chain" + len(session).to_bytes(4, "big") + session).digest()
    kinds, heads = [], {}
    for n, line in enumerate(lines):
        record = line[:line.rindex(',"head":"')].encode()
        head = hashlib.sha256(head + n.to_bytes(8, "big") + len(record).to_bytes(4, "big") + record).digest()
        entry = json.loads(line)
        check(entry["head"] == head.hex(), f"{path}: the chain breaks in line {n + 1}")
        kinds.append(entry)
        heads[n + 1] = head.hex()
    return kinds, heads


def check_receipts(customer_file, operator_file):
    """Each journal holds the other's head, and that head is the true one at that length."""
    customer, customer_heads = chain_heads(customer_file)
    operator, operator_heads = chain_heads(operator_file)
    said = []
    for mine, theirs, who in ((customer, operator_heads, "operator"), (operator, customer_heads, "customer")):
        receipts = [e for e in mine if e["kind"] == "receipt"]
        check(len(receipts) == 1, f"{len(receipts)} receipts of the {who}")
        found = re.fullmatch(who + r"'s head ([0-9a-f]{64}), receipt ([0-9a-f]{64})", receipts[0]["text"])
        check(found, f"receipt: {receipts[0]['text']}")
        # All but the other's own line of the receipt, which was written after the heads went out.
        check(found.group(1) == theirs[len(theirs) - 1], f"the {who}'s head is another")
        said.append(found.group(2))
    check(said[0] == said[1], "the two ends hold different receipts")
    return customer, operator


def journals(stage, who):
    return sorted((stage.folder / who / "data" / "beside" / "journal").rglob("*.jsonl"))


def check_nothing_left(stage, pids, ports):
    """After all of ours have ended: no process, socket, shared memory, temporary file."""
    left = []
    for pid in marked_processes(stage.mark):
        try:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name.startswith("beside"):
            left.append(f"process {pid} {name}")
    for line in pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[4]) in pids or int(fields[5]) in pids:
            left.append(f"shared memory segment {fields[1]} of process {fields[4]}")
    left += [f"shared memory file {p}" for p in pathlib.Path("/dev/shm").glob("*beside*")]
    left += [f"temporary file {p}" for p in stage.temporary.rglob("*")]
    for port in ports:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(("127.0.0.1", port))
                except OSError:
                    left.append(f"somebody still listens on port {port}")
    own = ("customer", "operator")
    for who in own:
        for path in (stage.folder / who).rglob("*"):
            inside = path.relative_to(stage.folder / who)
            if path.is_dir() or inside.parts[0] == "icewm":
                continue
            if not re.fullmatch(r"data/beside/journal/(customer|operator)/[^/]+\.jsonl", str(inside)):
                left.append(f"file {who}/{inside}")
            elif path.stat().st_mode & 0o077:
                left.append(f"{who}/{inside} can be read by others")
    check(not left, "left behind: " + "; ".join(left))
