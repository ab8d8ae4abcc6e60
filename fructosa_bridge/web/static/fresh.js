// Keeps sections fresh: each names the page that shows it anew, and how many seconds later.
"use strict";

async function renew(id) {
  const section = document.getElementById(id);
  if (document.hidden) return;
  try {
    const answer = await fetch(section.dataset.fresh);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(id);
    // What is selected, or has the focus, stays where it is until it differs.
    if (fresh && fresh.innerHTML !== section.innerHTML) section.replaceChildren(...fresh.childNodes);
  } catch {
    // The table of targets, or the plots, say that lmaster does not answer.
  }
}

for (const { id, dataset } of document.querySelectorAll("[data-fresh]")) {
  setInterval(renew, 1000 * Number(dataset.every), id);
}
