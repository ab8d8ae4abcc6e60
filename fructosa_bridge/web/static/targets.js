// The table of targets: filtered, sorted, one page at a time.
// Filter, order and page are in the URL, so that it can be shared.
"use strict";

const PAGE_SIZE = 100;
const RANK = { down: 0, waiting: 1, up: 2 };
const NUMERIC = new Set(["last", "duration", "samples", "interval", "missed"]);
const COLLATOR = new Intl.Collator("en", { numeric: true });
const SORT_KEYS = {
  state: (row) => RANK[row.state],
  name: (row) => row.rank,
  group: (row) => groupRanks.get(row.group),
  last: (row) => row.last_scrape_s,
  duration: (row) => row.duration_s,
  samples: (row) => row.samples,
  interval: (row) => row.interval_s,
  missed: (row) => row.missed,
  error: (row) => row.error,
};
const CELLS = {
  state: (row) => row.state,
  name: (row) => row.name,
  group: (row) => row.group,
  last: (row) => (row.last_scrape_s == null ? "" : `${age(nowS - row.last_scrape_s)} ago`),
  duration: (row) => (row.duration_s == null ? "" : duration(row.duration_s)),
  samples: (row) => count(row.samples),
  interval: (row) => `${row.interval_s} s`,
  missed: (row) => count(row.missed),
  error: (row) => row.error || "",
};

const table = document.getElementById("targets");
const form = document.getElementById("filter");
const heads = [...table.querySelectorAll("th[data-sort]")];
let rows = [], nowS = 0, nameRanks = new Map(), groupRanks = new Map();
let view = viewFromURL();

function viewFromURL() {
  const params = new URLSearchParams(location.search);
  const sort = params.get("sort") || "state";
  return {
    state: params.get("state") || "",
    group: params.get("group") || "",
    text: params.get("text") || "",
    sort: SORT_KEYS[sort.replace(/^-/, "")] ? sort : "state",
    page: Math.max(1, Math.floor(Number(params.get("page"))) || 1),
  };
}

function updateURL() {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    const initial = { sort: "state", page: 1 }[name] || "";
    if (value !== initial) params.set(name, value);
  }
  const text = params.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

// The next three write numbers as fructosa_service/humanize.py does.
function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function duration(seconds) {
  if (seconds > 0 && seconds < 0.9995) return `${Number((Math.round(1e6 * seconds) / 1e3).toPrecision(3))} ms`;
  const [size, unit] = [[86400, "days"], [3600, "h"], [60, "min"]].find(([size]) => seconds >= 2 * size) || [1, "s"];
  const number = Math.max(0, seconds) / size;
  return `${number >= 9.95 ? count(number.toFixed(0)) : number.toFixed(1).replace(/\.0$/, "")} ${unit}`;
}

function age(seconds) {
  return duration(Math.max(0, Math.round(seconds)));
}

function ranks(names) {
  return new Map([...new Set(names)].sort(COLLATOR.compare).map((name, rank) => [name, rank]));
}

function filtered() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => (!view.state || row.state === view.state)
    && (!view.group || row.group === view.group)
    && words.every((word) => row.searchText.includes(word)));
}

