// What Slurm says of the targets: a column of the table, and what stands above it.
"use strict";

// These are named in the cell, as the states of the target and of Slurm contradict each other.
const CONTRADICTIONS = new Set(["agent_dead", "lost_by_slurm"]);

function conditionName(condition) {
  return document.querySelector(`#conditions a[data-condition="${condition}"] span`).textContent;
}

// Whether a row counts to a condition: where lagent alone is dead, the target died too.
function hasCondition(row, condition) {
  return row.condition === condition || (condition === "died" && row.condition === "agent_dead");
}

function slurmDetails(row) {
  return [
    CONTRADICTIONS.has(row.condition) ? conditionName(row.condition) : null,
    row.slurm_since_s == null ? null : `${age(nowS - row.slurm_since_s)} ago`,
    row.slurm_reason,
    row.slurm_user,
  ].filter(Boolean).join(" \u00b7 ");
}

function fillSlurm(cell, row) {
  if (!cell.firstElementChild) cell.append(document.createElement("span"), document.createElement("small"));
  setText(cell.firstElementChild, (row.slurm_state || "").replaceAll("_", " "));
  setText(cell.lastElementChild, row.slurm_state ? slurmDetails(row) : "");
  cell.title = date(row.slurm_since_s);
}

function updateSlurm(slurm) {
  document.getElementById("slurm").hidden = slurm === null;
  form.elements.slurm.parentElement.hidden = slurm === null;
  table.classList.toggle("no-slurm", slurm === null);
  if (slurm === null) return;
  for (const link of document.querySelectorAll("#conditions a")) {
    const number = slurm.conditions[link.dataset.condition];
    setText(link.querySelector("b"), count(number));
    link.hidden = !number && view.condition !== link.dataset.condition;
  }
  const slurmctld = document.getElementById("slurmctld");
  slurmctld.hidden = slurm.is_up !== false;
  setText(slurmctld.firstElementChild, slurm.time_s == null ? "" : `, ${age(nowS - slurm.time_s)} ago`);
  const mismatches = document.getElementById("mismatches");
  mismatches.hidden = !slurm.mismatches.length;
  const list = mismatches.querySelector("ul");
  if ([...list.children].map((item) => item.textContent).join("\n") !== slurm.mismatches.join("\n")) {
    list.replaceChildren(...slurm.mismatches.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
  }
  // A state that no target has any more stays in the list while it is chosen.
  const states = new Set(Object.keys(slurm.states));
  if (view.slurm) states.add(view.slurm);
  updateOptions(form.elements.slurm, [...states].sort(), view.slurm);
}
