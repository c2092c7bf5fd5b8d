"""Counts and prints what a judge finds."""


class Verdict:
    def __init__(self, judge):
        self.judge = judge
        self.failed = 0

    def check(self, what, ours, theirs):
        if ours == theirs:
            print(f"{self.judge}: ok: {what}")
            return
        self.failed += 1
        show = lambda v: v.hex(" ") if isinstance(v, bytes) else repr(v)
        print(f"{self.judge}: DIFFERS: {what}\n  ours   {show(ours)}\n  theirs {show(theirs)}")

    def true(self, what, is_so, seen=""):
        if is_so:
            print(f"{self.judge}: ok: {what}")
        else:
            self.failed += 1
            print(f"{self.judge}: WRONG: {what} {seen}")
