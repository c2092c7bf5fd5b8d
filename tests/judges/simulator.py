"""Starts the printer simulator for a judge and waits for what it prints."""

import pathlib
import shutil
import subprocess
import time

import zxingcpp
from PIL import Image

LIMIT_S = 20


class Simulator:
    def __init__(self, program, out, *faults, profile="epson-tm-t20ii", at="127.0.0.1:0"):
        self.out = pathlib.Path(out)
        shutil.rmtree(self.out, ignore_errors=True)
        command = [program, "printer", "--listen", f"tcp:{at}", "--out", str(self.out)]
        command += ["--profile", profile]
        for fault in faults:
            command += ["--fault", fault]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline().split()
        if first[:1] != ["listening"]:
            raise RuntimeError(f"the simulator did not start: {first}")
        self.port = int(first[1].rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def receipt(self, number):
        """Text and picture path of a receipt; waits for it."""
        picture = self.out / f"{number:04}.png"
        end = time.monotonic() + LIMIT_S
        while not picture.exists():
            if time.monotonic() > end:
                raise RuntimeError(f"no receipt {number} within {LIMIT_S} s")
            time.sleep(0.05)
        return (self.out / f"{number:04}.txt").read_text("utf-8"), picture


def codes(picture):
    """Kinds and contents of the codes a foreign reader finds in a picture."""
    found = zxingcpp.read_barcodes(Image.open(picture).convert("L"))
    return sorted((str(code.format).rsplit(".", 1)[-1], code.text) for code in found)
