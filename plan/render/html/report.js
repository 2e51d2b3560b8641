"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const query = $("query");
  if (!query) return; // there are no changes

  const form = $("filters"), count = $("count"), nothing = $("nothing");
  const actions = [...form.querySelectorAll("input[type=checkbox]")];
  const namespaces = [...document.querySelectorAll("details.namespace")];
  const batches = Array.from(document.getElementsByClassName("batch"), (element) => ({
    element,
    namespace: element.parentElement,
    changes: Array.from(element.children, (change) => ({element: change, action: change.dataset.action, text: null})),
  }));
  const changes = batches.flatMap((b) => b.changes);
  const total = changes.length;

  // A filter looks at all that is code: names, fields and values. Reading that
  // takes a while: it is done once, bit by bit when the page is there, or when
  // somebody filters before that.
  const textOf = (change) => change.text ??=
    Array.from(change.element.getElementsByTagName("code"), (e) => e.textContent).join("\n").toLowerCase();

  const readFrom = (i) => {
    for (const end = performance.now() + 10; i < changes.length && performance.now() < end; i++) textOf(changes[i]);
    if (i < changes.length) setTimeout(readFrom, 10, i);
  };

  const filter = () => {
    clearTimeout(waiting);
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(actions.filter((a) => a.checked).map((a) => a.value));
    const matching = new Set();
    let shown = 0;
    for (const batch of batches) {
      const before = shown;
      for (const change of batch.changes) {
        const match = on.has(change.action) && words.every((w) => textOf(change).includes(w));
        if (change.element.hidden === match) change.element.hidden = !match;
        if (match) shown++;
      }
      batch.element.hidden = shown === before;
      if (shown > before) matching.add(batch.namespace);
    }
    for (const namespace of namespaces) namespace.hidden = !matching.has(namespace);
    nothing.hidden = shown > 0;
    const noun = total === 1 ? " change" : " changes";
    count.textContent = shown === total ? total + noun : shown + " of " + total + noun;
  };
  const refilter = () => {
    filter();
    remember();
  };

  let waiting = 0;
  const filterSoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(refilter, 60);
  };

  const clear = () => {
    query.value = "";
    for (const a of actions) a.checked = true;
    refilter();
  };

  // The filter is in the page's address after "#?", so that it can be sent on;
  // any other fragment is an object's.
  const remember = () => {
    const state = new URLSearchParams();
    if (query.value) state.set("q", query.value);
    const off = actions.filter((a) => !a.checked).map((a) => a.value).join(" ");
    if (off) state.set("hide", off);
    const bare = location.href.split("#")[0];
    if (state.size > 0) history.replaceState(null, "", bare + "#?" + state);
    else if (location.hash.startsWith("#?")) history.replaceState(null, "", bare);
  };

  const follow = () => {
    if (location.hash.startsWith("#?")) {
      const state = new URLSearchParams(location.hash.slice(2));
      const off = (state.get("hide") ?? "").split(" ");
      query.value = state.get("q") ?? "";
      for (const a of actions) a.checked = !off.includes(a.value);
      filter();
      return;
    }
    const target = $(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) clear();
    const namespace = target.closest("details.namespace");
    if (namespace) namespace.open = true;
    target.scrollIntoView();
  };

  const openAll = (open) => {
    for (const namespace of namespaces) namespace.open = open;
  };

  query.addEventListener("input", filterSoon);
  form.addEventListener("change", refilter);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", () => { clear(); query.focus(); });
  $("fold").addEventListener("click", () => openAll(false));
  $("unfold").addEventListener("click", () => openAll(true));
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input:not([type=checkbox])")) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape") {
      clear();
    }
  });

  // Paper doesn't unfold.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const d of folded) d.open = true;
  });
  addEventListener("afterprint", () => {
    for (const d of folded) d.open = false;
  });

  form.hidden = false;
  filter();
  follow();
  setTimeout(readFrom, 100, 0);
})();
