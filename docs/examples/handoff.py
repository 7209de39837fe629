"""An old site that reads the person out of its own address: GATEWAY_URL=… HANDOFF_KEYS=… python handoff.py.

For sites with hand-off `openid`. HANDOFF_KEYS is the hand-off key, and while it is rotated the new one beside it, with
a comma between them. It needs nothing but Python.
"""

import hashlib
import hmac
import html
import os
import re
import secrets
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

GATEWAY_URL = os.environ["GATEWAY_URL"]
HANDOFF_KEYS = os.environ["HANDOFF_KEYS"].split(",")
SITE_URL = os.environ.get("SITE_URL", "http://localhost:3000")
GOOD_FOR_S = 300  # as long as a ticket
CLOCKS_DIFFER_S = 60
people = {}  # who is signed in, by session; a real site keeps this in its database


class Refused(Exception):
    """The visitor is not signed in: a sentence for them."""


def person_of(target):
    """Whom the gateway sent back to an address of this site, which is given as its server was asked for it: /back?…"""
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    # One that is there twice could be read as either: it counts as none.
    told = {name: values[0] for name, values in query.items() if len(values) == 1}
    openid, ts, ticket, sig = (told.get(name, "") for name in ("openid", "ts", "ticket", "sig"))
    # Four lines: the address up to the ? or & in front of `ticket`, as it is, and the other three.
    message = "\n".join([SITE_URL + re.split("[?&]ticket=", target)[0], openid, ts, ticket])
    signatures = [hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest() for key in HANDOFF_KEYS]
    # Compared in the same time wherever they differ, so that nobody can guess one sign by sign.
    if not any(hmac.compare_digest(signature.encode(), sig.encode()) for signature in signatures):
        raise Refused("This link is not from our login service. Please sign in again.")
    if not -CLOCKS_DIFFER_S <= time.time() - int(ts) <= GOOD_FOR_S:
        raise Refused("This login link is too old. Please sign in again.")
    return told


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        pages = {"/": self.home, "/login": self.login, "/back": self.back}
        try:
            pages.get(urlsplit(self.path).path, self.missing)()
        except Refused as refused:
            self.page(400, f"<p>{refused}</p><p><a href='/login'>Sign in</a></p>")

    def home(self):
        person = people.get(self.cookie("session"), {})
        shown = "".join(f"<p>{html.escape(person.get(name, ''))}</p>" for name in ("nickname", "openid"))
        self.page(200, shown if person else "<a href='/login'>Sign in with WeChat</a>")

    def login(self):
        # What is in the address is signed with it: the browser's own mark says that the login began in it.
        mark = self.cookie("mark") or secrets.token_urlsafe(24)
        asked = {"url": f"{SITE_URL}/back?mark={mark}", "scope": "snsapi_userinfo"}
        self.redirect(f"{GATEWAY_URL}/auth?{urlencode(asked)}", mark=mark)

    def back(self):
        guest = parse_qs(urlsplit(self.path).query).get("guest")
        if guest:  # declined, or WeChat's snapshot page: somebody who may look around
            self.redirect("/")
            return
        person = person_of(self.path)
        mark = person.get("mark", "")
        if not mark or not hmac.compare_digest(mark.encode(), self.cookie("mark").encode()):
            raise Refused("This login began in another browser. Please sign in again.")
        session = secrets.token_urlsafe(32)
        people[session] = person
        self.redirect("/", session=session)  # an address that says nothing of the person

    def missing(self):
        self.page(404, "<p>There is no such page.</p>")

    def cookie(self, name):
        found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        return found.value if found else ""

    def redirect(self, address, **cookies):
        self.send_response(302)
        self.send_header("Location", address)
        for name, value in cookies.items():  # add Secure on https; Strict would not survive the way back from WeChat
            self.send_header("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()

    def page(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(f"<!doctype html><meta charset=utf-8><title>Site</title>{content}".encode())

    def log_message(self, *args):
        """The address says who the person is: it belongs in no log."""


ThreadingHTTPServer(("localhost", urlsplit(SITE_URL).port or 80), Site).serve_forever()
