"""A site with WeChat login, in Python with httpx: GATEWAY_URL=… SITE_KEY=… python redeem.py, then open SITE_URL."""

import hashlib
import hmac
import html
import os
import secrets
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

GATEWAY_URL = os.environ["GATEWAY_URL"]
SITE_KEY = os.environ["SITE_KEY"]
SITE_URL = os.environ.get("SITE_URL", "http://localhost:3000")
people = {}  # who is signed in, by session; a real site keeps this in its database


class Refused(Exception):
    """The visitor is not signed in: a status and a sentence for them."""


def redeem(ticket):
    """Turn a ticket into the person it stands for. A ticket works once and for five minutes."""
    headers = {
        "Authorization": f"Bearer {SITE_KEY}",
        # WeChat's browser may open the page twice at once: both get the same answer.
        "Idempotency-Key": hashlib.sha256(ticket.encode()).hexdigest(),
    }
    for _ in range(3):
        try:
            answer = httpx.post(
                f"{GATEWAY_URL}/api/v1/tickets/redeem", json={"ticket": ticket}, headers=headers, timeout=10
            )
        except httpx.TransportError as error:
            raise Refused(502, "The login service did not answer. Please try again in a moment.") from error
        if answer.status_code == 200:
            return answer.json()
        if answer.status_code != 503:
            break
        time.sleep(min(int(answer.headers.get("Retry-After", "1")), 5))  # busy: the same key makes a repeat safe
    if answer.status_code in (404, 409, 410):  # unknown, used, expired
        raise Refused(400, "This login link is used up. Please sign in again.")
    # 401 and 403 mean that the key is not this site's: its developer has to know, visitors cannot help it.
    print("redeem:", answer.status_code, answer.text, file=sys.stderr)
    raise Refused(502, "Signing in does not work at the moment.")


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        pages = {"/": self.home, "/login": self.login, "/back": self.back}
        try:
            pages.get(address.path, self.missing)(parse_qs(address.query))
        except Refused as refused:
            status, sentence = refused.args
            self.page(status, f"<p>{sentence}</p><p><a href='/login'>Sign in</a></p>")

    def home(self, query):
        person = people.get(self.cookie("session"))
        if person is None:
            self.page(200, "<a href='/login'>Sign in with WeChat</a>")
            return
        nickname = (person["profile"] or {}).get("nickname", "")  # none after a silent login
        self.page(200, f"<p>{html.escape(nickname)}</p><p>{person['openid']}</p><p>{person['unionid'] or ''}</p>")

    def login(self, query):
        nonce = self.cookie("nonce") or secrets.token_urlsafe(24)
        asked = {"url": f"{SITE_URL}/back", "scope": "snsapi_userinfo", "nonce": nonce}
        self.redirect(f"{GATEWAY_URL}/auth?{urlencode(asked)}", nonce=nonce)

    def back(self, query):
        person = redeem(query.get("ticket", [""])[0])
        # Another nonce means that the login began in another browser: whoever sent the link would share their account.
        nonce = person["nonce"] or ""
        if not nonce or not hmac.compare_digest(nonce.encode(), self.cookie("nonce").encode()):
            raise Refused(403, "This login began in another browser.")
        session = secrets.token_urlsafe(32)
        people[session] = person
        self.redirect("/", session=session)  # an address without the ticket

    def missing(self, query):
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
        self.wfile.write(f"<!doctype html><title>Site</title>{content}".encode())

    def log_message(self, *args):
        """The address carries the ticket: it belongs in no log."""


ThreadingHTTPServer(("localhost", urlsplit(SITE_URL).port or 80), Site).serve_forever()
