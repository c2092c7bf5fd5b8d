# Jiehuan: every English word of screens, receipts and workbench. Keys stay; wording may change.

## Start
attract-title = Borrow and return
attract-greeting = Hello. What would you like to do?
attract-borrow = Borrow
attract-borrow-how = Show your card, lay down books
attract-return = Return
attract-return-how = No card needed, lay down books
attract-account = My loans and renewals
attract-start-hint = Touch a button, or show your card
attract-lang = 中文
attract-modes = Large · Speech · Low
attract-pad-left = Books on the pad are not registered. Take them, or choose borrow or return
attract-pad-count = { $n ->
    [one] 1 book on the pad. Choose borrow or return
   *[other] { $n } books on the pad. Choose borrow or return
}
attract-title-child = Let's borrow books

## Choose
choose-title = What would you like to do?
choose-renew = Renew and loans
choose-holds = My holds
choose-suggest = Suggest
choose-pad = { $n ->
    [one] 1 book on the pad
   *[other] { $n } books on the pad
}
choose-pad-how = We have read the books. Borrow or return?

## Show your card
ident-title = Show your library card
ident-card = Hold the card at the light
ident-qr = Hold your phone code to the window
ident-id = An ID or social-security card also works
ident-nocard = No card with you?
ident-borrow = Then lay your books down
ident-account = See your loans and renew them
ident-busy = Looking up, one moment

## PIN
pin-title = Enter your PIN
pin-left = { $n ->
    [one] 1 try left
   *[other] { $n } tries left
}
pin-typed = { $n ->
    [one] 1 digit typed
   *[other] { $n } digits typed
}
pin-delete = Delete
pin-ok = OK
pin-digit = Digit { $n }

## Borrow
work-borrow = Borrow
work-return = Return
work-hello = Hello { $name }
work-borrowed = { $used } on loan, { $left } more allowed
work-on-loan = { $used } on loan
work-left = { $left } more allowed
work-place = Lay the books flat on the pad
work-place-max = Up to { $max } at a time, a little apart
work-count = { $n } found
work-on-pad = We see on the pad
work-unit = { $n ->
    [one] book
   *[other] books
}
work-same = Is that all of yours?
work-empty = Lay down a book to start
work-wait = Working, please leave the books
work-slow = The library system is taking a moment
work-place-child = Put your books here, one by one
work-wait-child = Hold still, the book is checking out
line-due = Due { $date }
line-due-child = Bring it back on { $date }
line-undo = Do not borrow this one
line-renewed = Renewed to { $date }
line-returned-hint = Received, thank you

## State of a line
state-seen = Reading
state-asking = Registering
state-writing = Please leave it
state-borrowed = Borrowed
state-returned = Returned
state-renewed = Renewed
state-attention = Please read
state-refused = Not done
state-lifted = Taken away
state-queued = Noted, will be registered
state-of = { $title }: { $state }. { $note }

## Count
count-title = Count them
count-ask = How many did you put down?
count-ask-child = Count them. How many?
count-ok = The number matches
count-differ = You said { $want }, the machine found { $got }. Please spread the books and lay them down again
count-person = { $n } not found. Please take them to a librarian
count-more = More
count-found = The machine found { $n }

## Return
ret-title = Return, no card needed
ret-place = Lay the books on the pad
ret-shelf = Put it on the return shelf
ret-trolley = Put it on the trolley
ret-hold = Someone is waiting for it. Use the red slot
ret-transit = This belongs to { $branch }. Use the transfer box
owner-return-only = This belongs to { $owner }. Return only here
owner-elsewhere = This belongs to { $owner }. Please take it there
ret-counter = Please hand it to a librarian
ret-notloan = Received. It was not on loan
ret-notloan-then = It was not on loan. { $put }
ret-count = { $n } returned
ret-code = Receipt code { $code }
ret-thanks-child = Thank you for bringing it back

## Loans
loans-title = My loans
loans-none = Nothing on loan
loans-loading = Looking up, one moment
loans-late = { $n ->
    [one] 1 day late
   *[other] { $n } days late
}
loans-count = { $n } on loan
renew-one = Renew
renew-all = Renew all
renew-asking = Renewing
renew-done = Renewed to { $date }
renew-done-short = Renewed
renew-some = { $ok } renewed, { $no } not
renew-name = Renew { $title }

