// Says that something is on its way when the next page, or the part of it that is fetched, takes long to come.

const PATIENCE = 400;
const said = document.querySelector(".progress");
let waiting = 0;

function begin() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    said.textContent = said.dataset.says;
  }, PATIENCE);
}

function end() {
  clearTimeout(waiting);
  said.textContent = "";
}

function leavesThePage(link) {
  // A bar of a chart is a link as well, and its href is no string.
  const url = new URL(link.getAttribute("href"), location.href);
  const isHere = url.pathname === location.pathname && url.search === location.search;
  return url.origin === location.origin && !isHere && !link.target && !link.hasAttribute("download");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link && plain && !event.defaultPrevented && leavesThePage(link)) {
    begin();
  }
});
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) {
    begin();
  }
});
document.addEventListener("fetching", begin);
document.addEventListener("fetched", end);
// Also when the browser brings an old page back as it was left.
addEventListener("pageshow", end);
