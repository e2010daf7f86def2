"use strict";
const list = document.getElementById("list");
if (list) {
  const body = list.tBodies[0];
  const search = document.getElementById("search");
  const none = document.getElementById("none");
  const boxes = [...document.querySelectorAll("input[data-severity]")];
  const filter = () => {
    const text = search.value.toLowerCase();
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.severity));
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = !wanted.has(row.dataset.severity) || !row.textContent.toLowerCase().includes(text);
      shown += row.hidden ? 0 : 1;
    }
    none.hidden = shown > 0;
  };
  search.addEventListener("input", filter);
  for (const box of boxes) box.addEventListener("change", filter);
  for (const button of list.querySelectorAll("button[data-sort]")) {
    let down = true;
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      const order = [...body.rows].sort((a, b) =>
        key === "rank" ? b.dataset.rank - a.dataset.rank : a.dataset[key].localeCompare(b.dataset[key]));
      if (!down) order.reverse();
      down = !down;
      body.append(...order);
    });
  }
  filter();
}