## Holds and fees
holds-ready = Ready at { $place }, until { $date }
holds-wait = { $n } ahead of you
holds-moving = On its way
fees-total = To pay: CNY { $amount }
fees-where = Pay at the desk. You can always return books

## Finish
fin-title = All done
fin-title-child = Done!
fin-none-done = Nothing done this time
fin-head-borrowed = { $n ->
    [one] 1 book borrowed
   *[other] { $n } books borrowed
}
fin-head-returned = { $n ->
    [one] 1 book returned
   *[other] { $n } books returned
}
fin-head-renewed = { $n ->
    [one] 1 book renewed
   *[other] { $n } books renewed
}
fin-head-queued = { $n ->
    [one] 1 book noted
   *[other] { $n } books noted
}
fin-and-borrowed = { $n } borrowed
fin-and-returned = { $n } returned
fin-and-renewed = { $n } renewed
fin-queued = { $n } noted, will be registered
fin-due-before = First due
fin-due-after = {""}
fin-borrowed = { $n } borrowed, first due { $date }
fin-notdone = { $n } not done, see below
fin-receipt = Would you like a receipt?
fin-paper = Print
fin-phone = To my phone
fin-none = No thanks
fin-no-paper = No paper now
fin-bye = Take your books and card
fin-bye-return = Thank you for bringing it back
fin-bye-child = Hold your books. Do you have your card?
fin-q = Was this easy today?
fin-seconds = Ends by itself in { $n } s
fin-printing = Printing the receipt
fin-printed = Your receipt is ready, please take it
fin-maybe = If the receipt came out, please take it
fin-unknown = We cannot tell if it printed. You can print a copy
fin-declined = No receipt, then
fin-scan = Scan it with your phone to keep the receipt
fin-again = Print again
fin-more-borrow = Borrow more
fin-more-return = Return more
fin-more = Go on
fin-end = Finish

## Still there
warn-title = Are you still there?
warn-body = Back to start in { $n } s. What is done stays done
warn-safe = What is done stays done
warn-seconds = seconds, then back to start
warn-items = { $n } on the pad not yet done
warn-more = Continue
warn-end = Finish now

## Help
help = Help
help-title = How it works
help-call = Call a librarian
help-called = Called, please wait
help-none = Nobody here now. Staffed { $hours }
help-close = Close
help-adult-child = Please ask a grown-up
help-card-title = Your card
help-card = Hold it at the light. Take it away after the tone
help-books-title = Your books
help-books = Lay them flat, a little apart. Wait for the tick before you take them
help-count-title = Count
help-count = The large number must be the number of books you brought
help-return-title = Return
help-return = No card needed. Lay them down; the screen says where each one goes
help-receipt-title = Receipt
help-receipt = On paper, on your phone, or none at all
help-pin-title = PIN
help-pin = Forgotten? The desk sets a new one if you show your card
help-renew-title = Renew
help-renew = Touch Renew beside a title. The new date shows at once

## When something does not work
trouble-title = This station is resting
trouble-safe = Everything you finished is safe
trouble-again = It comes back by itself
start-title = Getting ready
start-body = Connecting the devices and the library system
today-maintenance = Being looked after. Nearest: { $nearest }
today-maintenance-alone = This station is being looked after
today-starting = Waiting for { $what }
today-starting-alone = Getting ready
today-reader-lost = The pad is resting. Please use the next station
today-offline = Working offline: returns, and loans up to { $n }
today-returns-only = Returns only for now
today-scan-only = Please scan one by one
today-missing = Resting: { $what }. Other ways work
today-no-paper = No paper; phone receipts
device-reader = the pad
device-printer = the receipt printer
device-cards = the card reader
device-id-card = the ID card reader
device-scanner = the scanner
device-library = the library system

## Suggestions
sugg-title = What would you like to tell us?
sugg-buy = Suggest a book (scan its ISBN)
sugg-code = Your code is { $code }. Your name is not kept
sugg-sent = Thank you, sent

