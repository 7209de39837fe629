// What a list is for mostly follows from where it goes: chosen for as long as nobody has chosen otherwise.

const form = document.querySelector("form.export");
const purpose = form.elements.purpose;
let last = "";

form.addEventListener("change", ({ target }) => {
  const usual = target.dataset.purpose;
  if (usual !== undefined && (purpose.value === "" || purpose.value === last)) {
    purpose.value = last = usual;
  }
});
