// The key `/` leads to the search box, from wherever nobody is typing.

const box = document.querySelector(".search [name=q]");

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (!box || event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  event.preventDefault();
  box.focus();
  box.select();
});
