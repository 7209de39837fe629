// All that a page needs: ask for a ticket, and give it to the site's own server with the nonce that came along.
const form = document.getElementById("arrived");

wxadmin.ticket({ scope: "snsapi_userinfo", channel: "h5" }).then(({ ticket, nonce }) => {
  form.elements.ticket.value = ticket;
  form.elements.nonce.value = nonce;
  form.submit();
}).catch((error) => {
  document.getElementById("said").textContent = error.message;
});
