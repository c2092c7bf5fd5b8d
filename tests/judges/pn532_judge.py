"""nfcpy and libnfc use our simulated PN532 as if it were a chip on a serial line."""

import argparse
import errno
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nfc.clf
from nfc.clf import pn532
from nfc.clf.transport import TTY

from verdict import Verdict

# Longest run of one foreign program, in seconds.
LIMIT_S = 30

FOUR = "DEADBEEF"
SEVEN = "04112233445566"
OTHER = "04AABBCCDDEEFF"
ATS = "0675778102 80"


class Chip:
    """The simulator with three cards beside it."""

    def __init__(self, program, work):
        self.path = work / "pn532"
        self.path.unlink(missing_ok=True)
        cards = work / "cards.json"
        tag = lambda name, uid, chip: {"id": name, "uid": uid, "chip": chip}
        cards.write_text(json.dumps({"tags": [
            tag("four", FOUR, "mifare-classic"),
            tag("seven", SEVEN, "mifare-desfire"),
            tag("other", OTHER, "mifare-classic"),
        ]}))
        command = [program, "reader", "--model", "pn532", "--listen", f"pty:{self.path}"]
        command += ["--tags", str(cards)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline().split()
        if first[:1] != ["listening"]:
            raise RuntimeError(f"the simulator did not start: {first}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"{line}: {answer}")

    def only(self, *names):
        """Exactly these cards lie on the reader, in this order."""
        self.say("lift four seven other")
        if names:
            self.say("lay " + " ".join(names))


def sense(device, uid=None):
    target = nfc.clf.RemoteTarget("106A")
    target.sel_req = bytearray.fromhex(uid) if uid else None
    found = device.sense_tta(target)
    if found is None:
        return None
    return tuple(bytes(part).hex().upper() for part in (found.sens_res, found.sel_res, found.sdd_res))


def nfcpy_judges(chip):
    verdict = Verdict("nfcpy")
    device = pn532.init(TTY(str(chip.path)))
    verdict.check("chip and firmware", device.chipset_name, "PN532v1.6")
    chip.only()
    verdict.check("no card", sense(device), None)
    # nfcpy turns the ATQA round, low byte first on the air.
    for name, expected in [
        ("four", ("0400", "08", FOUR)),
        ("seven", ("4403", "20", SEVEN)),
        ("other", ("4400", "08", OTHER)),
    ]:
        chip.only(name)
        verdict.check(f"the card {name}", sense(device), expected)
    chip.only("four", "seven", "other")
    for uid in [FOUR, SEVEN, OTHER]:
        found = sense(device, uid)
        verdict.check("asked for by its UID", found and found[2], uid)
    chip.only("seven")
    verdict.check("asked for and not there", sense(device, FOUR), None)

    chip.only("four", "seven", "other")
    two = device.chipset.command(0x4A, bytearray([2, 0]), timeout=1.0)
    verdict.check("two at once", bytes(two).hex().upper(),
                  f"020100040804{FOUR}0203442007{SEVEN}")
    device.chipset.set_parameters(0x10)
    chip.only("seven")
    with_ats = device.chipset.command(0x4A, bytearray([1, 0]), timeout=1.0)
    verdict.check("with its ATS", bytes(with_ats).hex().upper(),
                  f"010103442007{SEVEN}{ATS.replace(' ', '')}")
    device.chipset.set_parameters(0)
    verdict.check("released", bytes(device.chipset.command(0x52, bytearray([0]), 0.5)), b"\0")
    waits_for_ever(chip, device, verdict)
    try:
        device.chipset.command(0x60, bytearray([1, 1, 0]), timeout=0.5)
        verdict.true("a command that the chip does not know", False)
    except nfc.clf.pn53x.Chipset.Error as error:
        verdict.check("a command that the chip does not know", error.errno, 0x7F)
    device.close()
    again = pn532.init(TTY(str(chip.path)))
    verdict.check("woken after power-down", sense(again)[2], SEVEN)
    again.close()
    return verdict.failed


def waits_for_ever(chip, device, verdict):
    """In the setting of power-up a listing waits for a card; nfcpy's ACK ends that."""
    chip.only()
    device.chipset.rf_configuration(0x05, b"\xFF\x01\xFF")
    try:
        device.chipset.command(0x4A, bytearray([1, 0]), timeout=0.3)
        verdict.true("waits for ever", False)
    except OSError as error:
        verdict.check("waits for ever", error.errno, errno.ETIMEDOUT)
    ic, version, revision, _ = device.chipset.get_firmware_version()
    verdict.check("works after the abort", (ic, version, revision), (0x32, 1, 6))
    device.chipset.rf_configuration(0x05, b"\x01\x00\x01")
    chip.only("seven")
    verdict.check("lists after the abort", sense(device), ("4403", "20", SEVEN))


def nfc_list(chip):
    """UIDs, SAKs and ATSs in libnfc's words."""
    env = dict(os.environ, LIBNFC_DEVICE=f"pn532_uart:{chip.path}")
    run = subprocess.run(["nfc-list"], env=env, capture_output=True, text=True, timeout=LIMIT_S)
    field = lambda name: [
        value.replace(" ", "").upper()
        for value in re.findall(rf"{re.escape(name)}: ([0-9a-f ]+)", run.stdout)
    ]
    if "opened" not in run.stdout:
        raise RuntimeError(f"nfc-list did not open the chip: {run.stdout} {run.stderr}")
    return field("UID (NFCID1)"), field("SAK (SEL_RES)"), field("ATS")


def libnfc_judges(chip):
    verdict = Verdict("libnfc")
    if shutil.which("nfc-list") is None:
        print("libnfc: skipped: nfc-list is not installed (Debian package libnfc-bin)")
        return 0
    # libnfc shows the ATS without its length byte.
    for names, expected in [
        ([], ([], [], [])),
        (["four"], ([FOUR], ["08"], [])),
        (["seven"], ([SEVEN], ["20"], [ATS.replace(" ", "")[2:]])),
        (["other"], ([OTHER], ["08"], [])),
    ]:
        chip.only(*names)
        verdict.check(f"nfc-list with {' '.join(names) or 'no card'}", nfc_list(chip), expected)
    return verdict.failed


def main():
    parser = argparse.ArgumentParser()
    for name in ["sim", "work"]:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    failed = 0
    for judge in [nfcpy_judges, libnfc_judges]:
        with Chip(args.sim, pathlib.Path(args.work)) as chip:
            failed += judge(chip)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
