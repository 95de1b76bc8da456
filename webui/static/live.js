// Keeps the board up to date: server-sent events, polling where they cannot be had, honest words where neither works.
// ECMAScript 2017, for the oldest browsers in use.
(() => {
  "use strict";
  const LOST_AFTER = 25000, POLL_EVERY = 5000, STREAM_AGAIN = 30000, RECORD_EVERY = 300000, RECORD_SOON = 4000;
  const find = (id, tree = document) => tree.getElementById(id);
  const language = document.documentElement.lang;
  const banner = find("lost"), when = banner.querySelector("span"), record = find("record");
  const told = {};
  let last = Date.now(), polling = 0, soon = 0;

  function lost(is) {
    if (is === !banner.hidden) return;
    const time = new Date(last).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Tokyo" });
    when.textContent = is ? when.dataset.text.replace("{time}", time) : "";
    if (is) document.title = banner.querySelector("strong").textContent;
    banner.hidden = !is;
    document.body.classList.toggle("lost", is);
  }

  function replace(old, fresh) {
    old.className = fresh.className;
    if (told[old.id] === fresh.innerHTML) return; // a screen reader would read it again
    told[old.id] = fresh.innerHTML;
    for (const open of old.querySelectorAll("details[open]")) {
      const same = find(open.id, fresh.ownerDocument);
      if (same) same.setAttribute("open", "");
    }
    const focused = old.contains(document.activeElement) && document.activeElement;
    const fold = focused && focused.closest("details");
    const chosen = [...old.querySelectorAll("select[id]")].filter((one) => !one.selectedOptions[0].defaultSelected);
    old.innerHTML = fresh.innerHTML;
    for (const one of chosen) if (find(one.id)) find(one.id).value = one.value; // whom somebody is about to let in
    const again = focused && ((focused.id && find(focused.id)) || (fold && find(fold.id) && find(fold.id).querySelector("summary")));
    if (again) again.focus();
    for (const clock of old.querySelectorAll("[data-left]")) clock.ends = last + 1000 * clock.dataset.left;
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const before = find("headline").className;
    last = Date.now();
    for (const id of ["headline", "terminals", "maintenance", "lights", "foot"]) replace(find(id), find(id, fresh));
    document.title = find("headline", fresh).dataset.title;
    lost(false);
    if (before === find("headline").className) return;
    clearTimeout(soon);
    soon = setTimeout(remember, RECORD_SOON);
  }

  async function get(path) {
    const stop = window.AbortController && new AbortController();
    const timer = stop && setTimeout(() => stop.abort(), 10000);
    try {
      const answer = await fetch(path + "?lang=" + language, stop ? { cache: "no-store", signal: stop.signal } : { cache: "no-store" });
      return { ok: answer.ok, html: await answer.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  async function poll() {
    try {
      show((await get("/lights")).html);
    } catch (error) {
      lost(true);
    }
  }

  async function remember() {
    try {
      const answer = await get(record.dataset.path);
      if (answer.ok) replace(record, Object.assign(new DOMParser().parseFromString(answer.html, "text/html").body, { className: "" }));
    } catch (error) {
      // The board above says when the router cannot be reached.
    }
  }

  function stream() {
    clearInterval(polling);
    const events = new EventSource("/events?lang=" + language);
    events.onmessage = (event) => show(event.data);
    events.onerror = () => {
      poll();
      if (events.readyState !== EventSource.CLOSED) return; // the browser itself comes back to it
      clearInterval(polling);
      polling = setInterval(poll, POLL_EVERY);
      setTimeout(stream, STREAM_AGAIN);
    };
  }

  function tick() {
    if (Date.now() - last > LOST_AFTER) lost(true);
    for (const clock of document.querySelectorAll("[data-left]")) {
      if (!clock.ends) clock.ends = Date.now() + 1000 * clock.dataset.left;
      const left = Math.max(0, Math.round((clock.ends - Date.now()) / 1000));
      clock.textContent = clock.dataset.text.replace("{left}", Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0"));
    }
  }

  setInterval(tick, 1000);
  setInterval(remember, RECORD_EVERY);
  stream();
})();
