# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's cases once more on a PostgreSQL server of the test's own, reached by a socket in its folder and nothing else; and the
relay itself on it, through a restart of that server. postgresql_store.py RELAY_TEST RELAY. 77: no server is installed."""
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import time


class Server:
    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        # A server refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "--no-sync")

    def run(self, program, *words):
        options = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        subprocess.run([f"{self.programs}/{program}", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                       cwd=self.folder, **options)

    def start(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", f"-c listen_addresses= -k {self.folder}", "start")

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", "immediate", "stop")


def relay_on_it(relay, folder, server, home):
    database = f"postgresql://postgres@/relay?host={folder}"
    words = [relay, "--data", f"{home}/relay", "--listen", "127.0.0.1", "--port", "0", "--database", database]
    environment = dict(os.environ, HOME=str(home))
    done = subprocess.run([*words, "operator", "add", "--login", "ada", "--name", "Ada", "--password-stdin"], input=b"Correct-Horse-7\n",
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    log = open(f"{home}/relay.log", "wb")
    running = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 15
        while "Ready." not in pathlib.Path(f"{home}/relay.log").read_text():
            assert running.poll() is None and time.monotonic() < end, pathlib.Path(f"{home}/relay.log").read_text()
            time.sleep(0.05)
        server.stop()   # as a crash does
        server.start()
        assert running.poll() is None, "the relay ended with its database"
        listed = subprocess.run([*words, "operator", "list"], env=environment, stdout=subprocess.PIPE, check=True).stdout.decode()
        assert "ada" in listed, listed
    finally:
        running.terminate()
        status = running.wait(20)
    assert status == 0, f"the relay ended with {status}"
    assert not pathlib.Path(f"{home}/relay/relay.db").exists(), "a file beside the server"


def main():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found or not shutil.which("createdb"):
        print("skipped: no PostgreSQL server is installed")
        return 77
    folder = tempfile.mkdtemp(prefix="beside-pg-", dir="/tmp")
    home = pathlib.Path(tempfile.mkdtemp(prefix="beside-pg-home-"))
    server = Server(os.path.dirname(found[-1]), folder)
    server.start()
    try:
        done = subprocess.run([sys.argv[1], "-sf=*store_test.cpp"], env=dict(os.environ, BESIDE_TEST_POSTGRESQL=folder))
        assert done.returncode == 0, "the store's cases fail on PostgreSQL"
        subprocess.run(["createdb", "-h", folder, "-U", "postgres", "relay"], check=True)
        relay_on_it(sys.argv[2], folder, server, home)
        print("the store's cases and the relay on PostgreSQL: good")
        return 0
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
