// A page that answers a refused form takes the address of the page with that form, so that it can
// be gone back to and loaded anew.

history.replaceState(history.state, "", document.body.dataset.address);
