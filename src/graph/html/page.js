"use strict";
(function () {
  var data = JSON.parse(document.getElementById("data").textContent);
  var view = document.getElementById("view"), sheet = document.getElementById("sheet");
  var svg = sheet.querySelector("svg"), told = document.getElementById("told");
  var search = document.getElementById("search"), found = document.getElementById("found");
  var items = Array.prototype.slice.call(svg.querySelectorAll("[data-n]"));
  var wide = svg.viewBox.baseVal.width, high = svg.viewBox.baseVal.height;
  var x = 0, y = 0, size = 1, kept = null, hits = [], at = -1;
  var hint = told.innerHTML;
  // A fixed size: the sheet is scaled as a whole.
  svg.style.height = high + "px";
  svg.style.width = wide + "px";

  function place() { sheet.style.transform = "translate(" + x + "px," + y + "px) scale(" + size + ")"; }
  function hold() {
    // Some of the drawing always stays in sight.
    var w = view.clientWidth, h = view.clientHeight, keep = 60;
    x = Math.min(w - keep, Math.max(keep - wide * size, x));
    y = Math.min(h - keep, Math.max(keep - high * size, y));
    place();
  }
  function zoom(by, cx, cy) {
    var next = Math.min(4, Math.max(0.08, size * by));
    if (cx === undefined) { cx = view.clientWidth / 2; cy = view.clientHeight / 2; }
    x = cx - (cx - x) * next / size;
    y = cy - (cy - y) * next / size;
    size = next;
    hold();
  }
  function fit(all) {
    var w = view.clientWidth - 24, h = view.clientHeight - 24;
    size = Math.min(1.25, w / wide);
    if (all) { size = Math.min(size, h / high); }
    size = Math.max(0.08, size);
    x = (view.clientWidth - wide * size) / 2;
    y = all ? (view.clientHeight - high * size) / 2 : 12;
    place();
  }
  function show(element) {
    // Into sight, where it is not.
    var box = element.getBoundingClientRect(), own = view.getBoundingClientRect(), edge = 30;
    if (box.left < own.left + edge || box.right > own.right - edge) {
      x += own.left + own.width / 2 - (box.left + box.width / 2);
    }
    if (box.top < own.top + edge || box.bottom > own.bottom - edge) {
      y += own.top + own.height / 2 - (box.top + box.height / 2);
    }
    hold();
  }

  function add(parent, tag, text, name) {
    var element = document.createElement(tag);
    element.textContent = text;
    if (name) { element.className = name; }
    parent.appendChild(element);
    return element;
  }
  function tell(element) {
    var info = data[Number(element.getAttribute("data-n"))];
    if (!info) { return; }
    told.textContent = "";
    add(told, "p", info.kind, "kind");
    add(told, "h2", info.title);
    info.warnings.forEach(function (warning) {
      var p = add(told, "p", "", "warning");
      add(p, "strong", warning[0]);
      p.appendChild(document.createTextNode(" " + warning[1]));
    });
    var list = add(told, "dl", "");
    info.facts.forEach(function (fact) { add(list, "dt", fact[0]); add(list, "dd", fact[1]); });
    add(told, "p", info.place, "place");
  }
  function untell() {
    if (kept) { tell(kept); } else { told.innerHTML = hint; }
  }
  function keep(element) {
    if (kept) { kept.classList.remove("kept"); }
    kept = element;
    if (kept) { kept.classList.add("kept"); tell(kept); } else { untell(); }
  }
  function light(element) {
    // The arrows of a stage, or the one that this stands on.
    svg.querySelectorAll(".lit").forEach(function (lit) { lit.classList.remove("lit"); });
    var stage = element && element.closest("[data-stage]"), arrow = element && element.closest("[data-arrow]");
    if (arrow) { arrow.classList.add("lit"); }
    if (stage) {
      var own = stage.getAttribute("data-stage");
      stage.closest("[data-pipeline]").querySelectorAll("[data-arrow]").forEach(function (other) {
        if (other.getAttribute("data-ends").split(" ").indexOf(own) >= 0) { other.classList.add("lit"); }
      });
    }
    svg.classList.toggle("lighting", Boolean(stage) && svg.querySelector(".lit") !== null);
  }
  function itemOf(target) { return target instanceof Element ? target.closest("[data-n]") : null; }

  var texts = data.map(function (info) {
    var facts = info.facts.map(function (fact) { return fact.join(" "); });
    var warnings = info.warnings.map(function (warning) { return "warning " + warning.join(" "); });
    return [info.kind, info.title, info.place].concat(facts, warnings).join(" ").toLowerCase();
  });
  function seek() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    at = -1;
    hits = words.length === 0 ? [] : items.filter(function (item) {
      var text = texts[Number(item.getAttribute("data-n"))] || "";
      return words.every(function (word) { return text.indexOf(word) >= 0; });
    });
    items.forEach(function (item) { item.classList.toggle("hit", hits.indexOf(item) >= 0); });
    svg.classList.toggle("searching", words.length > 0);
    found.textContent = words.length === 0 ? "" : hits.length === 0 ? "nothing found" : hits.length + " found";
  }
  function step(list, by) {
    if (list.length === 0) { return; }
    at = (at + by + list.length) % list.length;
    keep(list[at]);
    show(list[at]);
    if (list === hits) { found.textContent = (at + 1) + " of " + list.length; }
  }

  svg.addEventListener("pointerover", function (event) {
    var item = itemOf(event.target);
    light(item);
    if (item) { tell(item); } else { untell(); }
  });
  svg.addEventListener("pointerleave", function () { light(null); untell(); });
  svg.addEventListener("focusin", function (event) {
    var item = itemOf(event.target);
    if (item) { tell(item); light(item); if (!moving) { show(item); } }
  });
  svg.addEventListener("focusout", function () { light(null); });

  // Two fingers change the size, one moves the drawing.
  var moving = null, fingers = {}, apart = 0;
  function touching() { return Object.keys(fingers).map(function (id) { return fingers[id]; }); }
  function lift(event) {
    delete fingers[event.pointerId];
    apart = 0;
  }
  view.addEventListener("pointerdown", function (event) {
    if (event.button !== 0) { return; }
    fingers[event.pointerId] = { x: event.clientX, y: event.clientY };
    if (touching().length > 1) { moving = null; apart = 0; return; }
    moving = { x: event.clientX - x, y: event.clientY - y, far: 0, fromX: event.clientX, fromY: event.clientY, item: itemOf(event.target) };
  });
  window.addEventListener("pointermove", function (event) {
    if (fingers[event.pointerId]) { fingers[event.pointerId] = { x: event.clientX, y: event.clientY }; }
    var two = touching();
    if (two.length === 2) {
      var far = Math.hypot(two[0].x - two[1].x, two[0].y - two[1].y), own = view.getBoundingClientRect();
      if (apart > 0) { zoom(far / apart, (two[0].x + two[1].x) / 2 - own.left, (two[0].y + two[1].y) / 2 - own.top); }
      apart = far;
      return;
    }
    if (!moving) { return; }
    moving.far = Math.max(moving.far, Math.abs(event.clientX - moving.fromX) + Math.abs(event.clientY - moving.fromY));
    if (moving.far > 4) {
      view.classList.add("moving");
      x = event.clientX - moving.x;
      y = event.clientY - moving.y;
      hold();
    }
  });
  window.addEventListener("pointerup", function (event) {
    lift(event);
    if (moving && moving.far <= 4) { keep(moving.item); }
    moving = null;
    view.classList.remove("moving");
  });
  window.addEventListener("pointercancel", function (event) { lift(event); moving = null; view.classList.remove("moving"); });
  view.addEventListener("wheel", function (event) {
    event.preventDefault();
    var unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? view.clientHeight : 1;
    if (event.ctrlKey || event.metaKey) {
      var own = view.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * unit * 0.0022), event.clientX - own.left, event.clientY - own.top);
    } else {
      x -= (event.shiftKey ? event.deltaY : event.deltaX) * unit;
      y -= (event.shiftKey ? 0 : event.deltaY) * unit;
      hold();
    }
  }, { passive: false });
  // What the browser scrolls by itself when something is focused is put right again.
  view.addEventListener("scroll", function () { view.scrollTop = 0; view.scrollLeft = 0; });

  search.addEventListener("input", seek);
  search.addEventListener("keydown", function (event) {
    if (event.key === "Enter") { event.preventDefault(); step(hits, event.shiftKey ? -1 : 1); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "Escape") {
      search.value = "";
      seek();
      keep(null);
      view.focus();
      return;
    }
    if (event.target === search) { return; }
    var far = 80, moves = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
    if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "+" || event.key === "=") { zoom(1.2); }
    else if (event.key === "-") { zoom(1 / 1.2); }
    else if (event.key === "0") { fit(true); }
    else if (event.key === "1") { fit(false); }
    else if (event.key === "n") { step(hits, 1); }
    else if (moves[event.key]) { event.preventDefault(); x += moves[event.key][0]; y += moves[event.key][1]; hold(); }
    else if (event.key === "PageDown" || event.key === "PageUp") {
      event.preventDefault();
      y += (event.key === "PageUp" ? 1 : -1) * view.clientHeight * 0.85;
      hold();
    } else if ((event.key === "Enter" || event.key === " ") && itemOf(event.target)) {
      event.preventDefault();
      keep(itemOf(event.target));
    }
  });
  document.getElementById("in").addEventListener("click", function () { zoom(1.2); });
  document.getElementById("out").addEventListener("click", function () { zoom(1 / 1.2); });
  document.getElementById("fit").addEventListener("click", function () { fit(true); });
  document.getElementById("width").addEventListener("click", function () { fit(false); });
  var warnings = document.getElementById("warnings");
  if (warnings) {
    warnings.addEventListener("click", function () {
      step(items.filter(function (item) { return data[Number(item.getAttribute("data-n"))].warnings.length > 0; }), 1);
    });
  }
  window.addEventListener("resize", hold);
  // A page can be opened at a place: #search=invoice
  var asked = /^#search=(.*)$/.exec(location.hash);
  fit(false);
  // Where that would be too small to read, the drawing begins with its first stage instead.
  if (size < 0.6) {
    var first = svg.querySelector("[data-stage]");
    zoom(0.75 / size, 0, 0);
    y = 12;
    if (first) {
      var own = view.getBoundingClientRect(), box = first.getBoundingClientRect();
      x += own.left + own.width / 2 - (box.left + box.width / 2);
    }
    hold();
  }
  if (asked) {
    try { search.value = decodeURIComponent(asked[1]); } catch (e) { search.value = asked[1]; }
    seek();
    step(hits, 1);
  }
})();
