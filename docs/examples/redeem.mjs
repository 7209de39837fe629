// A site with WeChat login, in Node 18 or newer: GATEWAY_URL=… SITE_KEY=… node redeem.mjs, then open SITE_URL.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { GATEWAY_URL, SITE_KEY, SITE_URL = "http://localhost:3000" } = process.env;
const people = new Map(); // who is signed in, by session; a real site keeps this in its database

class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

// Turns a ticket into the person it stands for. A ticket works once and for five minutes.
async function redeem(ticket) {
  const request = {
    method: "POST",
    headers: {
      Authorization: `Bearer ${SITE_KEY}`,
      "Content-Type": "application/json",
      // WeChat's browser may open the page twice at once: both get the same answer.
      "Idempotency-Key": createHash("sha256").update(ticket).digest("hex"),
    },
    body: JSON.stringify({ ticket }),
  };
  let answer;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      answer = await fetch(`${GATEWAY_URL}/api/v1/tickets/redeem`, { ...request, signal: AbortSignal.timeout(10_000) });
    } catch {
      throw new Refused(502, "The login service did not answer. Please try again in a moment.");
    }
    if (answer.status === 200) return answer.json();
    if (answer.status !== 503) break;
    await sleep(Math.min(Number(answer.headers.get("Retry-After") ?? 1), 5) * 1000); // the same key: a repeat is safe
  }
  if ([404, 409, 410].includes(answer.status)) { // unknown, used, expired
    throw new Refused(400, "This login link is used up. Please sign in again.");
  }
  // 401 and 403 mean that the key is not this site's: its developer has to know, visitors cannot help it.
  console.error("redeem:", answer.status, await answer.text());
  throw new Refused(502, "Signing in does not work at the moment.");
}

const pages = {
  "/"(query, cookies) {
    const person = people.get(cookies.session);
    if (!person) return page(200, "<a href='/login'>Sign in with WeChat</a>");
    const nickname = person.profile?.nickname ?? ""; // none after a silent login
    return page(200, `<p>${escape(nickname)}</p><p>${person.openid}</p><p>${person.unionid ?? ""}</p>`);
  },

  "/login"(query, cookies) {
    const nonce = cookies.nonce ?? randomBytes(24).toString("base64url");
    const asked = new URLSearchParams({ url: `${SITE_URL}/back`, scope: "snsapi_userinfo", nonce });
    return redirect(`${GATEWAY_URL}/auth?${asked}`, `nonce=${nonce}`);
  },

  async "/back"(query, cookies) {
    const person = await redeem(query.get("ticket") ?? "");
    // Another nonce means that the login began in another browser: whoever sent the link would share their account.
    if (!person.nonce || !same(person.nonce, cookies.nonce ?? "")) {
      throw new Refused(403, "This login began in another browser.");
    }
    const session = randomBytes(32).toString("base64url");
    people.set(session, person);
    return redirect("/", `session=${session}`); // an address without the ticket
  },
};

function same(one, other) {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}

const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (status, content) => ({
  status,
  headers: { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" },
  body: `<!doctype html><title>Site</title>${content}`,
});

const redirect = (address, cookie) => ({
  status: 302,
  headers: {
    Location: address,
    // Add Secure on https. Strict would not survive the way back from WeChat.
    "Set-Cookie": `${cookie}; Path=/; HttpOnly; SameSite=Lax`,
    "Referrer-Policy": "no-referrer",
  },
});

const cookiesOf = (header = "") => Object.fromEntries(header.split("; ").map((pair) => pair.split(/=(.*)/)));

createServer(async (request, response) => {
  const address = new URL(request.url, SITE_URL);
  let reply;
  try {
    const shown = pages[address.pathname] ?? (() => page(404, "<p>There is no such page.</p>"));
    reply = await shown(address.searchParams, cookiesOf(request.headers.cookie));
  } catch (error) {
    if (!(error instanceof Refused)) console.error(error.stack);
    const sentence = error instanceof Refused ? error.message : "Something went wrong.";
    reply = page(error.status ?? 500, `<p>${sentence}</p><p><a href='/login'>Sign in</a></p>`);
  }
  response.writeHead(reply.status, reply.headers).end(reply.body);
}).listen(new URL(SITE_URL).port || 80, "localhost");
