"""A small library on the SIP2 server of another project (pysip2). Its books lie in a file, so that
it can die and come back."""

import argparse
import json
import os
import pathlib

import anyio
import pysip2
from pysip2 import routes

BLANK = " " * 14
DUE = "20270105    235900"


class Books:
    def __init__(self, path, dies_on):
        self.path = pathlib.Path(path)
        self.dies_on = dies_on
        self.lent, self.events = {}, []
        if self.path.exists():
            kept = json.loads(self.path.read_text())
            self.lent, self.events = kept["lent"], kept["events"]

    def note(self, event, item):
        self.events.append(f"{event} {item}")
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"lent": self.lent, "events": self.events}))
        new.replace(self.path)
        # A renewal whose answer is lost is left to staff: nothing tells it from the one before.
        once = event != "renewal" and self.events.count(f"{event} {item}") == 1
        if item == self.dies_on and once:
            # Done, and nobody was told.
            os._exit(9)


def library(books, detection):
    app = pysip2.SIP2Server(
        error_detection=detection, encoding="utf-8", institution_id="YZLIB",
        login_required=True, retries_allowed="000", timeout_period="010")

    @app.route(routes.LOGIN)
    async def login(req, ctx):
        return pysip2.LoginResponse(ok="1")

    @app.route(routes.PATRON_INFORMATION)
    async def patron(req, ctx):
        mine = tuple(i for i, who in books.lent.items() if who == req.patron_identifier)
        none = "0000"
        return pysip2.PatronInformationResponse(
            patron_status=BLANK, language="001", transaction_date=ctx.now_18(),
            hold_items_count=none, overdue_items_count=none,
            charged_items_count=f"{len(mine):04}", fine_items_count=none,
            recall_items_count=none, unavailable_holds_count=none, institution_id="YZLIB",
            patron_identifier=req.patron_identifier, personal_name="Wang", valid_patron="Y",
            charged_items=mine)

    @app.route(routes.CHECKOUT)
    async def checkout(req, ctx):
        item, who = req.item_identifier, req.patron_identifier
        free = item not in books.lent
        if free:
            books.lent[item] = who
            books.note("loan", item)
        return pysip2.CheckoutResponse(
            ok="1" if free else "0", renewal_ok="N", magnetic_media="U",
            desensitize="Y" if free else "N", transaction_date=ctx.now_18(),
            institution_id="YZLIB", patron_identifier=who, item_identifier=item,
            title_identifier=f"Book {item}", due_date=DUE if free else "")

    @app.route(routes.CHECKIN)
    async def checkin(req, ctx):
        item = req.item_identifier
        out = books.lent.pop(item, None)
        if out:
            books.note("return", item)
        return pysip2.CheckinResponse(
            ok="1" if out else "0", resensitize="Y", magnetic_media="U", alert="N",
            transaction_date=ctx.now_18(), institution_id="YZLIB", item_identifier=item,
            permanent_location="YZ-MAIN", patron_identifier=out)

    @app.route(routes.RENEW)
    async def renew(req, ctx):
        item, who = req.item_identifier, req.patron_identifier
        own = books.lent.get(item) == who
        if own:
            books.note("renewal", item)
        return pysip2.RenewResponse(
            ok="1" if own else "0", renewal_ok="Y", magnetic_media="U", desensitize="N",
            transaction_date=ctx.now_18(), institution_id="YZLIB", patron_identifier=who,
            item_identifier=item, title_identifier=f"Book {item}", due_date=DUE)

    @app.route(routes.ITEM_INFORMATION)
    async def item(req, ctx):
        out = req.item_identifier in books.lent
        return pysip2.ItemInformationResponse(
            circulation_status="04" if out else "03", security_marker="00", fee_type="01",
            transaction_date=ctx.now_18(), item_identifier=req.item_identifier,
            title_identifier=f"Book {req.item_identifier}")

    @app.route(routes.END_PATRON_SESSION)
    async def end(req, ctx):
        return pysip2.EndSessionResponse(
            end_session="Y", transaction_date=ctx.now_18(), institution_id="YZLIB",
            patron_identifier=req.patron_identifier)

    return app


async def main(args):
    app = library(Books(args.books, args.dies_on), args.detection)
    async with app.start("127.0.0.1", args.port) as port:
        print(f"listening 127.0.0.1:{port}", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--books", required=True)
    parser.add_argument("--detection", choices=["auto", "required"], default="auto")
    parser.add_argument("--dies-on", help="dies once when this item is lent, and once when returned")
    anyio.run(main, parser.parse_args())
