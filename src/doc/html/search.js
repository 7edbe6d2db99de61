"use strict";
// A search without a network: every word must occur, what begins with it in a title comes first.
(() => {
  const box = document.getElementById("search");
  const list = document.getElementById("found");
  if (!box || !list) return;
  box.disabled = false;
  let at = -1;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const entries = INDEX.map((e) => ({ ...e, title: plain(e.t), text: plain(e.x) }));

  const score = (entry, words) => {
    let sum = 0;
    for (const word of words) {
      if (entry.title.startsWith(word)) sum += 8;
      else if (entry.title.includes(" " + word)) sum += 6;
      else if (entry.title.includes(word)) sum += 4;
      else if (entry.text.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  };

  const choose = (next) => {
    const items = list.children;
    if (!items.length) return;
    at = (next + items.length) % items.length;
    for (let i = 0; i < items.length; i++) items[i].classList.toggle("chosen", i === at);
    items[at].scrollIntoView({ block: "nearest" });
  };

  const excerpt = (text, word) => {
    const flat = text.replace(/\s+/g, " ").replace(/^- /, "");
    const place = Math.max(0, plain(flat).indexOf(word) - 40);
    return (place > 0 ? "…" : "") + flat.slice(place, place + 110) + (flat.length > place + 110 ? "…" : "");
  };

  const show = () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    list.replaceChildren();
    at = -1;
    if (words.length) {
      const hits = entries
        .map((entry, order) => ({ entry, order, score: score(entry, words) }))
        .filter((hit) => hit.score > 0)
        .sort((a, b) => b.score - a.score || a.order - b.order)
        .slice(0, 20);
      for (const { entry } of hits) {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = entry.h;
        const title = document.createElement("b");
        title.textContent = entry.t;
        const kind = document.createElement("span");
        kind.textContent = entry.k;
        link.append(title, kind);
        if (entry.x) {
          const text = document.createElement("small");
          text.textContent = excerpt(entry.x, words[0]);
          link.append(text);
        }
        link.addEventListener("click", close);
        item.append(link);
        list.append(item);
      }
      if (!hits.length) {
        const none = document.createElement("li");
        none.className = "nothing";
        none.textContent = "Nothing found";
        list.append(none);
      }
    }
    list.hidden = !words.length;
  };

  const close = () => {
    list.hidden = true;
    at = -1;
  };

  box.addEventListener("input", show);
  box.addEventListener("focus", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter") {
      const link = list.querySelector("li.chosen a") || list.querySelector("a");
      if (link) link.click();
    } else if (event.key === "Escape") {
      box.value = "";
      close();
      box.blur();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) close();
  });
})();
