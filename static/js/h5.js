// Gets a login ticket for a page. Include it from the gateway, then:
//
//   wxadmin.ticket({ scope: "snsapi_userinfo" }).then(({ ticket, nonce }) => post both to your own server)
//
// The first call leaves for WeChat; the page that comes back calls again and gets the ticket. Your server redeems the
// ticket and compares the nonce in the answer with the one that was posted: a ticket that somebody else put into the
// address has another nonce, or none.
(function () {
  "use strict";

  var GATEWAY = document.currentScript.src.replace(/\/h5\.js(\?.*)?$/, "");
  var KEPT = "wxadmin";
  // The gateway's ten minutes for a login, and five for its ticket.
  var KEPT_MS = 15 * 60 * 1000;
  var LOOP_MS = 60 * 1000;
  var STARTS_AT_MOST = 2;
  var TICKET = /[?&]ticket=([A-Za-z0-9_-]+)(?=[&#]|$)/;
  var GUEST = /[?&]guest=(declined|snapshot)(?=[&#]|$)/;
  var OPTIONS = ["scope", "account", "lang", "channel", "ref"];

  function random() {
    var bytes = crypto.getRandomValues(new Uint8Array(24));
    return Array.prototype.map.call(bytes, function (byte) { return ("0" + byte.toString(16)).slice(-2); }).join("");
  }

  // What was begun of late: { nonce, at, starts, awaited }. WeChat may show the page that comes back in another view, so
  // it is kept for the origin, not for the tab; tabs share the nonce, which is the browser's.
  function recall() {
    try {
      var kept = JSON.parse(localStorage.getItem(KEPT));
      if (kept && Date.now() - kept.at < KEPT_MS) return kept;
    } catch (error) {
      // Whatever stands there is not ours.
    }
    return { nonce: random(), at: 0, starts: [], awaited: 0 };
  }

  function keep(state) {
    localStorage.setItem(KEPT, JSON.stringify(state));
  }

  // What the address says, which then is no longer in it: not in the history, nor in what is shared.
  function take(pattern) {
    var match = pattern.exec(location.href);
    if (!match) return null;
    var clean = location.href.replace(match[0], match[0].charAt(0) === "?" ? "?" : "");
    // Browsers carry the fragment of WeChat's link over the redirects of a silent login.
    clean = clean.replace("?&", "?").replace(/#wechat_redirect$/, "").replace(/\?(?=#|$)/, "");
    history.replaceState(history.state, "", clean);
    return match[1];
  }

  function start(options, state) {
    var now = Date.now();
    state.starts = state.starts.filter(function (at) { return now - at < LOOP_MS; });
    if (state.starts.length >= STARTS_AT_MOST) {
      throw new Error("wxadmin: this page left for WeChat " + STARTS_AT_MOST + " times within a minute and came back " +
        "without a ticket of its own; it does not leave again");
    }
    state.at = now;
    state.starts.push(now);
    state.awaited += 1;
    keep(state);
    var query = "url=" + encodeURIComponent(options.url || location.href) + "&nonce=" + state.nonce;
    OPTIONS.forEach(function (name) {
      if (options[name]) query += "&" + name + "=" + encodeURIComponent(options[name]);
    });
    location.assign(GATEWAY + "/auth?" + query);
  }

  // Resolves with { ticket, nonce } on the page that comes back. Rejects where it would go round in circles, and where
  // the visitor is back as a guest: the error's `guest` is then "declined" or "snapshot".
  function ticket(options) {
    return new Promise(function (resolve, reject) {
      var found = take(TICKET);
      var guest = take(GUEST);
      var state = recall();
      if (guest) {
        // Also where nothing is known to have begun: the snapshot page keeps a memory of its own.
        state.awaited = Math.max(0, state.awaited - 1);
        keep(state);
        var error = new Error("wxadmin: the visitor is back as a guest (" + guest + ")");
        error.guest = guest;
        reject(error);
      } else if (found && state.awaited > 0) {
        state.awaited -= 1;
        state.starts = [];
        keep(state);
        resolve({ ticket: found, nonce: state.nonce });
      } else {
        start(options || {}, state);
      }
    });
  }

  window.wxadmin = { ticket: ticket };
})();
