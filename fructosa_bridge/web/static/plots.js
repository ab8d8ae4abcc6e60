// Draws the plots of a node, and fetches new points once per scrape interval.
"use strict";

const COLOURS = ["#1f6fb2", "#d2691e", "#2e8b57", "#8a4fbf", "#b3261e", "#00838f", "#a0790b", "#5d6d7e"];
const SCALE = { bytes: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], "bytes/s": ["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"] };

function withUnit(unit, value) {
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
    axes: [{ ...axis, values: times, space: 90 }, { ...axis, size: 78, values: (u, ticks) => ticks.map((tick) => withUnit(plot.unit, tick)) }],
    series: [{ label: "time", value: (u, time) => time == null ? "-" : clock(time, 0) }, ...plot.names.map((name, i) => ({
      label: name || plot.title, stroke: COLOURS[i % COLOURS.length], width: 1.5, points: { show: false },
      value: (u, value) => withUnit(plot.unit, value),
    }))],
  };
}

function draw(container, charts, plot) {
  const data = [plot.times, ...plot.values];
  const key = plot.names.join("\n");
  let chart = charts.get(plot.title);
  if (!chart || chart.key !== key) {
    if (chart) { chart.plot.destroy(); chart.box.remove(); }
    const box = document.createElement("section");
    box.className = "plot";
    box.append(Object.assign(document.createElement("h2"), { textContent: plot.title }));
    container.append(box); // uPlot needs the width of its box
    chart = { key, box, plot: new uPlot(options(plot, box.clientWidth - 14), data, box) };
    charts.set(plot.title, chart);
  } else {
    chart.plot.setData(data);
  }
  container.append(chart.box); // in the order of the response
  // While the pointer is elsewhere, the legend shows the newest values.
  if (chart.plot.cursor.idx == null) chart.plot.setLegend({ idx: plot.times.length - 1 });
  chart.box.dataset.points = plot.times.length;
  chart.box.dataset.last = plot.times[plot.times.length - 1];
}

async function refresh(container, charts, minutes) {
  const state = document.getElementById("plots-state");
  try {
    const node = encodeURIComponent(container.dataset.node);
    const response = await fetch(`/api/plots/${node}?minutes=${minutes}`);
    if (!response.ok) throw new Error(await response.text());
    const plots = await response.json();
    for (const plot of plots) draw(container, charts, plot);
    state.hidden = plots.length > 0;
  } catch (error) {
    state.hidden = false;
    state.textContent = `Cannot fetch new data: ${error.message}`;
  }
}

function start() {
  const container = document.getElementById("plots");
  if (!container) return;
  const charts = new Map();
  const buttons = [...document.querySelectorAll("#time-ranges button")];
  let minutes = 10;
  const choose = (button) => {
    minutes = Number(button.dataset.minutes);
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    refresh(container, charts, minutes);
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button));
  choose(buttons[0]);
  setInterval(() => refresh(container, charts, minutes), 1000 * Number(container.dataset.interval));
  addEventListener("resize", () => {
    for (const { box, plot } of charts.values()) plot.setSize({ width: box.clientWidth - 14, height: 210 });
  });
}

start();
