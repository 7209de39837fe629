// The live feed: what happens is put into the list in the order of ids, as plain text; while it is paused, or nobody
// looks at the page, it is kept or asked for later.

const SHOWN_AT_MOST = 300;
const SAID_EVERY = 10_000;
const TRIED_AGAIN_AFTER = 15_000;

const log = document.querySelector("[data-live]");
const list = log.querySelector("ol");
const blank = document.getElementById("live-row").content.querySelector("li");
const state = document.getElementById("live-state");
const pause = document.getElementById("live-pause");
const stream = new URL(log.dataset.live, location.href);

let source = null;
let again = 0;
let isOver = false;
let isPaused = false;
let waiting = [];
let waitingRows = 0;
let counted = 0;
let news = { new: 0, bad: 0 };

// Ids have more digits than numbers hold.
function idOf(item) {
  return BigInt(item.dataset.id);
}

function itemOf(row) {
  const item = blank.cloneNode(true);
  item.dataset.id = row.id;
  item.querySelector("time").dateTime = row.at;
  item.querySelector("[data-clock]").textContent = row.clock;
  const word = item.querySelector("[data-word]");
  word.textContent = row.word;
  word.className = `badge ${row.badge}`;
  item.querySelector("[data-code]").textContent = row.code;
  item.querySelector("[data-said]").textContent = row.said;
  item.querySelector("[data-place]").textContent = row.place;
  const attempt = item.querySelector("[data-attempt]");
  attempt.textContent = row.support_code;
  if (row.href) {
    attempt.href = row.href;
  }
  return item;
}

function noteOf(text, id) {
  const item = document.createElement("li");
  item.className = "more";
  item.dataset.id = id;
  item.textContent = text;
  return item;
}

// One with a lower id may come later. Whatever is there already was sent again after a break.
function place(item) {
  const id = idOf(item);
  const older = [...list.children].find((one) => idOf(one) <= id);
  if (older && idOf(older) === id && !item.classList.contains("more") && !older.classList.contains("more")) {
    return false;
  }
  list.insertBefore(item, older ?? null);
  return true;
}

function show({ rows, more, gap }) {
  document.getElementById("live-few")?.remove();
  for (const row of rows) {
    if (place(itemOf(row))) {
      news.new += 1;
      news.bad += row.badge === "bad" ? 1 : 0;
    }
  }
  for (const text of [more, gap].filter(Boolean)) {
    // Beneath the rows that came with it.
    const id = rows.length ? BigInt(rows[rows.length - 1].id) - 1n : BigInt(list.firstElementChild?.dataset.id ?? 0);
    list.insertBefore(noteOf(text, String(id)), [...list.children].find((one) => idOf(one) <= id) ?? null);
  }
  while (list.children.length > SHOWN_AT_MOST) {
    list.lastElementChild.remove();
  }
}

function say(name) {
  const text = state.dataset[name];
  if (state.textContent !== text) {
    state.textContent = text;
  }
}

// However much happens, those who listen are told at most once in so many seconds.
setInterval(() => {
  if (news.new && source && !isPaused && !document.hidden) {
    const told = state.dataset.news.replace("%(new)s", news.new).replace("%(bad)s", news.bad);
    state.textContent = `${state.dataset.on} · ${told}`;
    news = { new: 0, bad: 0 };
  }
}, SAID_EVERY);

function take(event) {
  stream.searchParams.set("after", event.lastEventId);
  const portion = JSON.parse(event.data);
  if (!isPaused) {
    show(portion);
    return;
  }
  waiting.push(portion);
  waitingRows += portion.rows.length;
  // Of more than the list holds, only the newest are kept.
  while (waitingRows - waiting[0].rows.length >= SHOWN_AT_MOST) {
    waitingRows -= waiting.shift().rows.length;
  }
  counted += portion.rows.length;
  pause.textContent = pause.dataset.waiting.replace("%s", counted);
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}

function open() {
  close();
  if (isOver || document.hidden) {
    return;
  }
  source = new EventSource(stream);
  source.addEventListener("open", () => say(isPaused ? "paused" : "on"));
  source.addEventListener("message", take);
  source.addEventListener("ended", () => {
    isOver = true;
    close();
    say("over");
  });
  source.addEventListener("error", () => {
    say("off");
    // A refusal ends it for good; a lost connection it takes up again by itself.
    if (source?.readyState === EventSource.CLOSED) {
      again = setTimeout(open, TRIED_AGAIN_AFTER);
    }
  });
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  if (!isPaused) {
    waiting.forEach(show);
    waiting = [];
    waitingRows = counted = 0;
  }
  pause.textContent = isPaused ? pause.dataset.goOn : pause.dataset.pause;
  pause.setAttribute("aria-pressed", String(isPaused));
  if (source?.readyState === EventSource.OPEN) {
    say(isPaused ? "paused" : "on");
  }
});

// A browser has few connections: a page that nobody sees keeps none of them, and catches up when it is seen again.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
// Brought back as it was left, the list catches up as well.
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && open());

pause.hidden = false;
open();
