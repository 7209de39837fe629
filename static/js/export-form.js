// What a list is for mostly follows from where it goes: chosen for as long as nobody has chosen otherwise. And a list of
// OpenIDs is of one account: said before it is sent.

const form = document.querySelector("form.export");
const { account, format, purpose } = form.elements;
let last = "";

function choosePurpose(destination) {
  if (purpose.value === "" || purpose.value === last) {
    purpose.value = last = destination.dataset.purpose;
  }
}

function askForAccount() {
  const destination = form.querySelector("[name=destination]:checked");
  account.required = (destination?.dataset.format || format.value) === "openids";
}

form.addEventListener("change", ({ target }) => {
  if (target.dataset.purpose !== undefined) choosePurpose(target);
  if (account) askForAccount();
});
if (account) askForAccount();
