// What was said is said once, and not again when the page is loaded anew.

export function saidOnce() {
  const address = new URL(location.href);
  if (!address.searchParams.has("said")) return;
  address.searchParams.delete("said");
  history.replaceState(history.state, "", address);
}