function sorted(rows) {
  const sign = view.sort.startsWith("-") ? -1 : 1;
  const key = SORT_KEYS[view.sort.replace(/^-/, "")];
  return rows.sort((one, other) => {
    const a = key(one), b = key(other);
    // Rows without a value come last, in either order.
    if (a == null || b == null) return (a == null) - (b == null) || one.rank - other.rank;
    return (a < b ? -sign : a > b ? sign : 0) || one.rank - other.rank;
  });
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function emptyRow() {
  const line = document.createElement("tr");
  for (const name of Object.keys(CELLS)) {
    const cell = line.insertCell();
    if (NUMERIC.has(name)) cell.className = "number";
    if (name === "error") cell.className = "error";
    if (name === "name") cell.append(document.createElement("a"));
  }
  return line;
}

function fill(line, row) {
  Object.values(CELLS).forEach((text, i) => {
    const cell = line.cells[i];
    setText(i === 1 ? cell.firstElementChild : cell, text(row));
  });
  line.cells[0].className = `state ${row.state}`;
  line.cells[1].firstElementChild.href = `/node/${encodeURIComponent(row.path)}`;
  const due = row.last_scrape_s;
  line.cells[3].title = due == null ? "" : new Date(1000 * due).toLocaleString();
}

function show() {
  const matching = sorted(filtered());
  const pages = Math.max(1, Math.ceil(matching.length / PAGE_SIZE));
  // Fewer rows may match than before. The URL keeps the page, for when there are more again.
  const page = Math.min(view.page, pages);
  const start = (page - 1) * PAGE_SIZE;
  const part = matching.slice(start, start + PAGE_SIZE);
  const body = table.tBodies[0];
  while (body.rows.length > part.length) body.lastElementChild.remove();
  while (body.rows.length < part.length) body.append(emptyRow());
  part.forEach((row, i) => fill(body.rows[i], row));
  const range = part.length ? `${count(start + 1)}\u2013${count(start + part.length)} of ` : "";
  setText(document.getElementById("match-count"), `${range}${count(matching.length)}`);
  const previous = document.getElementById("previous"), next = document.getElementById("next");
  previous.hidden = next.hidden = pages === 1;
  previous.disabled = page === 1;
  next.disabled = page === pages;
  table.dataset.matching = matching.length;
  for (const head of heads) {
    const isSorted = view.sort.replace(/^-/, "") === head.dataset.sort;
    if (isSorted) head.ariaSort = view.sort.startsWith("-") ? "descending" : "ascending";
    else head.removeAttribute("aria-sort");
  }
  for (const link of document.querySelectorAll("#states a")) {
    if (link.dataset.state === view.state) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("no-match").hidden = part.length > 0;
}

function changeView(change) {
  view = { ...view, page: 1, ...change };
  updateURL();
  show();
}

function update(data) {
  nowS = data.now_s;
  rows = data.targets;
  if (rows.length !== nameRanks.size || !rows.every((row) => nameRanks.has(row.name))) {
    nameRanks = ranks(rows.map((row) => row.name));
  }
  groupRanks = ranks(Object.keys(data.groups));
  for (const row of rows) {
    row.rank = nameRanks.get(row.name);
    row.searchText = `${row.name} ${row.group} ${row.error || ""}`.toLowerCase();
  }
  setText(document.getElementById("up"), count(data.counts.up));
  setText(document.getElementById("total"), count(rows.length));
  document.getElementById("ready").hidden = data.is_ready;
  document.title = `${data.counts.up} of ${rows.length} targets up - lmaster`;
  for (const link of document.querySelectorAll("#states a")) {
    const { state } = link.dataset;
    setText(link.querySelector("b"), count(state ? data.counts[state] : rows.length));
  }
  updateGroups([...groupRanks.keys()]);
}

function updateGroups(groups) {
  const select = form.elements.group;
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join("\n") === groups.join("\n")) return;
  select.replaceChildren(select.options[0], ...groups.map((group) => new Option(group)));
  select.value = view.group;
}

async function refresh() {
  const fetchError = document.getElementById("fetch-error");
  try {
    if (!document.hidden || !rows.length) {
      const response = await fetch("/api/targets");
      if (!response.ok) throw new Error(await response.text());
      update(await response.json());
      show();
      table.dataset.refreshed = nowS;
      fetchError.hidden = true;
    }
  } catch (error) {
    const since = nowS ? `Last update: ${new Date(1000 * nowS).toLocaleTimeString()}. ` : "";
    setText(fetchError, `${since}lmaster does not respond: ${error.message}`);
    fetchError.hidden = false;
  }
  // Less often if there are many targets: the response for 10,000 has three megabytes.
  setTimeout(refresh, Math.max(3000, rows.length));
}

function start() {
  for (const head of heads) {
    const name = head.dataset.sort, button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    // Numbers start with the largest; a second click reverses the order.
    const [first, second] = NUMERIC.has(name) ? [`-${name}`, name] : [name, `-${name}`];
    button.addEventListener("click", () => changeView({ sort: view.sort === first ? second : first }));
  }
  document.getElementById("states").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    changeView({ state: link.dataset.state });
  });
  form.elements.text.value = view.text;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.text.addEventListener("input", () => changeView({ text: form.elements.text.value.trim() }));
  form.elements.group.addEventListener("change", () => changeView({ group: form.elements.group.value }));
  document.getElementById("previous").addEventListener("click", () => turnPage(-1));
  document.getElementById("next").addEventListener("click", () => turnPage(1));
  refresh();
}

function turnPage(by) {
  const pages = Math.max(1, Math.ceil(Number(table.dataset.matching) / PAGE_SIZE));
  changeView({ page: Math.min(pages, Math.max(1, Math.min(view.page, pages) + by)) });
}

start();
