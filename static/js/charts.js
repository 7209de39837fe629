// Bars by arrow keys, and what a bar stands for beside the pointer. Without scripts the browser shows the same words.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

// The words move to where only screen readers find them, or the browser would show its own box over ours.
function takeWords(element) {
  const title = element.querySelector(":scope > title");
  if (title) {
    element.setAttribute("aria-label", title.textContent);
    title.remove();
  }
}

// One stop of the tab key a chart: the newest bar, or the one that was looked at last.
function stopAt(bar) {
  for (const one of bar.closest("svg").querySelectorAll(".bar")) {
    one.setAttribute("tabindex", one === bar ? "0" : "-1");
  }
}

function prepare(root) {
  for (const drawing of root.querySelectorAll(".chart .bars")) {
    takeWords(drawing);
    const bars = drawing.querySelectorAll(".bar");
    bars.forEach(takeWords);
    if (bars.length) {
      stopAt(bars[bars.length - 1]);
    }
  }
}

function tipOf(chart) {
  let tip = chart.querySelector(".tip");
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "tip";
    // The bar itself says it to those who listen.
    tip.setAttribute("aria-hidden", "true");
    chart.append(tip);
  }
  return tip;
}

function show(bar) {
  const chart = bar.closest(".chart");
  const tip = tipOf(chart);
  const [ground, at] = [chart.getBoundingClientRect(), bar.getBoundingClientRect()];
  chart.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
  bar.classList.add("current");
  tip.textContent = bar.getAttribute("aria-label");
  tip.hidden = false;
  const right = at.right - ground.left + 8;
  const fits = right + tip.offsetWidth <= ground.width;
  tip.style.left = `${fits ? right : Math.max(0, at.left - ground.left - tip.offsetWidth - 8)}px`;
}

function hide(chart) {
  tipOf(chart).hidden = true;
  chart.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
}

function barOf(event) {
  return event.target.closest?.(".chart .bar");
}

document.addEventListener("keydown", (event) => {
  const bar = barOf(event);
  if (event.key === "Escape") {
    document.querySelectorAll(".chart").forEach(hide);
  }
  if (!bar || !(event.key in STEPS || event.key === "Home" || event.key === "End")) {
    return;
  }
  event.preventDefault();
  const bars = [...bar.closest("svg").querySelectorAll(".bar")];
  const ends = { Home: 0, End: bars.length - 1 };
  const to = bars[ends[event.key] ?? bars.indexOf(bar) + STEPS[event.key]];
  to?.focus();
});

document.addEventListener("focusin", (event) => {
  const bar = barOf(event);
  if (bar) {
    stopAt(bar);
    show(bar);
  }
});

document.addEventListener("focusout", (event) => {
  const bar = barOf(event);
  if (bar) {
    hide(bar.closest(".chart"));
  }
});

document.addEventListener("pointerover", (event) => {
  const bar = barOf(event);
  if (bar && event.pointerType === "mouse") {
    show(bar);
  }
});

// After a tap the pointer is gone at once: only a mouse that leaves takes the words with it.
document.addEventListener("pointerout", (event) => {
  const bar = barOf(event);
  if (bar && event.pointerType === "mouse" && !bar.contains(event.relatedTarget)) {
    hide(bar.closest(".chart"));
  }
});

// A finger first asks what the bar is, and goes to its list with the second tap.
let asked = null;
document.addEventListener("pointerdown", (event) => {
  const bar = barOf(event);
  asked = event.pointerType === "mouse" || bar?.classList.contains("current") ? null : bar;
});
document.addEventListener("click", (event) => {
  const bar = barOf(event);
  if (bar && bar === asked) {
    event.preventDefault();
    show(bar);
  }
});

document.addEventListener("swapped", (event) => prepare(event.target.parentNode));
prepare(document);
