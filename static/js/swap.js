// Filters, sorting and paging without a reload: the ordinary page is fetched, and its `data-swap` sections take the
// place of those that are shown. Whatever goes wrong, the browser goes to that page by itself.

// Strict Trusted Types guard DOMParser too. Only our own pages come here, and a parsed document runs no script.
const policy = window.trustedTypes?.createPolicy("wxadmin", { createHTML: (html) => html });

let underway = new AbortController();
let shown = location.pathname + location.search;

function parse(html) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
}

function sections() {
  return [...document.querySelectorAll("[data-swap]")];
}

function busy(is) {
  sections().forEach((section) => section.setAttribute("aria-busy", String(is)));
}

// What stood in the same place: the same field of a form, else a link with the same task, else the same words.
function counterpart(section, old) {
  if (old.name) {
    return section.querySelector(`[name="${CSS.escape(old.name)}"]`);
  }
  if (old.rel) {
    return section.querySelector(`a[rel="${CSS.escape(old.rel)}"]`);
  }
  return [...section.querySelectorAll(old.localName)].find((one) => one.textContent === old.textContent);
}

function replace(page) {
  const focused = document.activeElement;
  for (const section of sections()) {
    const fresh = document.adoptNode(page.getElementById(section.id));
    const held = section.contains(focused);
    section.replaceWith(fresh);
    if (held) {
      const next = counterpart(fresh, focused);
      fresh.tabIndex = -1;
      (next ?? fresh).focus({ preventScroll: true });
    }
    fresh.dispatchEvent(new Event("swapped", { bubbles: true }));
  }
  document.title = page.title;
}

// A filter form outside the sections says again what it said when that page was made.
function refill(page) {
  for (const fresh of page.querySelectorAll("form.filters [name]")) {
    const shown = document.querySelector(`form.filters [name="${CSS.escape(fresh.name)}"]`);
    if (shown) {
      shown.value = fresh.value;
      shown.checked = fresh.checked;
    }
  }
}

// What was asked for matters more than the fields it was asked by, where both do not fit one screen.
function fold() {
  for (const details of document.querySelectorAll(".fold[open]")) {
    const summary = details.querySelector("summary");
    if (summary.checkVisibility?.()) {
      const held = details.contains(document.activeElement);
      details.open = false;
      if (held) {
        summary.focus();
      }
    }
  }
}

async function go(url, { keep }) {
  underway.abort();
  underway = new AbortController();
  const { signal } = underway;
  busy(true);
  document.dispatchEvent(new Event("fetching"));
  try {
    const response = await fetch(url, { signal });
    const page = parse(await response.text());
    const fits = response.ok && !response.redirected && sections().every(({ id }) => page.getElementById(id));
    if (signal.aborted) {
      return;
    }
    if (!fits) {
      location.assign(url);
      return;
    }
    if (keep) {
      history.pushState({}, "", url);
    }
    shown = url.pathname + url.search;
    replace(page);
    document.dispatchEvent(new Event("fetched"));
    if (!keep) {
      refill(page);
    }
  } catch {
    if (!signal.aborted) {
      location.assign(url);
    }
  }
}

function isOurs(url) {
  return url.origin === location.origin && url.pathname === location.pathname && sections().length > 0;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  // Not form.action: a field of that name would answer.
  const url = new URL(form.getAttribute("action") || location.pathname, location.href);
  if (!form.matches(".filters:not([method='post'])") || !isOurs(url)) {
    return;
  }
  event.preventDefault();
  // Empty fields filter nothing; without them the address stays short enough to be passed on.
  const filled = [...new FormData(form, event.submitter)].filter(([, value]) => value !== "");
  url.search = new URLSearchParams(filled);
  go(url, { keep: true }).then(fold);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || event.defaultPrevented || link.target || link.hash || link.hasAttribute("download")) {
    return;
  }
  const section = link.closest("[data-swap]");
  const url = new URL(link.href);
  if (!section || !isOurs(url)) {
    return;
  }
  event.preventDefault();
  link.focus({ preventScroll: true });
  go(url, { keep: true }).then(() => {
    if (link.closest(".pager")) {
      document.getElementById(section.id)?.scrollIntoView({ block: "start" });
    }
  });
});

// A jump to a `#` fires this too, and changes nothing that was fetched.
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) {
    go(new URL(location.href), { keep: false });
  }
});
