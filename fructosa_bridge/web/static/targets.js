// Shows the targets: those that are wanted, in the order that is wanted, a page at a time.
// What is wanted stands in the address, so that it can be sent to somebody.
"use strict";

const PAGE = 100;
const RANK = { down: 0, waiting: 1, up: 2 };
const NUMBER = new Set(["last", "duration", "samples", "interval", "missed"]);
const COLLATOR = new Intl.Collator("en", { numeric: true });
const KEYS = {
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
let want = wanted();

function wanted() {
  const asked = new URLSearchParams(location.search);
  const sort = asked.get("sort") || "state";
  return {
    state: asked.get("state") || "",
    group: asked.get("group") || "",
    text: asked.get("text") || "",
    sort: KEYS[sort.replace(/^-/, "")] ? sort : "state",
    page: Math.max(1, Math.floor(Number(asked.get("page"))) || 1),
  };
}

function remember() {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(want)) {
    const usual = { sort: "state", page: 1 }[name] || "";
    if (value !== usual) asked.set(name, value);
  }
  const text = asked.toString();
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

function chosen() {
  const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => (!want.state || row.state === want.state)
    && (!want.group || row.group === want.group)
    && words.every((word) => row.told.includes(word)));
}

function sorted(found) {
  const down = want.sort.startsWith("-") ? -1 : 1;
  const key = KEYS[want.sort.replace(/^-/, "")];
  return found.sort((one, other) => {
    const a = key(one), b = key(other);
    // What is not known comes last, whichever way.
    if (a == null || b == null) return (a == null) - (b == null) || one.rank - other.rank;
    return (a < b ? -down : a > b ? down : 0) || one.rank - other.rank;
  });
}

function put(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

function emptyRow() {
  const line = document.createElement("tr");
  for (const name of Object.keys(CELLS)) {
    const cell = line.insertCell();
    if (NUMBER.has(name)) cell.className = "number";
    if (name === "error") cell.className = "error";
    if (name === "name") cell.append(document.createElement("a"));
  }
  return line;
}

function fill(line, row) {
  Object.values(CELLS).forEach((text, i) => {
    const cell = line.cells[i];
    put(i === 1 ? cell.firstElementChild : cell, text(row));
  });
  line.cells[0].className = `state ${row.state}`;
  line.cells[1].firstElementChild.href = `/node/${encodeURIComponent(row.path)}`;
  const due = row.last_scrape_s;
  line.cells[3].title = due == null ? "" : new Date(1000 * due).toLocaleString();
}

function show() {
  const found = sorted(chosen());
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  // Fewer may be found than before; what is wanted goes on to be wanted.
  const page = Math.min(want.page, pages);
  const start = (page - 1) * PAGE;
  const part = found.slice(start, start + PAGE);
  const body = table.tBodies[0];
  while (body.rows.length > part.length) body.lastElementChild.remove();
  while (body.rows.length < part.length) body.append(emptyRow());
  part.forEach((row, i) => fill(body.rows[i], row));
  const place = part.length ? `${count(start + 1)}\u2013${count(start + part.length)} of ` : "";
  put(document.getElementById("found"), `${place}${count(found.length)}`);
  const back = document.getElementById("back"), next = document.getElementById("next");
  back.hidden = next.hidden = pages === 1;
  back.disabled = page === 1;
  next.disabled = page === pages;
  table.dataset.shown = found.length;
  for (const head of heads) {
    const is = want.sort.replace(/^-/, "") === head.dataset.sort;
    if (is) head.ariaSort = want.sort.startsWith("-") ? "descending" : "ascending";
    else head.removeAttribute("aria-sort");
  }
  for (const link of document.querySelectorAll("#states a")) {
    if (link.dataset.state === want.state) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("no-match").hidden = part.length > 0;
}

function choose(change) {
  want = { ...want, page: 1, ...change };
  remember();
  show();
}

function take(answer) {
  nowS = answer.now_s;
  rows = answer.targets;
  if (rows.length !== nameRanks.size || !rows.every((row) => nameRanks.has(row.name))) {
    nameRanks = ranks(rows.map((row) => row.name));
  }
  groupRanks = ranks(Object.keys(answer.groups));
  for (const row of rows) {
    row.rank = nameRanks.get(row.name);
    row.told = `${row.name} ${row.group} ${row.error || ""}`.toLowerCase();
  }
  put(document.getElementById("up"), count(answer.counts.up));
  put(document.getElementById("total"), count(rows.length));
  document.getElementById("ready").hidden = answer.is_ready;
  document.title = `${answer.counts.up} of ${rows.length} targets up - lmaster`;
  for (const link of document.querySelectorAll("#states a")) {
    const { state } = link.dataset;
    put(link.querySelector("b"), count(state ? answer.counts[state] : rows.length));
  }
  offer([...groupRanks.keys()]);
}

function offer(groups) {
  const select = form.elements.group;
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join("\n") === groups.join("\n")) return;
  select.replaceChildren(select.options[0], ...groups.map((group) => new Option(group)));
  select.value = want.group;
}

async function refresh() {
  const trouble = document.getElementById("trouble");
  try {
    if (!document.hidden || !rows.length) {
      const answer = await fetch("/api/targets");
      if (!answer.ok) throw new Error(await answer.text());
      take(await answer.json());
      show();
      table.dataset.refreshed = nowS;
      trouble.hidden = true;
    }
  } catch (error) {
    const since = nowS ? `This is of ${new Date(1000 * nowS).toLocaleTimeString()}. ` : "";
    put(trouble, `${since}lmaster does not answer: ${error.message}`);
    trouble.hidden = false;
  }
  // The more there are, the longer: ten thousand are three megabytes.
  setTimeout(refresh, Math.max(3000, rows.length));
}

function start() {
  for (const head of heads) {
    const name = head.dataset.sort, button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    // Numbers are most telling where they are large; a second click turns the order round.
    const [first, second] = NUMBER.has(name) ? [`-${name}`, name] : [name, `-${name}`];
    button.addEventListener("click", () => choose({ sort: want.sort === first ? second : first }));
  }
  document.getElementById("states").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose({ state: link.dataset.state });
  });
  form.elements.text.value = want.text;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.text.addEventListener("input", () => choose({ text: form.elements.text.value.trim() }));
  form.elements.group.addEventListener("change", () => choose({ group: form.elements.group.value }));
  document.getElementById("back").addEventListener("click", () => turn(-1));
  document.getElementById("next").addEventListener("click", () => turn(1));
  refresh();
}

function turn(by) {
  const most = Math.max(1, Math.ceil(Number(table.dataset.shown) / PAGE));
  choose({ page: Math.min(most, Math.max(1, Math.min(want.page, most) + by)) });
}

start();
