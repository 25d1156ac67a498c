// What was said is said once, and not again when the page is loaded anew.

export function saidOnce() {
  const address = new URL(location.href);
  for (const name of ["said", "act", "accepted", "left"]) address.searchParams.delete(name);
  if (address.href === location.href) return;
  history.replaceState(history.state, "", address);
}