## Common
back = Back
finish = Finish
finish-n = Finish · { $n }
borrow-n = Borrow · { $n }
yes = Yes
no = No
yes-renew = Renew
no-renew = No
page-up = Page up
page-down = Page down
page-of = { $page } / { $all }
mode-large = Large print
mode-contrast = Contrast
mode-language = Language: 中文
mode-language-short = 中文
mode-on = on
mode-off = off
list-sep = ,

## Advice (section 7)
err-card-unread = The card was not read. Please place it again
err-card-unknown = This card is not in the system. Please ask at the desk
err-card-expired = This card has expired. You can return; please renew it to borrow
err-card-lost = Please take this card to the desk
err-card-blocked = This card cannot borrow just now. Please ask at the desk
err-card-is-item = This is a book. Please show your card first
err-item-is-card = Please take the card off; books only
err-two-cards = Two cards found. Please leave one
err-card-other = This card is from another system. Please ask at the desk
err-qr-expired = That code has expired. Please refresh it
err-qr-used = That code was used. Please refresh it
err-pin-wrong = That PIN did not match. Please try again
err-pin-locked = For your safety, please wait { $n } min or ask at the desk
err-limit = You have reached your limit; this one stays
err-over-by = { $n } too many. Please take { $n } back
err-fees = There is something to pay before borrowing. Returns are fine
err-late-items = Return the overdue items and you can borrow
err-in-library = This one is for use in the library
err-held-other = It is kept for another reader. Please give it to a librarian
err-on-loan-other = Its last return was not registered. Please see the desk
err-already-yours = You have this already. Renew it?
err-item-unknown = We do not know this item. Please give it to a librarian
err-withdrawn = Please give this one to a librarian
err-age = This one is for older readers. Please ask
err-parts-missing = Set of { $all }, { $got } found. Please add the rest
err-media-here = Please borrow this kind at the desk
err-tag-bad = Its tag cannot be read. Please give it to a librarian
err-tag-foreign = This is not from our libraries
err-sec-fail = Borrowed, but the gate may sound. Please keep your receipt
err-sec-fail-undo = This one was not borrowed. Please give it to a librarian
err-lifted = Please put it back, not finished
err-renew-held = Someone is waiting; it cannot be renewed
err-renew-max = No renewals left
err-renew-early = It is too early to renew this one
err-ret-no = Please give it to a librarian
err-ret-other = This is not ours. Please take it back
err-slot-two = One at a time, please
err-bin-full = The bin is full. Use the next slot or come back
err-door = Please clear the opening
err-ils-down = Reconnecting. What you finished is safe
err-offline-limit = We are offline; this one has to wait. Returns are fine
err-unsure = The library has not answered yet. Staff will check this one
err-queue-full = Only returns just now. Staff can lend
err-reader-down = The pad is resting. Please use the next station
err-paper-out = No paper. Use your phone instead
err-print-fail = The receipt did not print. Your loan is valid
err-clock-bad = Setting the clock, one moment
err-maint = This station is being looked after
err-ask-staff = This one needs a librarian. Please hand it over

## For staff: one unit of the journal
staff-queued-loan = Lent here off line until { $due }; the library system will be told when it is back.
staff-queued-return = Returned here off line; the library system will be told when it is back.
staff-loan-refused = Lent here off line until { $due }, and the library system refuses it: { $why }. The reader has it: lend it by hand, then resolve this line.
staff-loan-noted-unsure = Lent here off line until { $due }; whether the library system knows could not be found out. See the reader's account, then resolve this line.
staff-loan-unsure = A loan was asked for and the answer never came. Look at the reader's account and at the item, then resolve this line.
staff-return-refused = Taken back here, and the library system refuses the return. Return it by hand, then resolve this line.
staff-return-unsure = Taken back here; whether the library system has the return could not be found out. Look at the item, then resolve this line.
staff-renewal-unsure = A renewal was asked for and the answer never came. Look at the due date, then resolve this line.
staff-cancel = A loan could not be taken back and stands. Look at the item, then resolve this line.
staff-fee-unsure = A payment was taken here; whether it is booked could not be found out. See the reader's account first, then resolve this line.
staff-fee-refused = A payment was taken here and is not booked. Book it by hand or give it back, then resolve this line.
staff-why-held = another reader is waiting for it
staff-why-on-loan = it is on loan to somebody else
staff-why-limit = the reader has as many loans as allowed
staff-why-fees = the reader owes fees or has overdue items
staff-why-card = the card may not borrow, or is not known
staff-why-item = the item is not for loan, or is not known
staff-why-words = see its words with "journal show"
staff-why-none = it gave no reason
staff-note-time = The station's clock was wrong: the time of sending was told.
staff-note-held = Another reader is waiting for it: put it on the hold shelf.
staff-note-late = It was registered after { $due }, the day it was due.
staff-note-due = The library system has another due date than the { $due } the reader was told.
staff-note-already = The reader had it on loan already.
staff-note-words = The library system said something: see "journal show".

