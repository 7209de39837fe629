// Buttons that copy the text of another element; they stay hidden where scripts do not run, since they could do nothing.

function select(element) {
  // What is folded away cannot be selected.
  element.closest("details")?.setAttribute("open", "");
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// The clipboard interface exists on https only; the older command still serves pages opened by a plain LAN address.
async function copy(element) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  }
  select(element);
  return document.execCommand("copy");
}

function bind(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-done]");
  const rest = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(source).catch(() => false);
    if (!copied) {
      // Left selected, the text can still be copied by hand.
      select(source);
      return;
    }
    label.textContent = label.dataset.done;
    setTimeout(() => {
      label.textContent = rest;
    }, 2000);
  });
}

function bindAll(root) {
  root.querySelectorAll("button[data-copy]").forEach(bind);
}

document.addEventListener("swapped", (event) => bindAll(event.target));
bindAll(document);
