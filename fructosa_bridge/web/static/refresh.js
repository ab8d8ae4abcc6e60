// Refreshes sections of a page: data-refresh is the URL of a page that contains the section,
// data-every the interval in seconds.
"use strict";

async function refreshSection(id) {
  const section = document.getElementById(id);
  if (document.hidden) return;
  try {
    const response = await fetch(section.dataset.refresh);
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById(id);
    // If nothing has changed, leave it alone: a selection or the focus would be lost.
    if (fresh && fresh.innerHTML !== section.innerHTML) section.replaceChildren(...fresh.childNodes);
  } catch {
    // The table of targets, or the plots, report that lmaster does not respond.
  }
}

for (const { id, dataset } of document.querySelectorAll("[data-refresh]")) {
  setInterval(refreshSection, 1000 * Number(dataset.every), id);
}