## Receipts
receipt-head-borrow = Borrowed
receipt-head-return = Returned
receipt-head-renew = Renewed
receipt-station = { $place }
receipt-code = Code { $code }
receipt-due = due { $date }
receipt-returned = returned
receipt-renewed = due { $date }
receipt-not-done = not done
receipt-total = { $n ->
    [one] 1 book   first due { $date }
   *[other] { $n } books   first due { $date }
}
receipt-total-return = { $n ->
    [one] 1 book
   *[other] { $n } books
}
receipt-total-renew = { $n ->
    [one] 1 book renewed
   *[other] { $n } books renewed
}
receipt-renew-hint = Renew by card or phone
receipt-hours = Open { $hours }
receipt-queued = Noted, will be registered
receipt-secfail = The gate may sound: show this slip
receipt-copy = COPY
receipt-card = Card ends in { $tail }
receipt-hold-head = On hold
receipt-hold-shelf = Shelf { $shelf }
receipt-hold-until = Keep until { $date }
receipt-transit-head = Transfer
receipt-transit-from = From { $branch }
receipt-transit-to = To { $branch }
receipt-item = Item { $item }

## Workbench
bench-title = Workbench
bench-subtitle = The devices are simulated, the bytes on the wires are real
bench-cards = Library cards
bench-cards-hint = Click to show, click again to take away
bench-shelf = Shelf
bench-shelf-hint = Click to lay on the pad, click again to lift
bench-paper = Receipts
bench-paper-none = Printed receipts come out here
bench-tear = Tear off
bench-wire = On the wire
bench-wire-hint = Click a line for its bytes
bench-wire-none = Show a card or lay down a book, and every step is told here
bench-wire-bytes = Bytes
bench-wire-sip2 = Library
bench-wire-rfid = Pad
bench-wire-printer = Printer
bench-wire-journal = Journal
bench-faults = Make trouble
bench-fault-network = Network off
bench-fault-paper = No paper
bench-fault-reader = Unplug the pad
bench-fault-pull = Pull while writing
bench-fault-power = Power cut
bench-restart = Start over
bench-restarting = The power was cut, starting again
bench-language = 中文
bench-shelf-on-pad = on the pad
bench-shelf-lent = lent
bench-book = { $title }, { $where ->
    [pad] on the pad
   *[shelf] on the shelf
}

