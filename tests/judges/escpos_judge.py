"""python-escpos judges our bytes and our simulator; zxing reads the codes from its pictures."""

import argparse
import subprocess
import sys

from escpos.constants import QR_ECLEVEL_M, QR_MODEL_2
from escpos.printer import Dummy, Network

from simulator import Simulator, codes
from verdict import Verdict

INIT = b"\x1b@"
HANZI = b"\x1c&"


def sample(program, name, *profile):
    return subprocess.run([program, name, *profile], check=True, capture_output=True).stdout


def theirs(build):
    printer = Dummy(magic_encode_args={"disabled": True, "encoding": "CP437"})
    build(printer)
    return printer.output


def compare_bytes(program, verdict):
    def qr(p):
        p.qr("YZ0001234", ec=QR_ECLEVEL_M, size=6, model=QR_MODEL_2, native=True, center=False)

    ours, foreign = sample(program, "qr"), theirs(qr)
    start = foreign.index(b"\x1d(k")
    symbol = foreign[start : foreign.rindex(b"\x1d(k") + 8]
    verdict.true("QR model, size, level, store and print bytes", symbol in ours, symbol.hex(" "))

    def code128(p):
        p.barcode("{BYZ0001234", "CODE128", height=80, width=2, pos="BELOW",
                  align_ct=False, function_type="B")

    ours, foreign = sample(program, "code128"), theirs(code128)
    for what, command in [
        ("barcode height", b"\x1dh\x50"),
        ("barcode width", b"\x1dw\x02"),
        ("barcode text below", b"\x1dH\x02"),
        ("CODE128 function B", b"\x1dkI\x0b{BYZ0001234"),
    ]:
        verdict.true(what, command in ours and command in foreign, foreign.hex(" "))

    text = "红楼梦 2026-12-22\n".encode("gb18030")
    foreign = theirs(lambda p: (p._raw(INIT), p._raw(HANZI), p._raw(text)))
    verdict.check("text between initialisation and line feed", sample(program, "text"), foreign)

    foreign = theirs(lambda p: (p._raw(INIT), p._raw(HANZI), p.cut(mode="PART", feed=False)))
    ours = sample(program, "cut")
    # python-escpos cuts without feed here (GS V 1); ours feeds to the cutter (GS V 66 0).
    verdict.check("cut command, apart from its mode", ours[:-2], foreign[: len(ours) - 2])
    verdict.check("partial cut with feed", ours[-4:], b"\x1dV\x42\x00")


def print_to_simulator(sim_program, work, verdict):
    with Simulator(sim_program, f"{work}/sim-python") as sim:
        printer = Network("127.0.0.1", port=sim.port, timeout=5)
        printer.open()
        verdict.check("is_online", printer.is_online(), True)
        verdict.check("paper_status adequate", printer.paper_status(), 2)
        printer.set(align="center", double_height=True, double_width=True)
        printer._raw("扬中市图书馆\n".encode("gb18030"))
        printer.set(align="left", normal_textsize=True)
        printer.text("Due 2026-12-22\n")
        printer.barcode("{BYZ0001234", "CODE128", height=80, width=2, function_type="B")
        printer.set(align="center")
        printer.text("\n")
        printer.qr("YZ0001234", size=6, model=QR_MODEL_2, native=True, center=False)
        printer.text("\n")
        printer.cut()
        text, picture = sim.receipt(1)
        verdict.true("heading in the text", "扬中市图书馆" in text, text)
        verdict.true("line in the text", "Due 2026-12-22" in text, text)
        verdict.check("codes read from the picture", codes(picture),
                      [("Code128", "YZ0001234"), ("QRCode", "YZ0001234")])
        printer.close()
    with Simulator(sim_program, f"{work}/sim-python-out", "paper-out") as sim:
        printer = Network("127.0.0.1", port=sim.port, timeout=5)
        printer.open()
        verdict.check("paper out: is_online", printer.is_online(), False)
        verdict.check("paper out: paper_status", printer.paper_status(), 0)
        printer.close()
    with Simulator(sim_program, f"{work}/sim-python-low", "near-end") as sim:
        printer = Network("127.0.0.1", port=sim.port, timeout=5)
        printer.open()
        verdict.check("near end: paper_status", printer.paper_status(), 1)
        printer.close()


def our_receipts(sample_program, sim_program, work, verdict):
    """Our own bytes on our own simulator, read by a foreign eye."""
    import socket

    for profile in ["epson-tm-t20ii", "pos-5890"]:
        with Simulator(sim_program, f"{work}/sim-ours-{profile}", profile=profile) as sim:
            job = sample(sample_program, "worked", profile)
            with socket.create_connection(("127.0.0.1", sim.port)) as link:
                link.sendall(job)
                _, picture = sim.receipt(1)
            verdict.check(f"{profile}: codes on our receipt", codes(picture),
                          [("Code128", "YZ0001234"), ("QRCode", "YZ0001234")])


def main():
    parser = argparse.ArgumentParser()
    for name in ["sample", "sim", "work"]:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    verdict = Verdict("python-escpos")
    compare_bytes(args.sample, verdict)
    print_to_simulator(args.sim, args.work, verdict)
    our_receipts(args.sample, args.sim, args.work, verdict)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
