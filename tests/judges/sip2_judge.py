"""A whole station at the SIP2 server of another project: it lends, renews and takes back there, and
survives that the server is killed between doing and saying."""

import argparse
import json
import pathlib
import socket
import subprocess
import sys

from verdict import Verdict

# Longest run of a station, in seconds.
LIMIT_S = 120

CARD = "0200001234"
BOOK, UNLUCKY = "YZ0000789", "YZ0000101"

VISIT = f"""
wait online
wait reader up
touch borrow
wait identify
card {CARD}
wait borrow
lay {BOOK}
wait borrowed 1
expect tag {BOOK} released
lay {UNLUCKY}
wait borrowed 2
wait tag {UNLUCKY} released
lift {BOOK} {UNLUCKY}
wait pad 0
touch finish
wait finish
touch finish
wait attract
touch account
wait identify
card {CARD}
wait loans
wait renewable 1
touch renew_all
wait renewed 2
touch finish
wait finish
touch finish
wait attract
touch return
wait return
lay {BOOK}
wait returned 1
expect tag {BOOK} secured
lay {UNLUCKY}
wait tag {UNLUCKY} secured
wait done 2
wait figure returns 2
wait idle
touch finish
wait finish
touch finish
wait attract
expect figure journal_open 0
"""


def config(directory, address, checksum):
    path = directory / "station.toml"
    path.write_text(f"""
[station]
id = "YZ-JUDGE-01"
branch = "YZ-MAIN"
data_dir = "data"
key_file = "journal.key"
[library]
address = "{address}"
[library.profile]
institution_id = "YZLIB"
checksum = "{checksum}"
nb_due_date = "transaction_date"
login = {{ user = "kiosk01", password = "x" }}
[reader]
model = "3m810"
[session]
owners = ["CN-321182-YZ"]
count_check = "off"
[session.times]
pad_gone_s = 0.5
""")
    return path


def free_port():
    """Below the ports that clients get: a client could meet itself there while nobody listens."""
    for port in range(21_000, 30_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Library:
    """Starts the foreign server again each time it dies."""

    def __init__(self, port, books, detection):
        here = pathlib.Path(__file__).parent
        self.command = [sys.executable, str(here / "sip2_library.py"), "--port", str(port)]
        self.command += ["--books", str(books), "--detection", detection, "--dies-on", UNLUCKY]
        self.deaths = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening"):
            raise RuntimeError(f"the foreign server did not start: {line!r}")

    def look_after(self):
        if self.process.poll() is not None:
            self.deaths += 1
            self.start()

    def end(self):
        self.process.kill()
        self.process.wait()


def visit(verdict, jiehuan, work, detection, checksum):
    name = f"server {detection}, station {checksum}"
    directory = work / f"sip2-{detection}-{checksum}"
    directory.mkdir()
    port, books = free_port(), directory / "books.json"
    library = Library(port, books, detection)
    script = directory / "visit.script"
    script.write_text(VISIT)
    file = config(directory, f"127.0.0.1:{port}", checksum)
    station = subprocess.Popen(
        [jiehuan, "run", "--config", str(file), "--headless", "--script", str(script)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    lines = []
    try:
        waited = 0
        while True:
            try:
                out, _ = station.communicate(timeout=1)
                lines = out.splitlines()
                break
            except subprocess.TimeoutExpired:
                library.look_after()
                waited += 1
                if waited > LIMIT_S:
                    station.kill()
    finally:
        library.end()
    summary = json.loads(lines[-1]) if lines else {}
    failed = [line for line in lines if '"failed"' in line]
    verdict.true(f"{name}: the visit holds", summary.get("ok") is True, f"{failed} {summary}")
    verdict.check(f"{name}: deaths of the server", library.deaths, 2)
    theirs = sorted(json.loads(books.read_text())["events"]) if books.exists() else []
    ours = sorted(f"{what} {item}" for what in ("loan", "renewal", "return")
                  for item in (BOOK, UNLUCKY))
    verdict.check(f"{name}: each loan, renewal and return once", ours, theirs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jiehuan", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    args = parser.parse_args()
    verdict = Verdict("sip2")
    for detection, checksum in [("required", "strict"), ("auto", "strict"), ("auto", "off")]:
        visit(verdict, args.jiehuan, args.work, detection, checksum)
    sys.exit(1 if verdict.failed else 0)


if __name__ == "__main__":
    main()
