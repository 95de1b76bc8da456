// Keeps the board up to date: server-sent events, polling where they cannot be had, honest words where neither works.
(() => {
  "use strict";
  const LOST_AFTER = 25000, POLL_EVERY = 5000, STREAM_AGAIN = 30000;
  const find = (id, tree = document) => tree.getElementById(id);
  const language = document.documentElement.lang;
  const banner = find("lost"), when = banner.querySelector("span");
  let last = Date.now(), polling = 0;

  function lost(is) {
    if (is === !banner.hidden) return;
    const time = new Date(last).toLocaleTimeString(language, { timeStyle: "short", hourCycle: "h23", timeZone: "Asia/Tokyo" });
    when.textContent = is ? when.dataset.text.replace("{time}", time) : "";
    if (is) document.title = banner.querySelector("strong").textContent;
    banner.hidden = !is;
    document.body.classList.toggle("lost", is);
  }

  function replace(old, fresh) {
    for (const open of old.querySelectorAll("details[open]")) find(open.id, fresh.ownerDocument)?.setAttribute("open", "");
    old.className = fresh.className;
    if (old.innerHTML === fresh.innerHTML) return; // a screen reader would read it again
    const focused = old.contains(document.activeElement) && document.activeElement.closest("details");
    old.innerHTML = fresh.innerHTML;
    if (focused) find(focused.id)?.querySelector("summary").focus();
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const id of ["headline", "lights", "foot"]) replace(find(id), find(id, fresh));
    document.title = find("headline", fresh).dataset.title;
    last = Date.now();
    lost(false);
  }

  async function poll() {
    try {
      const answer = await fetch("/lights?lang=" + language, { cache: "no-store", signal: AbortSignal.timeout?.(10000) });
      show(await answer.text());
    } catch {
      lost(true);
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

  setInterval(() => Date.now() - last > LOST_AFTER && lost(true), 1000);
  stream();
})();
