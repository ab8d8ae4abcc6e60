// The table of targets: filtered, sorted, one page at a time.
// Filter, order and page are in the URL, so that it can be shared.
"use strict";

const PAGE_SIZE = 100;
const RANK = { down: 0, waiting: 2, up: 3 };
const NUMERIC = new Set(["down", "last", "duration", "samples", "interval", "missed"]);
const COLLATOR = new Intl.Collator("en", { numeric: true });
const SORT_KEYS = {
  // A target that is down as planned comes after those that died.
  state: (row) => RANK[row.state] + (row.state === "down" && !row.is_expected),
  name: (row) => row.rank,
  group: (row) => groupRanks.get(row.group),
  slurm: (row) => row.slurm_state,
  down: (row) => row.down_since_s,
  last: (row) => row.last_scrape_s,
  duration: (row) => row.duration_s,
  samples: (row) => row.samples,
  interval: (row) => row.interval_s,
  missed: (row) => row.missed,
  error: (row) => row.error || row.warning,
};
const CELLS = {
  state: (row) => row.state,
  name: (row) => row.name,
  group: (row) => row.group,
  slurm: null, // see slurm.js
  down: (row) => (row.down_since_s == null ? "" : `${age(nowS - row.down_since_s)} ago`),
  last: (row) => (row.last_scrape_s == null ? "" : `${age(nowS - row.last_scrape_s)} ago`),
  duration: (row) => (row.duration_s == null ? "" : duration(row.duration_s)),
  samples: (row) => count(row.samples),
  interval: (row) => `${row.interval_s} s`,
  missed: (row) => count(row.missed),
  error: (row) => row.error || row.warning || "",
};

// Columns that show how long ago something was; the title of a cell has the date.
const TIMES = { down: "down_since_s", last: "last_scrape_s" };

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
    slurm: params.get("slurm") || "",
    condition: params.get("condition") || "",
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

function date(seconds) {
  return seconds == null ? "" : new Date(1000 * seconds).toLocaleString();
}

function ranks(names) {
  return new Map([...new Set(names)].sort(COLLATOR.compare).map((name, rank) => [name, rank]));
}

function filtered() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => (!view.state || row.state === view.state)
    && (!view.group || row.group === view.group)
    && (!view.slurm || row.slurm_state === view.slurm)
    && (!view.condition || hasCondition(row, view.condition))
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
    if (name === "error" || name === "slurm") cell.className = name;
    if (name === "name") cell.append(document.createElement("a"));
  }
  return line;
}

function fill(line, row) {
  Object.entries(CELLS).forEach(([name, text], i) => {
    const cell = line.cells[i];
    if (name === "slurm") fillSlurm(cell, row);
    else setText(name === "name" ? cell.firstElementChild : cell, text(row));
    if (name in TIMES) cell.title = date(row[TIMES[name]]);
  });
  line.cells[0].className = `state ${row.state}${row.is_expected ? "" : " planned"}`;
  line.cells[1].firstElementChild.href = `/node/${encodeURIComponent(row.path)}`;
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
  for (const link of document.querySelectorAll("#states a, #conditions a")) {
    const { state, condition } = link.dataset;
    if (state === undefined ? condition === view.condition : state === view.state) link.setAttribute("aria-current", "true");
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
    row.searchText = `${row.name} ${row.group} ${row.error || row.warning || ""} ${row.slurm_state || ""} ${row.slurm_reason || ""}`.toLowerCase();
  }
  setText(document.getElementById("up"), count(data.counts.up));
  setText(document.getElementById("total"), count(rows.length));
  document.getElementById("ready").hidden = data.is_ready;
  document.title = `${data.counts.up} of ${rows.length} targets up - lmaster`;
  for (const link of document.querySelectorAll("#states a")) {
    const { state } = link.dataset;
    setText(link.querySelector("b"), count(state ? data.counts[state] : rows.length));
  }
  updateOptions(form.elements.group, [...groupRanks.keys()], view.group);
  updateSlurm(data.slurm);
}

function updateOptions(select, values, selected) {
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join("\n") === values.join("\n")) return;
  select.replaceChildren(select.options[0], ...values.map((value) => new Option(value)));
  select.value = selected;
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
  onClick("states", ({ state }) => changeView({ state }));
  // A second click on a condition shows all again.
  onClick("conditions", ({ condition }) => changeView({ condition: view.condition === condition ? "" : condition }));
  form.elements.text.value = view.text;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.text.addEventListener("input", () => changeView({ text: form.elements.text.value.trim() }));
  for (const name of ["group", "slurm"]) {
    form.elements[name].addEventListener("change", () => changeView({ [name]: form.elements[name].value }));
  }
  document.getElementById("previous").addEventListener("click", () => turnPage(-1));
  document.getElementById("next").addEventListener("click", () => turnPage(1));
  refresh();
}

function onClick(id, change) {
  document.getElementById(id).addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    change(link.dataset);
  });
}

function turnPage(by) {
  const pages = Math.max(1, Math.ceil(Number(table.dataset.matching) / PAGE_SIZE));
  changeView({ page: Math.min(pages, Math.max(1, Math.min(view.page, pages) + by)) });
}

start();
