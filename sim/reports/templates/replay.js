"use strict";
(() => {
  const stage = document.getElementById("replay");
  const film = JSON.parse(document.getElementById("replay-data").textContent);
  const button = stage.querySelector("button"), slider = stage.querySelector("input"), told = stage.querySelector("output");
  const boxes = [...stage.querySelectorAll(".stage")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const last = film.months.length - 1;
  const font = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
  let at = last, timer = 0;

  const level = (text, first) => (at < first ? undefined : text[at - first]);
  const there = (mark) => mark !== undefined && mark !== " ";

  function draw(box, run) {
    const canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
    const wide = canvas.clientWidth || 300, dense = window.devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(wide * dense);
    const unit = canvas.width / 1000, dot = Math.max(0.45, Math.min(1, wide / 520)) * dense;
    const place = (firm) => [firm[0] * unit, (1000 - firm[1]) * unit];
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const ties = run.ties.filter((tie) => there(level(tie[3], tie[2])));
    pen.globalAlpha = 0.2 + 0.6 / (1 + ties.length / 150);
    pen.lineWidth = dot * (0.6 + 1.6 / (1 + ties.length / 150));
    for (const tie of ties) {
      pen.strokeStyle = film.colours[+level(tie[3], tie[2])];
      pen.beginPath();
      pen.moveTo(...place(run.firms[tie[0]]));
      pen.lineTo(...place(run.firms[tie[1]]));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const firm of run.firms) {
      const trust = level(firm[5], firm[4]), [x, y] = place(firm);
      if (at < firm[4]) continue;
      const here = there(trust), size = here ? parseInt(level(firm[6], firm[4]), 36) : 3;
      pen.beginPath();
      pen.arc(x, y, dot * size, 0, 7);
      pen.fillStyle = here && trust !== "." ? film.colours[+trust] : "#fff";
      pen.strokeStyle = here && trust !== "." ? "#fff" : "#aaa";
      pen.lineWidth = dot;
      pen.fill();
      pen.stroke();
      if (!here || !firm[2]) continue;
      pen.beginPath();
      pen.arc(x, y, dot * (size + 3.5), 0, 7);
      pen.strokeStyle = "#d55e00";
      pen.lineWidth = 2.4 * dot;
      pen.stroke();
    }
    pen.textAlign = "center";
    pen.lineJoin = "round";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 3 * dense;
    for (const firm of run.firms) {
      if (!firm[3] || !there(level(firm[5], firm[4]))) continue;
      const [x, y] = place(firm), size = parseInt(level(firm[6], firm[4]), 36);
      const high = Math.max(9, Math.min(13, wide / 38)) * dense, low = y + dot * size + high + 3 * dot;
      pen.font = (firm[2] ? "bold " : "") + high + "px " + font;
      pen.fillStyle = firm[2] ? "#a33f00" : "#222";
      const half = pen.measureText(firm[3]).width / 2 + 3 * dense;
      const middle = Math.max(half, Math.min(canvas.width - half, x));
      pen.strokeText(firm[3], middle, low);
      pen.fillText(firm[3], middle, low);
    }
    const [firms, partnerships] = run.counts[Math.min(at, run.counts.length - 1)];
    box.querySelector(".count").textContent = firms + " firms, " + partnerships + " partnerships";
  }

  function show(frame) {
    at = frame;
    slider.value = at;
    told.textContent = slider.ariaValueText = "month " + film.months[at];
    boxes.forEach((box, k) => draw(box, film.stages[k]));
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  }

  function play() {
    if (at === last) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => (at < last ? show(at + 1) : pause()), calm.matches ? 1200 : 200);
  }

  button.addEventListener("click", () => (timer ? pause() : play()));
  slider.addEventListener("input", () => { pause(); show(+slider.value); });
  window.addEventListener("resize", () => show(at));
  stage.hidden = false;
  slider.max = last;
  show(0);
})();
