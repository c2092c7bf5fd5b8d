"""receiptio prints to our simulator and says itself whether it worked."""

import argparse
import subprocess
import sys

from simulator import Simulator, codes
from verdict import Verdict

DOCUMENT = """^^^Library

Due 2026-12-22 | ^1
-
{code:YZ0001234;option:code128,2,72,hri}

{code:YZ0001234;option:qrcode,6,m}
=
"""


# receiptio always takes port 9100; an address of our own keeps clear of a real printer's.
HOST = "127.0.0.77"


def print_with(work, document):
    """receiptio's exit status names its result (bin/cli.js of 2.1.2)."""
    command = ["node", f"{work}/node_modules/receiptio/bin/cli.js"]
    command += ["-d", HOST, "-p", "escpos", "-c", "48", "-t", "20", document]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    known = {0: "success", 101: "coveropen", 102: "paperempty"}
    return known.get(done.returncode, f"{done.returncode} {done.stdout} {done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    for name in ["sim", "work"]:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    verdict = Verdict("receiptio")
    document = f"{args.work}/slip.receipt"
    with open(document, "w", encoding="utf-8") as file:
        file.write(DOCUMENT)
    at = f"{HOST}:9100"
    with Simulator(args.sim, f"{args.work}/sim-receiptio", at=at) as sim:
        verdict.check("reports success", print_with(args.work, document), "success")
        text, picture = sim.receipt(1)
        verdict.true("the receipt has the date", "2026-12-22" in text, text)
        verdict.true("the heading is there", "Library" in text, text)
        verdict.check("codes read from the picture", codes(picture),
                      [("Code128", "YZ0001234"), ("QRCode", "YZ0001234")])
    for fault, answer in [("paper-out", "paperempty"), ("cover-open", "coveropen")]:
        with Simulator(args.sim, f"{args.work}/sim-receiptio-{fault}", fault, at=at):
            verdict.check(f"{fault} is understood", print_with(args.work, document), answer)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
