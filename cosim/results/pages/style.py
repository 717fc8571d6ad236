"""Looks of a page, and the few lines of script that draw its figures: system fonts, no network."""

# the browser itself refuses whatever the page would fetch
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
)

CSS = """
:root { color-scheme: light; --ink: #1f2937; --soft: #6b7280; --line: #e5e7eb; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f4f6; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 40px; }
header h1 { margin: 0; font-size: 30px; letter-spacing: -0.01em; }
header p { margin: 2px 0 20px; color: var(--soft); }
section, details { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 18px 22px;
  margin: 0 0 20px; }
section details { border: 0; padding: 0; margin: 8px 0 0; }
section.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px;
  background: none; border: 0; padding: 0; }
.card { background: #fff; border: 1px solid var(--line); border-left: 4px solid var(--accent);
  border-radius: 10px; padding: 12px 16px; display: flex; flex-direction: column; }
.card span { color: var(--soft); font-size: 13px; }
.card b { font-size: 24px; font-weight: 650; font-variant-numeric: tabular-nums; }
.card i { font-style: normal; font-size: 14px; font-weight: 500; color: var(--soft); }
h2 { margin: 0 0 6px; font-size: 21px; }
h3 { margin: 14px 0 6px; font-size: 15px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr));
  gap: 8px 36px; align-items: start; margin-bottom: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
th, td { padding: 4px 8px 4px 0; }
tbody tr { border-bottom: 1px solid var(--line); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bill td:first-child, .months td:first-child { white-space: nowrap; }
.bill tr:last-child { font-weight: 650; }
.figures .n:last-child { text-align: left; color: var(--soft); width: 5.5em; padding-left: 4px; }
.note, footer { color: var(--soft); font-size: 13px; }
figure { margin: 6px 0 10px; }
summary { cursor: pointer; font-weight: 600; }
details.site > summary { font-size: 21px; }
details table { margin-top: 10px; }
pre { overflow-x: auto; font-size: 12.5px; white-space: pre-wrap; }
@media (max-width: 720px) {
  main { padding: 16px 8px 24px; }
  section, details { padding: 12px 10px; }
  table { display: block; overflow-x: auto; }
}
@media print {
  body { background: #fff; font-size: 12px; }
  main { max-width: none; padding: 0; }
  section, details, .card { border-color: #fff; padding: 0; }
  figure, tr, .card { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""

# figures are drawn in turn, those of a closed <details> when it opens; paper shows them all; where a narrow
# window makes a legend of many rows, the figure grows until it stands clear of the title
DRAW = """
(function () {
  var config = {displaylogo: false, responsive: true, showSendToCloud: false, plotlyServerURL: ""};
  config.displayModeBar = window.innerWidth > 720;
  function draw(box) {
    var told = box.querySelector("script[type='application/json']");
    if (!told) return;
    var figure = JSON.parse(told.textContent);
    told.remove();
    if (!config.displayModeBar) figure.layout.title.font = {size: 12.5};
    Plotly.newPlot(box, figure.data, figure.layout, config).then(part);
  }
  function part(box) {
    var title = box.querySelector(".g-gtitle"), legend = box.querySelector(".legend"), size = box._fullLayout;
    if (!title || !legend) return;
    var head = title.getBoundingClientRect(), list = legend.getBoundingClientRect();
    var under = Math.ceil(head.bottom - list.top) + 6;
    if (under > 6 && list.bottom > head.top)
      Plotly.relayout(box, {"margin.t": size._size.t + under, height: size.height + under});
  }
  function hidden(box) { return box.closest("details:not([open])") !== null; }
  function waiting(inside) {
    return Array.from(inside.querySelectorAll("figure")).filter(
      function (box) { return box.querySelector("script") && !hidden(box); });
  }
  function next() {
    var boxes = waiting(document);
    if (boxes.length) { draw(boxes[0]); setTimeout(next, 0); }
    else document.documentElement.dataset.drawn = "all";
  }
  document.addEventListener("toggle", function (event) { waiting(event.target).forEach(draw); }, true);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
    waiting(document).forEach(draw);
  });
  next();
})();
"""
