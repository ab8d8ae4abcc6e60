// Draws a node's plots, and asks for new points as often as the node is scraped.
"use strict";

const COLOURS = ["#1f6fb2", "#d2691e", "#2e8b57", "#8a4fbf", "#b3261e", "#00838f", "#a0790b", "#5d6d7e"];
const SCALE = { bytes: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], "bytes/s": ["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"] };

function shown(unit, value) {
  if (value == null) return "-";
  if (unit === "ratio") return (100 * value).toFixed(1) + " %";
  if (unit === "celsius") return value.toFixed(0) + " °C";
  if (unit === "s") return (1000 * value).toFixed(1) + " ms";
  if (!SCALE[unit]) return String(value);
  let step = 0;
  while (Math.abs(value) >= 1024 && step < SCALE[unit].length - 1) { value /= 1024; step += 1; }
  return value.toFixed(value < 10 && step ? 1 : 0) + " " + SCALE[unit][step];
}

function clock(time, span) {
  const date = new Date(1000 * time), two = (number) => String(number).padStart(2, "0");
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const minute = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (span > 2 * 86400) return `${day} ${minute}`;
  return span < 900 ? `${minute}:${two(date.getSeconds())}` : minute;
}

function options(plot, width) {
  const axis = { stroke: "#6b7785", grid: { stroke: "#eef1f4" }, ticks: { stroke: "#eef1f4" } };
  const times = (u, ticks) => ticks.map((tick) => clock(tick, u.scales.x.max - u.scales.x.min));
  const top = (u, low, high) => [0, plot.unit === "ratio" ? 1 : (high || 1) * 1.05];
  return {
    width, height: 210, padding: [8, 28, 0, 0],
    scales: { y: { range: top } },
    axes: [{ ...axis, values: times, space: 90 }, { ...axis, size: 78, values: (u, ticks) => ticks.map((tick) => shown(plot.unit, tick)) }],
    series: [{ label: "time", value: (u, time) => time == null ? "-" : clock(time, 0) }, ...plot.names.map((name, i) => ({
      label: name || plot.title, stroke: COLOURS[i % COLOURS.length], width: 1.5, points: { show: false },
      value: (u, value) => shown(plot.unit, value),
    }))],
  };
}

function draw(holder, drawn, plot) {
  const data = [plot.times, ...plot.values];
  const key = plot.names.join("\n");
  let known = drawn.get(plot.title);
  if (!known || known.key !== key) {
    if (known) { known.chart.destroy(); known.box.remove(); }
    const box = document.createElement("section");
    box.className = "plot";
    box.append(Object.assign(document.createElement("h2"), { textContent: plot.title }));
    holder.append(box); // a chart needs the width of its box
    known = { key, box, chart: new uPlot(options(plot, box.clientWidth - 14), data, box) };
    drawn.set(plot.title, known);
  } else {
    known.chart.setData(data);
  }
  holder.append(known.box); // in the order of the answer, whichever came first
  // Without a pointer on it the legend tells the newest values.
  if (known.chart.cursor.idx == null) known.chart.setLegend({ idx: plot.times.length - 1 });
  known.box.dataset.points = plot.times.length;
  known.box.dataset.last = plot.times[plot.times.length - 1];
}

async function refresh(holder, drawn, minutes) {
  const state = document.getElementById("plots-state");
  try {
    const node = encodeURIComponent(holder.dataset.node);
    const answer = await fetch(`/api/plots/${node}?minutes=${minutes}`);
    if (!answer.ok) throw new Error(await answer.text());
    const plots = await answer.json();
    for (const plot of plots) draw(holder, drawn, plot);
    state.hidden = plots.length > 0;
  } catch (error) {
    state.hidden = false;
    state.textContent = `No new points: ${error.message}`;
  }
}

function start() {
  const holder = document.getElementById("plots");
  if (!holder) return;
  const drawn = new Map();
  const buttons = [...document.querySelectorAll("#spans button")];
  let minutes = 10;
  const choose = (button) => {
    minutes = Number(button.dataset.minutes);
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    refresh(holder, drawn, minutes);
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button));
  choose(buttons[0]);
  setInterval(() => refresh(holder, drawn, minutes), 1000 * Number(holder.dataset.interval));
  addEventListener("resize", () => {
    for (const { box, chart } of drawn.values()) chart.setSize({ width: box.clientWidth - 14, height: 210 });
  });
}

start();
