// What tells a file from another is reckoned here, piece by piece, and sent in its place: see exporting/fingerprints.py.

const BLOCK = 1024 * 1024;
const HEAD = 4096;
const DIGITS = 16;
const LINE_FEED = 10;
const QUOTE = 34;

const section = document.querySelector("[data-verify]");
const form = section.querySelector("form");
const drop = section.querySelector("[data-drop]");
const chooser = section.querySelector("[data-file]");
const status = section.querySelector("[data-status]");

function say(text) {
  status.hidden = false;
  status.textContent = text;
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

// Ends of lines, and those of them outside of quotes, which end a row of CSV.
class Counting {
  lines = 0;
  records = 0;
  quoted = false;

  take(bytes) {
    for (const byte of bytes) {
      if (byte === LINE_FEED) {
        this.lines += 1;
        this.records += this.quoted ? 0 : 1;
      } else if (byte === QUOTE) {
        this.quoted = !this.quoted;
      }
    }
  }
}

async function reckon(file) {
  const counting = new Counting();
  const digests = [];
  for (let at = 0; at < file.size; at += BLOCK) {
    const bytes = new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer());
    digests.push(await sha256(bytes));
    counting.take(bytes);
    say(status.dataset.reading.replace("%s", `${Math.floor((100 * at) / file.size)}%`));
  }
  const tree = new Uint8Array(digests.length * 32);
  digests.forEach((digest, index) => tree.set(digest, index * 32));
  return {
    name: file.name,
    size: file.size,
    tree: hex(await sha256(tree)),
    head: hex(await sha256(await file.slice(0, HEAD).arrayBuffer())),
    // What is too much for one form is not compared; a whole file is known by its tree.
    blocks: digests.slice(0, 3000).map((digest) => hex(digest).slice(0, DIGITS)).join(""),
    lines: counting.lines,
    records: counting.records,
  };
}

async function check(file) {
  try {
    const told = await reckon(file);
    for (const [name, value] of Object.entries(told)) {
      form.elements.namedItem(name).value = value;
    }
    form.elements.namedItem("sha256").value = "";
    form.requestSubmit();
  } catch {
    say(status.dataset.unreadable);
  }
}

if (crypto.subtle) {
  drop.hidden = false;
  chooser.addEventListener("change", () => {
    if (chooser.files.length) {
      check(chooser.files[0]);
    }
  });
  section.addEventListener("dragover", (event) => {
    event.preventDefault();
    section.classList.add("over");
  });
  section.addEventListener("dragleave", () => section.classList.remove("over"));
  section.addEventListener("drop", (event) => {
    event.preventDefault();
    section.classList.remove("over");
    if (event.dataTransfer.files.length) {
      check(event.dataTransfer.files[0]);
    }
  });
} else {
  say(status.dataset.insecure);
}