## On the wire: library system
wire-sip2-01 = Block card {" "}{ $patron }
wire-sip2-09 = Check in {" "}item { $item }
wire-sip2-10 = { $ok ->
    [1] Taken back {" "}item { $item }
   *[other] Not taken back {" "}{ $says }
}
wire-sip2-11 = Check out {" "}reader { $patron } {" "}item { $item }
wire-sip2-12 = { $ok ->
    [1] Lent {" "}due { $due }
   *[other] Not lent {" "}{ $says }
}
wire-sip2-15 = Place a hold {" "}reader { $patron }
wire-sip2-16 = { $ok ->
    [1] Hold placed
   *[other] No hold {" "}{ $says }
}
wire-sip2-17 = Ask about item { $item }
wire-sip2-18 = Item: { $title }
wire-sip2-19 = Update item { $item }
wire-sip2-20 = { $ok ->
    [1] Item updated
   *[other] Item not updated
}
wire-sip2-23 = Ask reader status {" "}{ $patron }
wire-sip2-24 = { $ok ->
    [1] Reader may borrow
   *[other] Reader status {" "}{ $says }
}
wire-sip2-25 = Enable card {" "}{ $patron }
wire-sip2-26 = Card enabled
wire-sip2-29 = Renew {" "}reader { $patron } {" "}item { $item }
wire-sip2-30 = { $ok ->
    [1] Renewed {" "}due { $due }
   *[other] Not renewed {" "}{ $says }
}
wire-sip2-35 = End session
wire-sip2-36 = Session ended
wire-sip2-37 = Pay { $amount }
wire-sip2-38 = { $ok ->
    [1] Payment taken
   *[other] Payment not taken {" "}{ $says }
}
wire-sip2-63 = Ask about reader { $patron }
wire-sip2-64 = { $ok ->
    [1] Reader has { $n } on loan
   *[other] No such reader
}
wire-sip2-65 = Renew all {" "}reader { $patron }
wire-sip2-66 = { $renewed } renewed, { $no } not
wire-sip2-93 = Log in
wire-sip2-94 = { $ok ->
    [1] Logged in
   *[other] Not logged in
}
wire-sip2-96 = Please send that again
wire-sip2-97 = Please send that again
wire-sip2-98 = { $ok ->
    [1] Library system on line
   *[other] Library system off line
}
wire-sip2-99 = Tell our status
wire-sip2-other = Message { $code }
wire-sip2-connect = Connected to the library system
wire-sip2-lost = Connection lost
wire-sip2-timeout = No answer in time
wire-sip2-checksum = Checksum { $sum } { $ok ->
    [1] right
   *[other] wrong
}

## On the wire: pad
wire-rfid-inventory = Which tags are on the pad?
wire-rfid-found = { $n ->
    [one] 1 tag on the pad
   *[other] { $n } tags on the pad
}
wire-rfid-read = Read blocks {" "}{ $uid }
wire-rfid-read-ok = { $n ->
    [one] 1 block read
   *[other] { $n } blocks read
}
wire-rfid-read-afi = Read AFI {" "}{ $uid }
wire-rfid-afi-is = AFI is { $afi } {" "}{ $secured ->
    [1] the gate would sound
   *[other] released
}
wire-rfid-write-afi = Write AFI { $afi } {" "}{ $uid }
wire-rfid-write-eas = { $on ->
    [1] EAS on {" "}{ $uid }
   *[other] EAS off {" "}{ $uid }
}
wire-rfid-read-eas = Read EAS {" "}{ $uid }
wire-rfid-eas-is = { $on ->
    [1] EAS is on, the gate would sound
   *[other] EAS is off, released
}
wire-rfid-ok = Reader: done
wire-rfid-code = Reader: code { $code }
wire-rfid-no-tag = No tag answered
wire-rfid-version = Which reader are you?
wire-rfid-version-is = Reader { $model } {" "}firmware { $version }
wire-rfid-select = Select tag {" "}{ $uid }
wire-rfid-field = { $on ->
    [1] Antenna on
   *[other] Antenna off
}
wire-rfid-other = Reader command { $code }
wire-rfid-lost = The reader is gone
wire-rfid-back = The reader is back

## On the wire: printer
wire-printer-init = Reset the printer
wire-printer-text = Text {" "}{ $text }
wire-printer-feed = Feed paper
wire-printer-image = Picture
wire-printer-cut = Cut
wire-printer-ask = Ask printer status
wire-printer-answer = { $ok ->
    [1] Ready, paper in
   *[other] No paper
}
wire-printer-offline = Printer off line
wire-printer-job-ask = Is job { $job } done?
wire-printer-job-done = Job { $job } printed
wire-printer-other = Printer command { $code }

## On the wire: journal
wire-journal-intent = Intent noted: { $what ->
    [borrow] lend
    [return] take back
   *[renew] renew
} {" "}item { $item }
wire-journal-outcome = Outcome noted: { $ok ->
    [1] the library said yes
    [0] the library said no
   *[other] unknown, left to check
} {" "}item { $item }
wire-journal-secured = Tag noted: { $released ->
    [1] released
   *[other] secured
} {" "}item { $item }
wire-journal-receipt = Receipt noted {" "}{ $code }
wire-journal-session = { $on ->
    [1] Session begins
   *[other] Session ends
}
wire-journal-repair = { $n ->
    [one] Restarted, finishing 1 open item
   *[other] Restarted, finishing { $n } open items
}
wire-journal-clean = Restarted, nothing left open
