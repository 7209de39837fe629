// An export that is being written: its progress is asked for every second, and the page anew when it has ended.

const EVERY = 1000;
const section = document.querySelector("[data-progress]");
const bar = section.querySelector("progress");
const said = section.querySelector("[data-said]");

async function look() {
  const response = await fetch(section.dataset.progress, { redirect: "error" });
  if (!response.ok) {
    throw new Error(String(response.status));
  }
  const told = await response.json();
  if (!told.is_underway) {
    location.reload();
    return;
  }
  said.textContent = told.said;
  if (told.max) {
    bar.max = told.max;
    bar.value = told.value;
  } else {
    bar.removeAttribute("value");
  }
  setTimeout(again, EVERY);
}

// Whatever goes wrong, the link beside it still shows the page.
function again() {
  look().catch(() => setTimeout(again, 10 * EVERY));
}

setTimeout(again, EVERY);
